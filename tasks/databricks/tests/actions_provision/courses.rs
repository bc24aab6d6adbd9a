//! Course files become users.csv: printed, written, or refused with everything that is wrong.

use expect_test::expect;
use roundsman_task::TaskError;
use serde_json::json;

use crate::stage::{FIRST, SECOND, Stage, moodle, text};

#[tokio::test]
async fn numbers_are_given_once_and_for_ever() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    let first = stage.run("moodle-to-users", json!({ "file": "course.csv" })).await.unwrap();
    expect![[r"
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "]]
    .assert_eq(text(&first));
    assert_eq!(first.summary, "2 groups with 3 students");
    assert_eq!(first.detail["file"]["layout"], "self_selection");
    assert_eq!(first.detail["file"]["remarks"][0]["severity"], "note");
    stage.hand_in("file", moodle(&SECOND));
    let second = stage.run("moodle-to-users", json!({ "file": "course.csv" })).await.unwrap();
    expect![[r"
        user1, user2, user3, user4
        ,,,
        s3@campus.example.edu,s2@campus.example.edu,,
        s4@campus.example.edu,,,
    "]]
    .assert_eq(text(&second));
    let kept = &stage.kept("numbers")[0];
    let number = |key: &str| kept.value["groups"][key]["number"].clone();
    assert_eq!(
        (kept.key.as_str(), [number("5101"), number("5102"), number("5104")]),
        ("demo", [1, 2, 3].map(Into::into))
    );
    assert_eq!(stage.sim.journal().len(), 0, "the workspace is not asked");

    // Another course has numbers of its own.
    stage.config["course"] = "other".into();
    let other = stage.run("moodle-to-users", json!({ "file": "course.csv" })).await.unwrap();
    assert!(text(&other).contains("\ns3@campus"), "{}", text(&other));
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let mut stage = Stage::empty().await;
    stage.hand_in(
        "file",
        moodle(&[
            r#""5101","a","2","","","","","","s1","1","A","B","s1 at example.edu","s2","2","C","D","s2@example.edu""#,
            r#""5101","b","1","","","","","","s3","3","E","F","s3@example.edu""#,
            r#""5102","c","2","","","","","","s4","4","G","H","s2@example.edu","","","","","""#,
        ]),
    );
    for action in ["moodle-to-users", "create-from-csv", "provision-plan", "provision-apply"] {
        let refused = stage.run(action, json!({ "file": "course.csv" })).await.unwrap_err();
        let TaskError::Config { cause } = refused else { panic!("{refused:?}") };
        assert!(
            cause.starts_with("course.csv is not taken, it has 3 errors:\nerror: line 3, column 13"),
            "{cause}"
        );
        assert!(cause.contains("\nerror: line 4") && cause.contains("\nerror: line 5"), "{cause}");
        assert!(cause.contains("\nwarning: line 5"), "{cause}");
    }
    assert!(stage.kept("numbers").is_empty());
    assert_eq!(stage.writes(), 0);
    stage.hand_in("file", moodle(&[r#""5101","a","1","","","","","","s1","1","A","B","s1 at example.edu""#]));
    let lenient =
        stage.run("moodle-to-users", json!({ "file": "course.csv", "lenient": true })).await.unwrap();
    assert!(lenient.summary.contains("0 groups with 0 students, 1 warning"), "{}", lenient.summary);
    stage.hand_in("file", "user1, user2\ns1@example.edu,\n");
    let refused = stage.run("moodle-to-users", json!({ "file": "users.csv" })).await.unwrap_err();
    assert!(refused.to_string().contains("this is a users.csv"), "{refused}");
}

#[tokio::test]
async fn a_file_is_written_whole_and_replaced_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.csv");
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    let params = json!({ "file": "course.csv", "output": path });
    stage.ask_dry("moodle-to-users", params.clone());
    let dry = stage.go().await.unwrap();
    assert!(dry.summary.contains("would be written to") && dry.counts.planned == 1, "{}", dry.summary);
    assert!(!path.exists() && stage.kept("numbers").is_empty());

    let written = stage.run("moodle-to-users", params.clone()).await.unwrap();
    assert!(text(&written).starts_with("note: line 6"), "{}", text(&written));
    assert!(text(&written).contains(&format!("written to {}", path.display())));
    let first = std::fs::read_to_string(&path).unwrap();
    assert!(first.starts_with("user1, user2, user3, user4\ns1@campus"), "{first}");

    stage.hand_in("file", moodle(&SECOND));
    let numbers = stage.kept("numbers")[0].version;
    let refused = stage.run("moodle-to-users", params).await.unwrap_err();
    assert!(
        matches!(&refused, TaskError::Config { cause } if cause.contains("exists already")),
        "{refused:?}"
    );
    assert_eq!((std::fs::read_to_string(&path).unwrap(), stage.kept("numbers")[0].version), (first, numbers));
    let force = json!({ "file": "course.csv", "output": path, "force": true });
    stage.run("moodle-to-users", force).await.unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().ends_with("s4@campus.example.edu,,,\n"));
    let nowhere = json!({ "file": "course.csv", "output": folder.path().join("no/users.csv") });
    let refused = stage.run("moodle-to-users", nowhere).await.unwrap_err();
    assert!(refused.to_string().contains("No such file"), "{refused}");
}

#[tokio::test]
async fn numbers_that_cannot_be_read_are_not_taken_for_none() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    stage.run("moodle-to-users", json!({ "file": "course.csv" })).await.unwrap();
    let numbers = stage.test.cx().documents_in(roundsman_databricks::state::SPACE, "numbers");
    numbers
        .put("demo", json!({ "course": "demo", "groups": { "5101": { "number": 0 } } }), None)
        .await
        .unwrap();
    for action in ["moodle-to-users", "provision-plan", "provision-apply"] {
        let refused = stage.run(action, json!({ "file": "course.csv" })).await.unwrap_err();
        assert!(refused.to_string().contains("cannot be read by this version"), "{refused}");
    }
    assert_eq!(stage.writes(), 0);
}
