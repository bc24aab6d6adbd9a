//! What stops a plan before anything is done, and what stops it in the middle.

use roundsman_databricks::provision::{Course, Desired, DesiredError, OpState};
use roundsman_simulators::{ClusterSetup, Fault, Scenario};

use crate::stage::{Stage, course};

fn pinned(count: usize) -> Scenario {
    (0..count).fold(Scenario::at("2026-11-16 08:00"), |scenario, number| {
        scenario.cluster(ClusterSetup::new(&format!("staff {number}")).pinned())
    })
}

#[tokio::test]
async fn no_more_than_a_hundred_clusters_are_pinned() {
    let two: &[&[&str]] = &[&["s1@example.edu"], &["s2@example.edu"]];
    let stage = Stage::of(pinned(99)).await;
    let refused = stage.try_apply(&stage.wanted(two)).await.unwrap_err().to_string();
    assert!(refused.contains("99 clusters are pinned and 2 more would be"), "{refused}");
    assert_eq!((stage.names().len(), stage.asked("POST *")), (99, 0));
    let stage = Stage::of(pinned(98)).await;
    stage.apply(&stage.wanted(two)).await;
}

#[tokio::test]
async fn runtimes_machines_and_policies_must_be_there() {
    let mut stage = Stage::empty().await;
    stage.settings.spark_version = "9.9.x".to_owned();
    stage.settings.node_type = "Tiny".to_owned();
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let course = Course { policy_id: Some("nope".to_owned()), ..course() };
    let nothing = Desired::nothing(&course, &stage.settings, []);
    let desired = Desired { groups: desired.groups, ..nothing };
    assert_eq!(
        stage.plan(&desired).await.problems,
        [
            "the workspace has no runtime 9.9.x",
            "the workspace has no machines of type Tiny",
            "the workspace has no cluster policy nope",
        ]
    );
}

#[tokio::test]
async fn who_may_not_is_told_before_anything_is_done() {
    let stage = Stage::empty().await;
    stage.sim.fault(Fault::on("GET */libraries/*").status(403));
    let refused = stage.try_apply(&stage.wanted(&[&["s1@example.edu"]])).await.unwrap_err().to_string();
    assert!(refused.starts_with("the workspace cannot be provisioned: "), "{refused}");
    assert_eq!(stage.asked("POST *"), 0);
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_ends_all_further_tries() {
    let stage = Stage::empty().await;
    stage.sim.fault(Fault::on("POST *").from_call(3).status(401));
    let desired = stage.wanted(&[&["s1@example.edu"], &["s2@example.edu"], &["s3@example.edu"]]);
    let applied = stage.try_apply(&desired).await.unwrap();
    let failed = applied.count(OpState::Failed);
    assert!((1..=4).contains(&failed) && applied.count(OpState::Skipped) > 15, "{}", applied.summary());
    stage.sim.clear_faults();
    stage.apply(&desired).await;
}

#[tokio::test]
async fn one_that_fails_leaves_the_others_alone() {
    let stage = Stage::empty().await;
    stage.sim.fault(Fault::on("POST */clusters/create").containing("cluster_02").status(400));
    let desired = stage.wanted(&[&["s1@example.edu"], &["s2@example.edu"], &["s3@example.edu"]]);
    let applied = stage.try_apply(&desired).await.unwrap();
    assert_eq!((applied.count(OpState::Failed), applied.count(OpState::Skipped)), (1, 3));
    assert_eq!(stage.names(), ["cluster_01", "cluster_03"]);
    let remaining = applied.remaining.as_ref().unwrap();
    assert_eq!(remaining.operations.len(), 4, "{remaining}");
    stage.sim.clear_faults();
    stage.apply(&desired).await;
}

#[tokio::test]
async fn an_attempt_that_is_to_stop_stops() {
    let stage = Stage::empty().await;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    stage.sim.fault(Fault::on("POST */clusters/create").hang());
    let stop = async {
        while stage.asked("POST */clusters/create") == 0 {
            // sleep: the request arrives over a real connection
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        stage.test.cancel();
    };
    let (applied, ()) = tokio::join!(stage.try_apply(&desired), stop);
    let error = roundsman_task::TaskError::from(applied.unwrap_err());
    assert!(matches!(error, roundsman_task::TaskError::Cancelled), "{error:?}");
    let last = stage.notes.all().pop().unwrap();
    assert_eq!((&*last.kind, last.state), ("cluster.create", OpState::Started));
    assert!(last.request.is_some());
}

#[test]
fn groups_are_not_larger_than_allowed() {
    let address = |name: &str| crate::stage::address(&format!("{name}@example.edu"));
    let members = ["a", "b", "c", "d", "e"].map(address).to_vec();
    let group = roundsman_databricks::moodle::Group {
        key: "5101".to_owned(),
        label: String::new(),
        line: 2,
        members,
    };
    let layout = Some(roundsman_databricks::moodle::Layout::SelfSelection);
    let roster = roundsman_databricks::moodle::Roster { layout, groups: vec![group] };
    let fresh = roundsman_databricks::numbering::NumberMap::fresh("demo");
    let (map, _) = fresh.updated(&roster, chrono::DateTime::UNIX_EPOCH).unwrap();
    let settings = roundsman_databricks::provision::ProvisionSettings::default();
    let refused = Desired::of_roster(&course(), &settings, &roster, &map).unwrap_err();
    assert!(matches!(refused, DesiredError::TooManyMembers { found: 5, max: 4, .. }), "{refused}");
    let refused = Desired::of_roster(&course(), &settings, &roster, &fresh).unwrap_err();
    assert!(matches!(refused, DesiredError::Unnumbered(_)), "{refused}");
}
