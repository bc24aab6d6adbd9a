//! Opening: what is refused, by whom, and how quickly.

use std::time::{Duration, Instant};

use roundsman_store::{MigrationReport, OpenOptions, Role, StoreError, migrate, open};
use roundsman_testkit::{
    PostgresCluster,
    postgres::{USER, USER_WITH_PASSWORD},
};

async fn refused(url: &str, role: Role) -> StoreError {
    open(url, OpenOptions::for_role(role)).await.err().unwrap()
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away_at_once() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let begun = Instant::now();
    let error = refused(&format!("postgres://u:geheim@127.0.0.1:{port}/d"), Role::Daemon).await;
    assert!(matches!(error, StoreError::Away { .. }) && error.is_passing(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
    assert!(!format!("{error} {error:?}").contains("geheim"));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_slow() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("postgres://u@127.0.0.1:{}/d", listener.local_addr().unwrap().port());
    let options = OpenOptions { time_limit: Duration::from_millis(200), ..OpenOptions::default() };
    let error = open(&url, options).await.err().unwrap();
    assert!(matches!(error, StoreError::Slow { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_or_database_is_denied() {
    let cluster = PostgresCluster::shared();
    let url = cluster.database();
    cluster
        .execute(&url, &format!("CREATE ROLE {USER_WITH_PASSWORD} LOGIN SUPERUSER PASSWORD 'right@horse'"));
    let as_other = url.replace(USER, &format!("{USER_WITH_PASSWORD}:wrong"));
    for url in [as_other.as_str(), &cluster.url("no_such_database")] {
        let error = refused(url, Role::Daemon).await;
        assert!(matches!(error, StoreError::Denied { .. }) && !error.is_passing(), "{error:?}");
    }
    let right = url.replace(USER, &format!("{USER_WITH_PASSWORD}:right%40horse"));
    let store = open(&right, OpenOptions::default()).await.unwrap();
    assert!(!store.place().contains("horse"), "{}", store.place());
}

#[tokio::test(flavor = "multi_thread")]
async fn daemons_that_start_together_migrate_once() {
    let url = PostgresCluster::shared().database();
    let stores = futures::future::join_all((0..6).map(|_| open(&url, OpenOptions::default()))).await;
    let ids: Vec<_> = stores.into_iter().map(|store| store.unwrap().id()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(migrate(&url).await.unwrap(), MigrationReport { from: 4, to: 4 });
}

#[tokio::test]
async fn empty_foreign_and_newer_databases_are_told_apart() {
    let cluster = PostgresCluster::shared();
    let url = cluster.database();
    assert!(matches!(refused(&url, Role::Reader).await, StoreError::Missing { .. }));
    cluster.execute(&url, "CREATE TABLE bookmarks (url text)");
    assert!(matches!(refused(&url, Role::Daemon).await, StoreError::Foreign { .. }));
    cluster.execute(&url, "DROP TABLE bookmarks");
    open(&url, OpenOptions::for_role(Role::OneShot)).await.unwrap().close().await;
    cluster.execute(&url, "UPDATE meta SET value = '6' WHERE key IN ('schema', 'min_reader')");
    let error = refused(&url, Role::Daemon).await;
    assert!(matches!(error, StoreError::TooNew { found: 6, ours: 4, .. }), "{error:?}");
}
