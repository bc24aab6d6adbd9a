//! Libraries of clusters: asked for at once, looked after where that is wanted, replaced where their version changes.

use std::time::Duration;

use roundsman_databricks::provision::{OpState, Removal};
use roundsman_simulators::{Fault, Scenario, Shape, State};

use crate::stage::{Stage, lines};

fn packages(stage: &mut Stage, python: &str) {
    stage.settings.python_packages = serde_json::from_str(python).unwrap();
}

fn there(stage: &Stage) -> Vec<(String, String)> {
    stage.sim.world(|world| world.libraries("cluster_01"))
}

fn library(name: &str, status: &str) -> (String, String) {
    (name.to_owned(), status.to_owned())
}

#[tokio::test]
async fn they_wait_for_the_first_start() {
    let mut stage = Stage::empty().await;
    packages(&mut stage, r#"["nltk==3.9.1", { "package": "own", "repo": "https://pypi.example.com" }]"#);
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    assert_eq!(there(&stage), [library("pypi:nltk==3.9.1", "PENDING"), library("pypi:own", "PENDING")]);
    assert_eq!(stage.asked("GET */libraries/cluster-status"), 0);
    assert!(stage.test.waits().is_empty(), "nothing is waited for: {:?}", stage.test.waits());
}

#[tokio::test]
async fn another_version_replaces_the_old_one_and_prune_takes_the_rest() {
    let mut stage = Stage::empty().await;
    packages(&mut stage, r#"["nltk==3.8", "spacy"]"#);
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    stage.later(Duration::from_mins(5));
    packages(&mut stage, r#"["nltk==3.9.1"]"#);
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let kinds = |lines: Vec<String>| -> Vec<String> {
        lines.iter().map(|line| format!("{} {}", &line[..1], line.rsplit(' ').next().unwrap())).collect()
    };
    assert_eq!(kinds(lines(&stage.plan(&desired).await)), ["+ pypi:nltk==3.9.1", "- pypi:nltk==3.8"]);
    stage.apply(&desired).await;
    stage.options.removal = Removal::Prune;
    assert_eq!(kinds(lines(&stage.plan(&desired).await)), ["- pypi:spacy"]);
    stage.apply(&desired).await;
    // What was taken off is asked for again where it is wanted again.
    packages(&mut stage, r#"["spacy", "nltk==3.9.1"]"#);
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    let pending: Vec<_> = there(&stage).into_iter().filter(|one| one.1 == "PENDING").collect();
    assert_eq!(pending, [library("pypi:spacy", "PENDING"), library("pypi:nltk==3.9.1", "PENDING")]);
}

#[tokio::test]
async fn those_that_fail_are_told_and_taken_off() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .set(|settings| settings.failing_libraries = vec!["no-such".to_owned()]);
    let mut stage = Stage::of(scenario).await;
    stage.settings.verify_libraries = true;
    packages(&mut stage, r#"["nltk", "no-such-thing"]"#);
    let applied = stage.try_apply(&stage.wanted(&[&["s1@example.edu"]])).await.unwrap();
    assert_eq!(applied.count(OpState::Done), applied.entries.len(), "{:#?}", applied.entries);
    assert!(!applied.is_success());
    let failed = &applied.failed_libraries[0];
    assert_eq!((&*failed.cluster, &*failed.library), ("cluster_01", "pypi:no-such-thing"));
    assert!(failed.messages[0].contains("no matching distribution"), "{failed:?}");
    stage.later(Duration::from_mins(1));
    assert_eq!(
        there(&stage),
        [library("pypi:nltk", "PENDING"), library("pypi:no-such-thing", "UNINSTALL_ON_RESTART")]
    );
    assert_eq!(stage.clusters()[0].2, State::Terminated);
    assert_eq!(stage.sim.world(|world| world.runs("cluster_01").len()), 1);
}

#[tokio::test]
async fn those_that_fail_later_are_in_the_notes() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .set(|settings| settings.failing_libraries = vec!["no-such".to_owned()]);
    let mut stage = Stage::of(scenario).await;
    packages(&mut stage, r#"["no-such-thing"]"#);
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    stage.apply(&desired).await;
    stage.later(Duration::from_mins(5));
    stage.sim.world(|world| world.start("cluster_01", "s1@example.edu")).unwrap();
    stage.later(Duration::from_mins(10));
    let planned = stage.plan(&desired).await;
    assert!(planned.is_empty(), "{planned}");
    assert!(planned.notes[0].contains("pypi:no-such-thing could not be installed: "), "{planned}");
}

#[tokio::test]
async fn without_machines_it_is_tried_three_times_more_with_pauses() {
    let check = async |failures: usize, pauses: &[u64], well: bool| {
        let mut stage = Stage::empty().await;
        stage.settings.verify_libraries = true;
        packages(&mut stage, r#"["nltk"]"#);
        stage.sim.world(|world| {
            world.fail_starts(failures, "CLOUD_PROVIDER_RESOURCE_STOCKOUT", "CLOUD_FAILURE");
        });
        let applied = stage.try_apply(&stage.wanted(&[&["s1@example.edu"]])).await.unwrap();
        assert_eq!(applied.is_success(), well, "{failures}: {:#?}", applied.entries);
        let long = stage.test.waits().into_iter().map(|wait| wait.as_secs()).filter(|wait| *wait >= 100);
        assert_eq!(long.collect::<Vec<_>>(), pauses, "{failures}");
        if !well {
            let last = applied.entries.last().unwrap();
            let told = last.error.as_ref().unwrap();
            assert!(
                told.contains("CLOUD_PROVIDER_RESOURCE_STOCKOUT") && told.contains("tried 4 times"),
                "{told}"
            );
        }
        stage.later(Duration::from_mins(1));
        assert_eq!(stage.clusters()[0].2, State::Terminated);
    };
    check(1, &[120], true).await;
    check(3, &[120, 300, 600], true).await;
    check(4, &[120, 300, 600], false).await;
}

#[tokio::test]
async fn another_reason_is_no_reason_to_wait() {
    let mut stage = Stage::empty().await;
    stage.settings.verify_libraries = true;
    packages(&mut stage, r#"["nltk"]"#);
    stage.sim.world(|world| world.fail_starts(1, "INVALID_ARGUMENT", "CLIENT_ERROR"));
    let applied = stage.try_apply(&stage.wanted(&[&["s1@example.edu"]])).await.unwrap();
    assert_eq!(applied.count(OpState::Failed), 1);
    assert!(stage.test.waits().iter().all(|wait| wait.as_secs() < 100));
}

#[tokio::test]
async fn a_creation_without_machines_is_tried_again_too() {
    let stage = Stage::empty().await;
    let refusal = Fault::on("POST */clusters/create").times(2).status(400);
    stage.sim.fault(refusal.shape(Shape::Standard, "AZURE_QUOTA_EXCEEDED_EXCEPTION", "no cores are left"));
    let applied = stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    let created = applied.entries.iter().find(|entry| entry.kind == "cluster.create").unwrap();
    assert_eq!((created.attempts, stage.names().len()), (3, 1));
    let waits: Vec<u64> = stage.test.waits().iter().map(Duration::as_secs).collect();
    assert_eq!(waits, [120, 300]);
}

#[tokio::test]
async fn one_cluster_takes_its_time_and_no_more() {
    let scenario = Scenario::at("2026-11-16 08:00").set(|settings| {
        settings.start_takes_secs = 19 * 60;
        settings.library_takes_secs = 20 * 60;
    });
    let mut stage = Stage::of(scenario).await;
    stage.settings.verify_libraries = true;
    packages(&mut stage, r#"["nltk"]"#);
    let begun = stage.test.cx().now();
    let applied = stage.try_apply(&stage.wanted(&[&["s1@example.edu"]])).await.unwrap();
    let last = applied.entries.last().unwrap();
    assert_eq!((&*last.kind, last.state), ("cluster.terminate", OpState::Failed));
    let told = last.error.as_ref().unwrap();
    assert!(told.contains("1 of 1 libraries are still not installed"), "{told}");
    let minutes = (last.at - begun).num_minutes();
    assert!((33..=35).contains(&minutes), "{minutes} minutes");
    stage.later(Duration::from_mins(1));
    assert_eq!(stage.clusters()[0].2, State::Terminated, "it does not run on");
}
