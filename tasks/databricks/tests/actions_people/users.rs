//! Users: many under a workspace that throttles, and those who stay.

use roundsman_simulators::{Fault, Scenario, Shape, UserSetup};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::json;

use crate::stage::{Stage, rows};

fn admin(name: &str) -> UserSetup {
    UserSetup { name: name.to_owned(), admin: true, ..UserSetup::default() }
}

#[tokio::test]
async fn a_whole_course_goes_although_the_workspace_throttles() {
    let mut scenario = Scenario::at("2026-11-16 08:00").set(|settings| {
        settings.scim_writes_per_minute = Some(20);
        settings.scim_page_size = 10;
    });
    for number in 1..=73 {
        scenario = scenario.user(&format!("s{number:02}@example.edu"));
    }
    let mut stage = Stage::of(scenario).await;
    let planned = stage.dry_run("delete-all-users").await;
    assert_eq!((planned.counts.planned, planned.counts.changed, stage.users().len()), (73, 0, 74));
    assert!(planned.summary.contains("would delete 73 users"), "{}", planned.summary);

    let done = stage.run("delete-all-users").await.unwrap();
    let expected =
        "HOST: deleted 73 of 73 users, 1 kept; their home folders remain until delete-user-folders";
    assert_eq!((stage.told(&done).as_str(), done.status), (expected, OutcomeStatus::Success));
    assert_eq!(stage.users(), ["admin@example.edu"]);
    assert!(stage.sim.asked("DELETE */Users/*").iter().any(|asked| asked.status == 429), "it was throttled");
    let last = stage.test.progress().pop().unwrap();
    assert_eq!((last.done, last.total), (73, Some(73)));
    assert_eq!(rows(&done).last(), Some(&("admin@example.edu", "kept: we ourselves")));
}

#[tokio::test]
async fn who_is_to_be_kept_is_kept() {
    let mut scenario = Scenario::at("2026-11-16 08:00")
        .user("boss@example.edu")
        .user("Kept@example.edu")
        .user("s1@example.edu")
        .group("deans", &["dean@example.edu"])
        .token("dapi-op", "op@example.edu");
    scenario.users.extend([admin("second@example.edu"), admin("op@example.edu")]);
    let mut stage = Stage::of(scenario).await;
    stage.sim.world(|world| world.add_member("admins", "deans"));
    stage.config["admin_email"] = "boss@example.edu, other@example.edu".into();
    stage.config["keep_users"] = json!([" kept@Example.edu"]);
    let done = stage.run("delete-all-users").await.unwrap();
    assert_eq!(rows(&done)[0], ("s1@example.edu", "deleted"));
    assert_eq!(
        rows(&done)[1..],
        [
            ("admin@example.edu", "kept: administrator"),
            ("boss@example.edu", "kept: admin_email"),
            ("dean@example.edu", "kept: administrator"),
            ("Kept@example.edu", "kept: keep_users"),
            ("op@example.edu", "kept: we ourselves"),
            ("second@example.edu", "kept: administrator"),
        ]
    );
    assert_eq!(stage.users().len(), 6);
}

#[tokio::test]
async fn who_has_gone_counts_and_who_cannot_go_harms_nobody_else() {
    let scenario =
        Scenario::at("2026-11-16 08:00").user("s1@example.edu").user("s2@example.edu").user("s3@example.edu");
    let mut stage = Stage::of(scenario).await;
    stage.sim.fault(Fault::on("DELETE */Users/*").nth(1).status(404).after_effect());
    stage.sim.fault(Fault::on("DELETE */Users/*").nth(2).status(403));
    let done = stage.run("delete-all-users").await.unwrap();
    assert_eq!(done.status, OutcomeStatus::Partial);
    assert!(done.summary.contains("deleted 2 of 3 users, 1 kept, 1 failed"), "{}", done.summary);
    assert_eq!((done.counts.ok, done.counts.failed, done.counts.skipped), (2, 1, 1));
    let words: Vec<&str> =
        rows(&done).into_iter().map(|(_, words)| words.split(':').next().unwrap()).collect();
    assert_eq!(words.iter().filter(|word| **word == "failed").count(), 1, "{words:?}");
    stage.sim.clear_faults();
    let done = stage.run("delete-all-users").await.unwrap();
    assert!(done.summary.contains("deleted 1 of 1 users"), "{}", done.summary);
}

#[tokio::test]
async fn nobody_goes_where_it_is_not_known_who_must_stay() {
    let mut stage = Stage::of(Scenario::at("2026-11-16 08:00").user("s1@example.edu")).await;
    stage.sim.fault(Fault::on("GET */scim/v2/Groups").status(200).shape(Shape::RawJson, "", "{}"));
    let refused = stage.run("delete-all-users").await.unwrap_err();
    assert!(matches!(refused, TaskError::Permanent { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("nobody was deleted"), "{refused}");
    assert_eq!((stage.users().len(), stage.writes()), (2, 0));
    stage.sim.clear_faults();
    stage.sim.fault(Fault::on("DELETE *").status(401));
    let refused = stage.run("delete-all-users").await.unwrap_err();
    assert!(matches!(refused, TaskError::Config { .. }), "{refused:?}");
}
