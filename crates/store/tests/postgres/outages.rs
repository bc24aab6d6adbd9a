//! Outages: the server killed under us, restarted, or held up by somebody else.

use roundsman_testkit::Installing as _;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use roundsman_model::{DocumentError, DocumentOp, RunState};
use roundsman_store::{OpenOptions, Store, StoreError, open};
use roundsman_testkit::{
    PostgresCluster,
    conformance::{Stage, at, definition},
};
use sqlx::{Connection as _, PgConnection};

/// Opens as many connections as there may be, so that they all break.
async fn use_all_connections(store: &Arc<dyn Store>) {
    for answer in futures::future::join_all((0..32).map(|_| store.tasks())).await {
        answer.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_that_was_acknowledged() {
    let cluster = PostgresCluster::start();
    let stage = Stage::open(cluster.database(), ()).await;
    let (run, lease) = stage.running("durable").await.unwrap();
    use_all_connections(&stage.store).await;
    stage.succeed(&lease, 70).await.unwrap();

    cluster.kill9();
    for _ in 0..3 {
        let begun = Instant::now();
        let error = stage.store.run(run.id).await.unwrap_err();
        assert!(matches!(error, StoreError::Away { .. }) && error.is_passing(), "{error:?}");
        let error = stage.store.install_tasks(&[], at(80)).await.unwrap_err();
        assert!(matches!(error, StoreError::Away { .. }), "{error:?}");
        let op = DocumentOp::Count { prefix: String::new() };
        let error = stage.store.document(&lease, "s", "c", op, at(80)).await.unwrap_err();
        assert!(matches!(error, DocumentError::Unavailable { .. }), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "took {:?}", begun.elapsed());
    }

    cluster.restart();
    assert_eq!(stage.run(run.id).await.unwrap().state, RunState::Succeeded);
    stage.queue(&definition("durable"), 120).await.unwrap();
}

/// Connections that broke while nobody used them are no reason to fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_calls_is_not_noticed() {
    let cluster = PostgresCluster::start_without_fsync();
    let stage = Stage::open(cluster.database(), ()).await;
    for round in 1..=2 {
        use_all_connections(&stage.store).await;
        cluster.kill9();
        cluster.restart();
        stage.store.install_tasks(&[definition("t")], at(round)).await.unwrap();
        use_all_connections(&stage.store).await;
    }
    let sessions =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'roundsman'";
    cluster.execute(&cluster.url("postgres"), sessions);
    assert_eq!(stage.store.tasks().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_somebody_else_ends_in_time() {
    let url = PostgresCluster::shared().database();
    let options = OpenOptions { time_limit: Duration::from_millis(500), ..OpenOptions::default() };
    let store = open(&url, options).await.unwrap();
    store.install_tasks(&[definition("t")], at(0)).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
    let begun = Instant::now();
    let changed = [definition("u")];
    let (read, written) = tokio::join!(store.tasks(), store.install_tasks(&changed, at(1)));
    for error in [read.unwrap_err(), written.unwrap_err()] {
        assert!(matches!(error, StoreError::Slow { .. }) && error.is_passing(), "{error:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(store.tasks().await.unwrap()[0].definition, definition("t"));
}
