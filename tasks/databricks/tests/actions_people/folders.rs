//! Home folders: those of who is gone, and none else.

use roundsman_simulators::{Fault, Scenario, Shape};
use roundsman_task::OutcomeStatus;
use serde_json::json;

use crate::stage::{Stage, rows};

/// Three students, two of whom are gone; a program's folder and a file lie about.
async fn stage() -> Stage {
    let scenario = Scenario::at("2026-11-16 08:00")
        .user("s1@example.edu")
        .user("s2@example.edu")
        .user("S3@example.edu")
        .file("/Users/s1@example.edu/deep/work", Some("PYTHON"), "print(1)")
        .file("/Users/0a1b-application/work", Some("PYTHON"), "print(2)")
        .file("/Users/note@example.edu", None, "not a folder")
        .file("/Shared/s2@example.edu/work", Some("PYTHON"), "print(3)");
    let stage = Stage::of(scenario).await;
    stage.sim.world(|world| {
        world.delete_principal("s1@example.edu");
        world.delete_principal("s2@example.edu");
    });
    stage
}

fn homes(stage: &Stage) -> Vec<String> {
    let paths = stage.sim.world(|world| world.paths());
    let is_home = |path: &String| path.strip_prefix("/Users/").is_some_and(|name| !name.contains('/'));
    paths.into_iter().filter(is_home).collect()
}

#[tokio::test]
async fn folders_of_those_who_are_gone_go() {
    let mut stage = stage().await;
    let planned = stage.dry_run("delete-user-folders").await;
    assert_eq!(planned.counts.planned, 2);
    let done = stage.run("delete-user-folders").await.unwrap();
    assert_eq!(rows(&done), [("/Users/s1@example.edu", "deleted"), ("/Users/s2@example.edu", "deleted")]);
    assert_eq!(stage.told(&done), "HOST: deleted 2 of 2 folders");
    let mut left = homes(&stage);
    left.sort();
    let expected = [
        "/Users/0a1b-application",
        "/Users/S3@example.edu",
        "/Users/admin@example.edu",
        "/Users/note@example.edu",
    ];
    assert_eq!(left, expected);
    assert!(stage.sim.world(|world| world.file("/Shared/s2@example.edu/work")).is_some());
    let again = stage.run("delete-user-folders").await.unwrap();
    assert_eq!((again.counts.processed, again.status), (0, OutcomeStatus::Success));
}

#[tokio::test]
async fn protected_folders_are_told_and_kept_ones_are_kept() {
    let mut stage = stage().await;
    stage.sim.world(|world| {
        let gone = world.add_user("s4@example.edu");
        world.delete_principal(&gone);
    });
    stage.config["keep_users"] = json!(["S2@example.edu"]);
    let protected = Fault::on("POST */workspace/delete").containing("s1@example.edu").status(400);
    stage.sim.fault(protected.shape(Shape::Standard, "INVALID_PARAMETER_VALUE", "the folder is protected"));
    let done = stage.run("delete-user-folders").await.unwrap();
    let [first, second, third] = &*rows(&done) else { panic!("{:?}", rows(&done)) };
    assert!(first.0.contains("s1@") && first.1.starts_with("protected: "), "{first:?}");
    assert_eq!(*second, ("/Users/s4@example.edu", "deleted"));
    assert_eq!(*third, ("/Users/s2@example.edu", "kept: keep_users"));
    assert_eq!(stage.told(&done), "HOST: deleted 1 of 2 folders, 1 kept, 1 protected");
    assert_eq!((done.status, done.counts.skipped), (OutcomeStatus::Success, 2));
}

#[tokio::test]
async fn a_user_who_comes_meanwhile_keeps_the_folder() {
    let mut stage = stage().await;
    stage.sim.world(|world| world.add_user("s1@example.edu"));
    let done = stage.run("delete-user-folders").await.unwrap();
    assert_eq!(rows(&done), [("/Users/s2@example.edu", "deleted")]);
    stage.sim.fault(Fault::on("GET */scim/v2/Users").status(200).shape(Shape::RawJson, "", "{}"));
    let refused = stage.run("delete-user-folders").await.unwrap_err();
    assert!(refused.to_string().starts_with("nothing was deleted"), "{refused}");
}
