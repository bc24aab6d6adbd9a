//! A course from its first file to its next one, by actions alone.

use std::time::Duration;

use expect_test::expect;
use roundsman_task::OutcomeStatus;
use serde_json::json;

use crate::stage::{FIRST, SECOND, Stage, moodle, text};

#[tokio::test]
async fn a_plan_lists_everything_and_writes_nothing() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    let planned = stage.run("provision-plan", json!({ "file": "course.csv" })).await.unwrap();
    expect![[r#"
        note: line 6: the group 5103 has no members: nothing is created for it
        ~ policy.edit              Personal Compute: {"node_type_id":{"type":"forbidden"}}
        + user.create              s1@campus.example.edu
        + user.create              s2@campus.example.edu
        + user.create              s3@campus.example.edu
        + group.create             group_01
        + group.create             group_02
        + group.create             all_student_groups (workspace-access, databricks-sql-access)
        + member.add               group_01: s1@campus.example.edu
        + member.add               group_01: s2@campus.example.edu
        + member.add               group_02: s3@campus.example.edu
        + member.add               all_student_groups: group_01
        + member.add               all_student_groups: group_02
        + cluster.create           cluster_01
        + cluster.pin              cluster_01
        + perm.set                 cluster_01: group_01 CAN_RESTART
        ~ cluster.terminate        cluster_01
        + cluster.create           cluster_02
        + cluster.pin              cluster_02
        + perm.set                 cluster_02: group_02 CAN_RESTART
        ~ cluster.terminate        cluster_02
        17 to create, 3 to change, 0 to remove, 0 to adopt on HOST.
    "#]]
    .assert_eq(&stage.shown(&planned));
    assert_eq!((planned.counts.planned, planned.counts.changed), (20, 0));
    assert_eq!(planned.detail["plan"]["operations"].as_array().unwrap().len(), 20);
    assert_eq!(planned.detail["course"]["numbering"]["added"], json!([1, 2]));
    let kept = stage.test.artifact_json("plan.json");
    assert_eq!(kept, planned.detail["plan"]);

    for dry in [false, true] {
        if dry {
            stage.ask_dry("create-from-csv", json!({ "file": "course.csv", "apply": true }));
        } else {
            stage.ask("create-from-csv", json!({ "file": "course.csv" }));
        }
        let shown = stage.go().await.unwrap();
        assert_eq!((text(&shown), shown.counts.planned), (text(&planned), 20));
        assert!(stage.test.leases().is_empty(), "looking keeps nobody away");
    }
    assert_eq!((stage.writes(), stage.names().len()), (0, 0));
    assert!(stage.kept("numbers").is_empty() && stage.kept("provisioning").is_empty());
}

#[tokio::test]
async fn a_course_converges_and_its_next_file_too() {
    let mut stage = Stage::empty().await;
    let done = stage.apply(&moodle(&FIRST)).await;
    assert_eq!((done.counts.changed, done.counts.failed), (20, 0));
    assert!(text(&done).contains("+ cluster.create           cluster_02  done\n"), "{}", text(&done));
    assert!(done.summary.ends_with("20 done, 0 failed, 0 skipped, 0 later"), "{}", done.summary);
    assert_eq!(stage.test.artifact_json("plan.json")["operations"].as_array().unwrap().len(), 20);
    let last = stage.test.progress().pop().unwrap();
    assert_eq!((last.done, last.total), (20, Some(20)));
    assert_eq!(stage.members("all_student_groups"), ["group_01", "group_02"]);
    assert_eq!(stage.kept("numbers").len(), 1);
    let kept = stage.kept("provisioning");
    assert_eq!(kept.iter().filter(|step| step.key.starts_with("steps/")).count(), 20);
    assert!(kept.iter().all(|step| step.value["state"] == "done" || step.value["settled"] == true));
    stage.clock.advance(Duration::from_mins(5));
    assert_eq!(stage.on(), Vec::<String>::new());

    // Once more: nothing.
    let writes = stage.writes();
    let again = stage.apply(&moodle(&FIRST)).await;
    assert_eq!((again.counts.processed, stage.writes()), (0, writes));
    assert!(again.summary.starts_with("Nothing to do"), "{}", again.summary);
    stage.hand_in("file", moodle(&FIRST));
    let planned = stage.run("provision-plan", json!({ "file": "course.csv" })).await.unwrap();
    assert_eq!((planned.counts.planned, planned.status), (0, OutcomeStatus::Success));

    // s2 moves, 5104 is new, 5101 is gone.
    stage.hand_in("file", moodle(&SECOND));
    let planned = stage.run("provision-plan", json!({ "file": "course.csv" })).await.unwrap();
    expect![[r"
        + user.create              s4@campus.example.edu
        + group.create             group_03
        + member.add               group_02: s2@campus.example.edu
        + member.add               group_03: s4@campus.example.edu
        + member.add               all_student_groups: group_03
        - member.remove            group_01: s2@campus.example.edu
        + cluster.create           cluster_03
        + cluster.pin              cluster_03
        + perm.set                 cluster_03: group_03 CAN_RESTART
        ~ cluster.terminate        cluster_03
        note: group_01 is no longer wanted: only prune removes it
        8 to create, 1 to change, 1 to remove, 0 to adopt on HOST.
    "]]
    .assert_eq(&stage.shown(&planned));
    stage.apply(&moodle(&SECOND)).await;
    assert_eq!(stage.sim.asked("DELETE *").len() + stage.sim.asked("POST *permanent-delete").len(), 0);
    assert_eq!(stage.members("group_01"), ["s1@campus.example.edu"]);
    assert_eq!(stage.names(), ["cluster_01", "cluster_02", "cluster_03"]);

    // And what is gone goes, on request.
    let prune = json!({ "file": "course.csv", "apply": true, "prune": true });
    let done = stage.run("create-from-csv", prune).await.unwrap();
    assert_eq!(done.counts.failed, 0, "{}", text(&done));
    assert_eq!(stage.names(), ["cluster_02", "cluster_03"]);
    assert!(!stage.sim.world(|world| world.users()).contains(&"s1@campus.example.edu".to_owned()));
}

#[tokio::test]
async fn a_users_csv_is_known_by_its_header_and_its_new_rows_stay_its_own() {
    let mut stage = Stage::empty().await;
    stage.apply(&moodle(&FIRST)).await;
    // What moodle-to-users prints means the same course.
    stage.hand_in("file", moodle(&FIRST));
    let users = stage.run("moodle-to-users", json!({ "file": "course.csv" })).await.unwrap();
    stage.hand_in("file", text(&users));
    let planned = stage.run("provision-plan", json!({ "file": "users.csv" })).await.unwrap();
    assert_eq!(planned.counts.planned, 0, "{}", text(&planned));

    // A row by hand: the next group from Moodle gets another number.
    let by_hand = format!("{}ta@campus.example.edu,,,\n", text(&users));
    stage.apply(&by_hand).await;
    assert_eq!(stage.members("group_03"), ["ta@campus.example.edu"]);
    let done = stage.apply(&moodle(&SECOND)).await;
    assert_eq!(stage.members("group_04"), ["s4@campus.example.edu"], "{}", text(&done));
    assert_eq!(stage.members("group_03"), ["ta@campus.example.edu"]);
}
