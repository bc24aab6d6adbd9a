//! Groups of students, and what people are asked before anybody goes.

use roundsman_databricks::{actions, config::Checked};
use roundsman_simulators::Scenario;
use serde_json::json;

use crate::stage::{Stage, rows};

#[tokio::test]
async fn groups_of_students_go_and_others_stay() {
    let mut scenario = Scenario::at("2026-11-16 08:00").group("all_student_groups", &[]);
    for name in ["group_100", "group_02", "group_10", "group_7", "group_1234", "group_07 old", "staff"] {
        scenario = scenario.group(name, &["s1@example.edu"]);
    }
    let mut stage = Stage::of(scenario).await;
    let planned = stage.dry_run("delete-all-groups").await;
    assert_eq!(planned.counts.planned, 4);
    let done = stage.run("delete-all-groups").await.unwrap();
    let names: Vec<&str> = rows(&done).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["group_02", "group_10", "group_100", "all_student_groups"]);
    assert_eq!(stage.told(&done), "HOST: deleted 4 of 4 groups");
    let left = stage.sim.world(|world| world.groups());
    assert_eq!(left, ["admins", "users", "group_7", "group_1234", "group_07 old", "staff"]);
    assert_eq!(stage.users(), ["admin@example.edu", "s1@example.edu"], "users stay");
}

#[test]
fn people_are_asked_for_the_host() {
    let config = json!({ "host": "adb-1.2.azuredatabricks.net", "mail_enabled": false });
    let config: Checked = serde_json::from_value(config).unwrap();
    for (action, what) in [
        ("delete-all-users", "EVERY user"),
        ("delete-user-folders", "all notebooks"),
        ("delete-all-groups", "all_student_groups"),
    ] {
        let asked = actions::confirmation(action, &config, &json!({})).unwrap();
        asked.check().unwrap();
        assert_eq!(asked.word, "adb-1.2.azuredatabricks.net");
        assert!(asked.text.contains(&asked.word) && asked.text.contains(what), "{}", asked.text);
    }
}
