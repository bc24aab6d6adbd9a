//! A course that is over: what goes, and what stays.

use roundsman_databricks::actions;
use roundsman_simulators::{ClusterSetup, Scenario};
use serde_json::json;

use crate::stage::{FIRST, Stage, moodle, text};

#[tokio::test]
async fn destroy_takes_the_course_away_and_nothing_else() {
    let scenario = Scenario::at("2026-11-16 08:00")
        .user("guest@example.edu")
        .group("staff", &["s3@campus.example.edu"])
        .cluster(ClusterSetup::new("cluster_42").id("foreign"));
    let mut stage = Stage::of(scenario).await;
    stage.config["keep_users"] = json!(["S2@campus.example.edu "]);
    stage.apply(&moodle(&FIRST)).await;

    stage.ask_dry("provision-destroy", json!({}));
    let before = stage.writes();
    let planned = stage.go().await.unwrap();
    assert_eq!((planned.counts.planned, stage.writes()), (6, before), "{}", text(&planned));
    let agreed = stage.test.artifact("plan.json").unwrap();

    stage.hand_in("plan_file", agreed);
    let done = stage.run("provision-destroy", json!({ "plan_file": "plan.json" })).await.unwrap();
    assert_eq!((done.counts.changed, done.counts.failed), (6, 0), "{}", text(&done));
    assert_eq!(stage.names(), ["cluster_42"]);
    stage.sim.world(|world| {
        assert_eq!(world.groups(), ["admins", "users", "staff"]);
        let mut users = world.users();
        users.sort();
        let stay =
            ["admin@example.edu", "guest@example.edu", "s2@campus.example.edu", "s3@campus.example.edu"];
        assert_eq!(users, stay, "who is kept or belongs elsewhere stays");
    });
    let again = stage.run("provision-destroy", json!({})).await.unwrap();
    assert_eq!(again.counts.processed, 0, "{}", text(&again));
}

#[tokio::test]
async fn people_are_asked_for_a_word_before_anything_goes() {
    let mut stage = Stage::empty().await;
    stage.config["host"] = "https://adb-1.2.azuredatabricks.net/?o=1".into();
    let host = "adb-1.2.azuredatabricks.net";
    let ask = |stage: &Stage, action: &str, params: serde_json::Value| {
        let asked = actions::confirmation(action, &stage.config(), &params);
        asked.inspect(|asked| {
            asked.check().unwrap();
            assert!(asked.text.contains(host), "{}", asked.text);
        })
    };
    let pruned = json!({ "file": "f", "apply": true, "prune": true });
    for (action, params) in
        [("create-from-csv", &pruned), ("provision-apply", &pruned), ("provision-destroy", &json!({}))]
    {
        let asked = ask(&stage, action, params.clone()).unwrap();
        assert_eq!(asked.word, host, "{action}");
        assert!(asked.text.contains("demo"), "{}", asked.text);
    }
    for (action, params) in [
        ("create-from-csv", json!({ "file": "f", "prune": true })),
        ("create-from-csv", json!({ "file": "f", "apply": true })),
        ("provision-apply", json!({ "file": "f" })),
        ("provision-plan", pruned),
        ("moodle-to-users", json!({ "file": "f" })),
    ] {
        assert_eq!(ask(&stage, action, params), None, "{action}");
    }
    stage.config["workspace_name"] = "lab-2026".into();
    assert_eq!(ask(&stage, "provision-destroy", json!({})).unwrap().word, "lab-2026");
    stage.config["workspace_name"] = "Lab of 2026".into();
    assert_eq!(ask(&stage, "provision-destroy", json!({})).unwrap().word, host);
}
