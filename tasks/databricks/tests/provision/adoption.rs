//! What is there already: taken for the course's own where that is clear, and asked about where it is not.

use std::time::Duration;

use roundsman_databricks::provision::{Mark, OpState};
use roundsman_simulators::{ClusterSetup, Fault, RunSetup, Scenario, Shape};

use crate::stage::Stage;

fn cluster(name: &str, id: &str) -> ClusterSetup {
    ClusterSetup::new(name).id(id)
}

#[tokio::test]
async fn clusters_of_other_programs_are_adopted_once() {
    let scenario = Scenario::at("2026-11-16 08:00").lab(1, &["s1@example.edu"], Vec::new());
    let stage = Stage::of(scenario).await;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let planned = stage.plan(&desired).await;
    assert_eq!((planned.count(Mark::Adopt), planned.count_kind("cluster.create")), (1, 0), "{planned}");
    stage.apply(&desired).await;
    let listed = stage.sim.world(|world| world.listed("cluster_01"));
    assert_eq!(listed["custom_tags"]["lab_course"], "demo");
    assert_eq!(listed["autoscale"]["max_workers"], 6);
}

#[tokio::test]
async fn two_clusters_of_one_name_are_a_problem_until_somebody_says_which() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .cluster(cluster("cluster_01", "one"))
        .cluster(cluster("cluster_1", "two"));
    let mut stage = Stage::of(scenario).await;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let planned = stage.plan(&desired).await;
    assert_eq!(
        planned.problems,
        ["there are 2 clusters of the number 01 (one, two): say with adopt which one is the group's"]
    );
    let refused = stage.try_apply(&desired).await.unwrap_err();
    assert!(refused.to_string().contains("say with adopt"), "{refused}");
    assert_eq!(stage.asked("POST *"), 0);

    stage.options.adopt.insert("two".to_owned());
    let applied = stage.apply(&desired).await;
    assert_eq!(applied.plan.notes, ["cluster_01 (one) has the number of two: it is left alone"]);
    // From now on its tags tell.
    stage.options.adopt.clear();
    assert!(stage.plan(&desired).await.is_empty());
    assert!(!stage.sim.world(|world| world.is_pinned("one")));

    stage.options.adopt.insert("three".to_owned());
    let problems = stage.plan(&desired).await.problems;
    assert_eq!(problems, ["no cluster three whose name has a number is there to be adopted"]);
}

#[tokio::test]
async fn clusters_of_another_course_are_not_taken() {
    let tags = serde_json::json!({ "origin": "roundsman", "lab_course": "other", "lab_group": "01" });
    let other = cluster("cluster_01", "other").spec("custom_tags", tags);
    let stage = Stage::of(Scenario::at("2026-11-16 08:00").cluster(other)).await;
    let planned = stage.plan(&stage.wanted(&[&["s1@example.edu"]])).await;
    assert_eq!(
        planned.problems,
        ["cluster_01 belongs to the course other (other): say with adopt which one is the group's"]
    );
}

#[tokio::test]
async fn clusters_of_services_are_nobodys() {
    let job = cluster("cluster_01", "job").source("JOB").run(RunSetup::from("08:00"));
    let stage = Stage::of(Scenario::at("2026-11-16 08:00").cluster(job)).await;
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    assert_eq!(stage.names(), ["cluster_01", "cluster_01"]);
    assert!(!stage.sim.world(|world| world.is_pinned("job")));
}

/// Users and groups that appear between the look and the step: 409, found, taken.
#[tokio::test]
async fn who_is_there_already_is_found() {
    let stage =
        Stage::of(Scenario::at("2026-11-16 08:00").user("S1@Example.edu").group("group_01", &[])).await;
    // Our own look sees nobody; the preflight asks for one group only.
    stage.sim.fault(Fault::on("GET */scim/v2/Users").nth(1).status(200).shape(Shape::RawJson, "", "{}"));
    stage.sim.fault(Fault::on("GET */scim/v2/Groups").nth(2).status(200).shape(Shape::RawJson, "", "{}"));
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let applied = stage.apply(&desired).await;
    assert_eq!((applied.plan.count_kind("user.create"), applied.plan.count_kind("group.create")), (1, 2));
    assert_eq!(stage.sim.asked("POST */scim/v2/*").iter().filter(|entry| entry.status == 409).count(), 2);
    assert_eq!(stage.members("group_01").len(), 1);
}

#[tokio::test]
async fn who_exists_in_the_account_only_harms_nobody_else() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .set(|settings| settings.account_only_users = vec!["s1@example.edu".to_owned()]);
    let stage = Stage::of(scenario).await;
    let applied = stage.try_apply(&stage.wanted(&[&["s1@example.edu", "s2@example.edu"]])).await.unwrap();
    assert_eq!((applied.count(OpState::Failed), applied.count(OpState::Skipped)), (1, 1));
    let failed = applied.entries.iter().find(|entry| entry.state == OpState::Failed).unwrap();
    assert!(failed.error.as_ref().unwrap().contains("exists in the account only"), "{failed:?}");
    assert_eq!(stage.members("group_01"), ["s2@example.edu"]);
    assert_eq!(stage.names(), ["cluster_01"]);
    assert!(!applied.is_success());
}

#[tokio::test]
async fn groups_of_the_account_are_told_plainly_and_cost_no_cluster() {
    let scenario = Scenario::at("2026-11-16 08:00").set(|settings| settings.federated_groups = true);
    let mut stage = Stage::of(scenario).await;
    let desired = stage.wanted(&[&["s1@example.edu"]]);
    let applied = stage.try_apply(&desired).await.unwrap();
    let failed: Vec<_> = applied.entries.iter().filter(|entry| entry.state == OpState::Failed).collect();
    assert!(failed.len() == 2 && failed.iter().all(|entry| entry.kind == "group.create"), "{failed:?}");
    let told = failed[0].error.as_ref().unwrap();
    assert!(told.contains("an administrator of it must make the group there"), "{told}");
    assert_eq!((stage.names().len(), stage.asked("POST */Groups")), (0, 2));
    assert_eq!(applied.count(OpState::Skipped), 6, "{:#?}", applied.entries);

    stage.sim.world(|world| {
        world.add_group("group_01");
        world.add_group("all_student_groups");
    });
    stage.later(Duration::from_mins(5));
    stage.apply(&desired).await;
}

#[tokio::test]
async fn a_group_called_like_an_address_is_nobody() {
    let scenario =
        Scenario::at("2026-11-16 08:00").user("s1@example.edu").group("s1@example.edu", &["ta@example.edu"]);
    let stage = Stage::of(scenario).await;
    stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
    let group = stage.workspace.scim().group_named("group_01").await.unwrap().unwrap();
    let user = stage.workspace.scim().user_named("s1@example.edu").await.unwrap().unwrap();
    assert_eq!(group.members[0].id, user.id);
}
