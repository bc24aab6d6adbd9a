//! Runs that end anywhere: cancelled, or gone between any two requests. What has a final name is whole, and the next run ends
//! what was begun.

use roundsman_simulators::{
    At, Damage, Fault, Stall,
    metabase::{CardSetup, Ended, MetabaseScenario, Release, Rows},
};
use roundsman_task::TaskError;
use serde_json::json;

use super::stage::*;

async fn three() -> Stage {
    let mut scenario = MetabaseScenario::new(Release::V56);
    for id in 1..=3 {
        scenario = scenario.card(CardSetup::native(id, &format!("Q{id}")).rows(Rows::awkward(500)));
    }
    let items = json!([{ "name": "three", "cards": [1, 2, 3], "template": "{name}.{ext}" }]);
    Stage::new(scenario, items).await.set(json!({ "max_concurrent_exports": 1 }))
}

/// Whatever has a final name is what the server had.
fn is_clean(stage: &Stage) {
    for file in stage.files() {
        let name = file.rsplit('/').next().unwrap();
        if let Some(id) = name.strip_prefix('Q').and_then(|name| name.strip_suffix(".csv")) {
            assert_eq!(stage.file(name), stage.sim.truth(id.parse().unwrap(), "csv"), "{file}");
        } else {
            let known = name == "manifest.json" || name.starts_with("latest -> ");
            assert!(known, "{file} is left");
        }
    }
}

#[tokio::test]
async fn gone_after_any_request() {
    let all = {
        let stage = three().await;
        stage.good().await;
        stage.sim.journal().len()
    };
    for requests in 1..=all {
        let stage = three().await;
        let test = stage.builder().build();
        tokio::select! {
            biased;
            () = stage.sim.reached(requests) => {}
            ended = stage.run(&test) => drop(ended.unwrap()),
        }
        is_clean(&stage);
        let outcome = stage.run(&test.next_attempt()).await.unwrap();
        assert_eq!(outcome.counts.ok, 3, "after {requests} requests");
        is_clean(&stage);
        assert_eq!(stage.files().len(), 5, "after {requests} requests: {:?}", stage.files());
    }
}

/// The store is gone between the name and what is remembered of it: the next attempt takes the file or makes it anew.
#[tokio::test]
async fn named_but_not_remembered() {
    let stage = three().await;
    let test = stage.builder().build();
    let gate = stage
        .sim
        .fault(Fault::on("POST /api/card/2/*").body(Damage::Stall(At::Row(9), Stall::UntilReleased)));
    let stop = async {
        gate.stalled(1).await;
        test.fail_documents(roundsman_task::DocumentError::Unavailable { cause: "no store".to_owned() });
        gate.release();
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! { ended = stage.run(&test) => ended, () = stop => unreachable!() };
    assert!(matches!(ended, Err(TaskError::Retry { .. })), "{ended:?}");
    is_clean(&stage);
    assert!(!stage.files().iter().any(|file| file.ends_with("manifest.json")));
    test.fail_documents(None);
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!((outcome.counts.ok, outcome.counts.skipped), (3, 1));
    assert_eq!(stage.manifest()["units"].as_array().unwrap().len(), 3);
    is_clean(&stage);
}

#[tokio::test]
async fn cancelled_in_the_middle_of_a_file() {
    let stage = three().await;
    let gate = stage
        .sim
        .fault(Fault::on("POST /api/card/2/*").body(Damage::Stall(At::Row(9), Stall::UntilReleased)));
    let test = stage.builder().build();
    let cancel = async {
        gate.stalled(1).await;
        assert!(stage.files().iter().any(|file| file.strip_suffix(".part").is_some()), "{:?}", stage.files());
        test.cancel();
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! { ended = stage.run(&test) => ended, () = cancel => unreachable!() };
    assert!(matches!(ended, Err(TaskError::Cancelled)), "{ended:?}");
    is_clean(&stage);
    stage.sim.idle().await;
    assert_eq!(stage.sim.exports()[1].ended, Ended::ClientLeft, "the query ends too");
    stage.sim.clear_faults();
    stage.run(&test.next_run()).await.unwrap();
    is_clean(&stage);
}

/// What a worker left that was killed is removed by the next run, whichever it is; what somebody writes is not.
#[tokio::test]
async fn what_a_killed_worker_left_is_removed() {
    let stage = three().await;
    let folder = stage.folder();
    std::fs::create_dir_all(folder.join("old")).unwrap();
    let live = std::fs::File::create(stage.out().join(".y.csv.99.1-1.part")).unwrap();
    live.lock().unwrap();
    for path in [folder.join("old/.Q1.csv.1.1-1.part"), stage.out().join(".x.csv.99.1-1.part")] {
        std::fs::write(path, "half").unwrap();
    }
    stage.run(&stage.builder().build()).await.unwrap();
    let left: Vec<_> = stage.files().into_iter().filter(|file| file.contains(".part")).collect();
    assert_eq!(left, [".y.csv.99.1-1.part"]);
}
