//! What is not done, and what is said then.

use roundsman_databricks::actions;
use roundsman_simulators::{ClusterSetup, Scenario};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::json;

use crate::stage::{FIRST, SECOND, Stage, moodle, text};

#[tokio::test]
async fn only_the_plan_that_was_agreed_to_is_done() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    stage.run("provision-plan", json!({ "file": "course.csv" })).await.unwrap();
    stage.hand_in("plan_file", stage.test.artifact("plan.json").unwrap());
    let agreed = json!({ "file": "course.csv", "plan_file": "plan.json" });

    stage.sim.world(|world| world.add_user("s3@campus.example.edu"));
    let refused = stage.run("provision-apply", agreed.clone()).await.unwrap_err();
    assert!(matches!(refused, TaskError::Permanent { .. }), "{refused:?}");
    assert!(refused.to_string().contains("(20 steps then, 19 now); plan again"), "{refused}");
    stage.ask_dry("provision-apply", agreed.clone());
    assert_eq!(stage.go().await.unwrap_err(), refused);
    assert_eq!(stage.writes(), 0);
    assert!(stage.kept("numbers").is_empty() && stage.kept("provisioning").is_empty());

    stage.sim.world(|world| world.delete_principal("s3@campus.example.edu"));
    let done = stage.run("provision-apply", agreed).await.unwrap();
    assert_eq!((done.status, done.counts.changed), (OutcomeStatus::Success, 20), "{}", text(&done));

    stage.hand_in("plan_file", "{}");
    let other = json!({ "file": "course.csv", "plan_file": "other.json" });
    let refused = stage.run("provision-apply", other).await.unwrap_err();
    assert!(
        matches!(&refused, TaskError::Config { cause } if cause.starts_with("other.json is no plan.json")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn numbers_are_given_anew_only_while_there_are_no_clusters() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    stage.run("moodle-to-users", json!({ "file": "course.csv" })).await.unwrap();
    stage.hand_in("file", moodle(&SECOND));
    let anew = json!({ "file": "course.csv", "renumber": true });
    let planned = stage.run("provision-plan", anew.clone()).await.unwrap();
    assert!(text(&planned).contains("+ member.add               group_01: s3@"), "{}", text(&planned));
    let kept = |stage: &Stage| stage.kept("numbers")[0].value["groups"]["5102"]["number"].clone();
    assert_eq!(kept(&stage), 2, "a plan keeps none");
    stage.run("provision-apply", anew.clone()).await.unwrap();
    assert_eq!((kept(&stage), stage.members("group_01").len()), (1.into(), 2));
    for action in ["moodle-to-users", "provision-plan", "provision-apply", "create-from-csv"] {
        let refused = stage.run(action, anew.clone()).await.unwrap_err();
        assert!(matches!(refused, TaskError::Config { .. }), "{refused:?}");
        assert!(refused.to_string().contains("clusters already (cluster_01, cluster_02)"), "{refused}");
    }
    stage.hand_in("file", "user1\ns1@example.edu\n");
    let refused = stage.run("provision-plan", anew).await.unwrap_err();
    assert!(refused.to_string().contains("renumber needs a file from Moodle"), "{refused}");
}

#[tokio::test]
async fn a_person_must_say_which_of_two_clusters_is_meant() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .cluster(ClusterSetup::new("cluster_01").id("one"))
        .cluster(ClusterSetup::new("cluster_1").id("two"));
    let mut stage = Stage::of(scenario).await;
    stage.hand_in("file", moodle(&FIRST));
    let planned = stage.run("provision-plan", json!({ "file": "course.csv" })).await.unwrap();
    assert_eq!((planned.status, planned.counts.conflicts), (OutcomeStatus::Partial, 1));
    assert!(text(&planned).contains("problem: there are 2 clusters of the number 01"), "{}", text(&planned));
    let refused = stage.run("provision-apply", json!({ "file": "course.csv" })).await.unwrap_err();
    assert!(
        matches!(refused, TaskError::Permanent { .. }) && refused.to_string().contains("adopt"),
        "{refused:?}"
    );
    assert_eq!(stage.writes(), 0);
    let adopting = json!({ "file": "course.csv", "adopt": ["two"] });
    let done = stage.run("provision-apply", adopting).await.unwrap();
    assert_eq!(done.status, OutcomeStatus::Success, "{}", text(&done));
    assert!(text(&done).contains("= cluster.update           cluster_1 (two)"), "{}", text(&done));
}

#[tokio::test]
async fn groups_that_are_blocked_today_stay_so() {
    let mut stage = Stage::empty().await;
    stage.apply(&moodle(&FIRST)).await;
    let id = stage.sim.world(|world| world.listed("cluster_01")["cluster_id"].as_str().unwrap().to_owned());
    let group = roundsman_simulators::Principal::Group("group_01".to_owned());
    stage.sim.world(|world| world.grant("cluster_01", group.clone(), None).unwrap());
    let snapshot = json!({ "direct_acl": [], "group_level": null, "lowered": [] });
    let block = json!({
        "day": "2026-11-16", "seq": 0, "group": "group_01", "name": "cluster_01", "since_ms": 0,
        "snapshot": snapshot,
    });
    let documents = stage.test.cx().documents_in(roundsman_databricks::state::SPACE, "blocks");
    documents.put(&id, block, None).await.unwrap();
    let done = stage.apply(&moodle(&FIRST)).await;
    assert!(text(&done).contains("is blocked today: its rights are left alone"), "{}", text(&done));
    assert_eq!(stage.sim.world(|world| world.granted("cluster_01", &group)), None);
}

#[tokio::test]
async fn two_at_a_time_are_one_too_many() {
    let mut stage = Stage::empty().await;
    stage.apply(&moodle(&FIRST)).await;
    let [lease] = &*stage.test.leases() else { panic!("{:?}", stage.test.leases()) };
    stage.test.take_lease_for(lease, "other");
    let writes = stage.writes();
    stage.hand_in("file", moodle(&SECOND));
    for (action, params) in [
        ("create-from-csv", json!({ "file": "course.csv", "apply": true })),
        ("provision-apply", json!({ "file": "course.csv" })),
        ("provision-destroy", json!({})),
        ("moodle-to-users", json!({ "file": "course.csv" })),
        ("delete-all-users", json!({})),
        ("delete-user-folders", json!({})),
        ("delete-all-groups", json!({})),
    ] {
        let skipped = stage.run(action, params).await.unwrap();
        assert_eq!(skipped.status, OutcomeStatus::Skipped, "{action}");
    }
    assert_eq!(stage.writes(), writes);
    let planned = stage.run("provision-plan", json!({ "file": "course.csv" })).await.unwrap();
    assert_eq!(planned.counts.planned, 10, "whoever only looks is not kept away");
}

#[tokio::test]
async fn an_empty_file_does_not_prune_the_course() {
    let mut stage = Stage::empty().await;
    stage.apply(&moodle(&FIRST)).await;
    stage.hand_in("file", moodle(&[FIRST[2]]));
    for action in ["provision-plan", "provision-apply"] {
        let refused = stage.run(action, json!({ "file": "course.csv", "prune": true })).await.unwrap_err();
        assert!(refused.to_string().contains("provision-destroy does that"), "{refused}");
    }
    assert_eq!(stage.names().len(), 2);
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_refused() {
    let own = [
        "moodle-to-users",
        "create-from-csv",
        "provision-plan",
        "provision-apply",
        "provision-destroy",
        "delete-all-users",
        "delete-user-folders",
        "delete-all-groups",
    ];
    for name in own {
        let info = actions::ALL.iter().find(|info| info.name == name).unwrap();
        let schema = (info.params)();
        assert_eq!(schema["additionalProperties"], false, "{name}");
        assert!(!info.exclusive, "{name}: polls go on meanwhile");
        let inputs = ["file", "plan_file"].map(|key| schema["properties"][key]["format"].clone());
        assert!(inputs.iter().all(|format| format.is_null() || format == "input"), "{name}");
    }
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    for name in &own[..5] {
        let refused = stage.run(name, json!({ "file": "course.csv", "prnue": true })).await.unwrap_err();
        assert!(matches!(refused, TaskError::Config { .. }), "{name}: {refused:?}");
    }
    let schema = (actions::ALL.iter().find(|info| info.name == "provision-plan").unwrap().params)();
    assert_eq!(schema["required"], json!(["file"]));
}
