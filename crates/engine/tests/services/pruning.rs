//! What need not be kept goes little by little, not while the node drains, and not because a clock runs ahead.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Pruner, Service as _};
use roundsman_model::{AttemptEnd, Origin, Outcome, RunState, TaskDefinition, Timestamp, Transition};
use roundsman_store::{Claimer, NewRun, Requested, Round, RunLease, Settlement, Store};

use crate::fakes::{Scene, holder, runs, task};

/// A run that a person asked for at an instant, over at once.
async fn run_at(store: &Arc<dyn Store>, task: &TaskDefinition, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    let run = NewRun {
        definition: task.clone(),
        slot: None,
        origin: Origin::Manual,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    };
    let Requested::Run(run) = store.request(run, Some(&Claimer::of(holder("a"))), at).await.unwrap() else {
        panic!("nothing is in the way")
    };
    let outcome = Outcome::success("done");
    let settlement = Settlement {
        lease: RunLease { run: run.id, attempt: 1, holder: holder("a") },
        end: AttemptEnd::Finished { outcome: outcome.clone() },
        transition: Transition::End { state: RunState::Succeeded, cause: None, outcome: Some(outcome) },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        wake_at: None,
        at,
    };
    store.settle(settlement).await.unwrap();
}

#[tokio::test]
async fn a_sweep_takes_out_what_is_old() {
    let scene = Scene::at("2026-11-20T12:00:00Z");
    let store = scene.store().await;
    let task = task("by-hand", "0 2 * * *");
    for at in ["2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-20T11:00:00Z"]
    {
        run_at(&store, &task, at).await;
    }
    let engine = scene.boot("a", &store, &[task]).await;
    let mut pruner = Pruner::new(engine.clone());
    assert!(pruner.run_once().await > Duration::from_secs(50), "a start has more urgent things to do");
    assert_eq!(runs(&store).await.len(), 4);
    while pruner.prune().await.unwrap() {}
    let left: Vec<i64> = runs(&store).await.iter().map(|run| run.id.0).collect();
    assert_eq!(left, [4, 3]);
}

#[tokio::test]
async fn a_clock_that_runs_years_ahead_takes_nothing_out() {
    let scene = Scene::at("2036-01-01T00:00:00Z");
    let store = scene.store().await;
    let task = task("by-hand", "0 2 * * *");
    for day in 10..20 {
        run_at(&store, &task, &format!("2026-11-{day}T00:00:00Z")).await;
    }
    let engine = scene.boot("a", &store, std::slice::from_ref(&task)).await;
    let mut pruner = Pruner::new(engine);
    pruner.run_once().await;
    // What is recorded under the wrong clock proves nothing.
    run_at(&store, &task, "2036-01-01T00:00:01Z").await;
    while pruner.prune().await.unwrap() {}
    assert_eq!(runs(&store).await.len(), 11);
}

#[tokio::test]
async fn a_node_that_drains_has_no_time_for_it() {
    let scene = Scene::at("2026-11-20T12:00:00Z");
    let store = scene.store().await;
    let task = task("by-hand", "0 2 * * *");
    for at in ["2026-07-01T00:00:00Z", "2026-11-20T11:00:00Z"] {
        run_at(&store, &task, at).await;
    }
    let (draining, steady) =
        (scene.boot("a", &store, std::slice::from_ref(&task)).await, scene.boot("b", &store, &[task]).await);
    let mut pruners = [Pruner::new(draining.clone()), Pruner::new(steady)];
    for pruner in &mut pruners {
        pruner.run_once().await;
    }
    // Only the first sweep's time is skipped: the store needs a clock that goes.
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(2)).await;
    tokio::time::resume();
    draining.stop_claiming.cancel();
    let [of_draining, of_steady] = &mut pruners;
    for _ in 0..9 {
        of_draining.run_once().await;
    }
    assert_eq!(runs(&store).await.len(), 2);
    while of_steady.run_once().await < Duration::from_secs(1) {}
    assert_eq!(runs(&store).await.len(), 1);
}
