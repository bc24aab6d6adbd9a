//! Releases: of raised quotas during the day, of all blocks at its end, and the nightly look. Nobody loses a grant by any.

use roundsman_databricks::{
    enforce::reconcile,
    quota::MeasureKind::{Restore, Revoke},
    state::MeasureState::{Asked, Done, Impossible},
};
use roundsman_simulators::{Fault, Level, Principal};
use serde_json::json;

use crate::stage::{Stage, TA, group, id, lab, stop, student, target, today, user, want};

#[tokio::test]
async fn a_raised_quota_gives_the_group_back_what_it_had() {
    let stage = Stage::of(lab(1)).await;
    stage.grant(1, group(1), Some(Level::CanManage));
    stage.carry_out(stop(1)).await;
    stage.grant(1, user("tutor@example.edu"), Some(Level::CanRestart));
    let carried = stage.carry_out(vec![want(1, Restore, 0)]).await;
    assert_eq!(carried.count(Restore, Done), 1, "{carried:?}");
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanManage));
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage));
    assert_eq!(stage.granted(1, &user("tutor@example.edu")), Some(Level::CanRestart));
    assert!(stage.blocks().await.is_empty());
    let writes = stage.writes().len();
    assert_eq!(stage.carry_out(vec![want(1, Restore, 0)]).await.count(Restore, Done), 1);
    assert_eq!(stage.writes().len(), writes, "what is so already is not written again");
}

#[tokio::test]
async fn who_was_granted_something_right_before_a_release_keeps_it() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    stage.sim.clear_journal();
    let release = stage.release(today());
    let meanwhile = async {
        stage.sim.reached(1).await;
        stage.grant(1, user("tutor@example.edu"), Some(Level::CanRestart));
    };
    let (released, ()) = tokio::join!(release, meanwhile);
    assert_eq!(released.released, [target(1)]);
    assert_eq!(stage.granted(1, &user("tutor@example.edu")), Some(Level::CanRestart));
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
}

#[tokio::test]
async fn the_end_of_a_day_releases_its_blocks_and_no_later_ones() {
    let stage = Stage::of(lab(3)).await;
    let tomorrow = today().succ_opt().unwrap();
    stage.carry_out([stop(1), stop(2)].concat()).await;
    stage.carry_out_on(tomorrow, vec![want(2, Revoke, 0), want(3, Revoke, 0)]).await;
    let released = stage.release(today()).await;
    assert!(released.is_done() && released.problems().is_empty(), "{released:?}");
    assert_eq!(released.released, [target(1)]);
    let levels = [1, 2, 3].map(|number| stage.granted(number, &group(number)));
    assert_eq!(levels, [Some(Level::CanRestart), Some(Level::CanAttachTo), Some(Level::CanAttachTo)]);
    assert_eq!(stage.release(tomorrow).await.released.len(), 2);
    assert!(stage.blocks().await.is_empty());
    assert_eq!(stage.release(tomorrow).await.released, []);
}

#[tokio::test]
async fn what_fails_for_one_cluster_harms_no_other_and_is_tried_again() {
    let stage = Stage::of(lab(4)).await;
    stage.carry_out((1..=4).flat_map(stop).collect()).await;
    stage.sim.world(|world| {
        world.delete_principal("group_02");
        world.forget(&id(3)).unwrap();
    });
    let denied = stage.sim.fault(Fault::on(&format!("* */permissions/clusters/{}", id(4))).status(403));
    let released = stage.release(today()).await;
    assert!(!released.is_done());
    assert_eq!(released.released, [target(1)]);
    let names = |troubles: &[roundsman_databricks::enforce::Trouble]| {
        troubles.iter().map(|trouble| trouble.target.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&released.impossible), ["cluster_02", "cluster_03"]);
    assert_eq!(names(&released.failed), ["cluster_04"]);
    assert_eq!(released.problems().len(), 3);
    let blocks = stage.blocks().await;
    assert_eq!(blocks.keys().collect::<Vec<_>>(), [&id(4)], "what is impossible is forgotten");
    assert!(blocks[&id(4)].error.is_some());
    drop(denied);
    stage.sim.clear_faults();
    let released = stage.release(today()).await;
    assert!(released.is_done());
    assert_eq!((released.released, stage.granted(4, &group(4))), (vec![target(4)], Some(Level::CanRestart)));
}

#[tokio::test]
async fn a_release_that_fails_twice_works_the_third_time() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    stage.sim.fault(Fault::on("PATCH */permissions/*").status(500).times(2));
    stage.sim.fault(Fault::on("PUT */permissions/*").status(500).times(2));
    assert_eq!(stage.release(today()).await.released, [target(1)]);
}

#[tokio::test]
async fn where_adding_does_not_suffice_the_list_is_written() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    let nothing_done = json!({ "access_control_list": [] }).to_string();
    stage.sim.fault(Fault::on("PATCH */permissions/*").page(&nothing_done));
    assert_eq!(stage.release(today()).await.released, [target(1)]);
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage));
}

#[tokio::test]
async fn students_who_were_deleted_are_owed_nothing() {
    let stage = Stage::with(lab(1), json!({ "revoke_scope": "students", "block_level": "NONE" })).await;
    stage.sim.world(|world| {
        world.add_user("s9@example.edu");
        world.add_member("group_01", "s9@example.edu");
    });
    for address in [student(1), "s9@example.edu".to_owned()] {
        stage.grant(1, user(&address), Some(Level::CanRestart));
    }
    stage.carry_out(stop(1)).await;
    stage.sim.world(|world| world.delete_principal("s9@example.edu"));
    let released = stage.release(today()).await;
    assert_eq!(released.released, [target(1)], "{released:?}");
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
    assert_eq!(stage.granted(1, &user(&student(1))), Some(Level::CanRestart));
}

#[tokio::test]
async fn a_release_without_its_group_is_impossible() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    stage.sim.world(|world| world.delete_principal("group_01"));
    let carried = stage.carry_out(vec![want(1, Restore, 0)]).await;
    assert_eq!(carried.count(Restore, Impossible), 1, "{carried:?}");
    assert!(carried.problems()[0].contains("group_01"), "{:?}", carried.problems());
    assert!(stage.blocks().await.is_empty());
}

#[tokio::test]
async fn a_release_that_is_refused_is_asked_for_again() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    stage.sim.fault(Fault::on("GET */permissions/*").status(403).times(1));
    assert_eq!(stage.carry_out(vec![want(1, Restore, 0)]).await.count(Restore, Asked), 1);
    assert_eq!(stage.blocks().await.len(), 1);
    assert_eq!(stage.carry_out(vec![want(1, Restore, 0)]).await.count(Restore, Done), 1);
}

#[tokio::test]
async fn at_night_too_little_is_raised_and_more_is_left_alone() {
    let stage = Stage::of(lab(5)).await;
    stage.grant(1, group(1), Some(Level::CanAttachTo));
    stage.grant(2, group(2), None);
    stage.grant(3, group(3), Some(Level::CanManage));
    stage.carry_out(stop(4)).await;
    stage.sim.world(|world| world.delete_principal("group_05"));
    let targets: Vec<_> = (1..=5).map(target).collect();
    stage.sim.clear_journal();
    let done = reconcile(&stage.lab(), targets.clone()).await;
    assert_eq!(done.raised, targets[..2]);
    assert_eq!((done.unchanged, done.blocked), (vec![target(3)], vec![target(4)]));
    assert_eq!((done.failed.len(), done.impossible.len()), (0, 1), "{:?}", done.impossible);
    let levels = [1, 2, 3, 4].map(|number| stage.granted(number, &group(number)));
    let expected = [Level::CanRestart, Level::CanRestart, Level::CanManage, Level::CanAttachTo].map(Some);
    assert_eq!(levels, expected);
    assert!((1..=5).all(|number| stage.granted(number, &user(TA)) == Some(Level::CanManage)));
    assert!(stage.asked("PUT *") == 0 && stage.asked("PATCH */permissions/*") == 3);
}

#[tokio::test]
async fn dry_runs_tell_what_they_would_give_back() {
    let mut stage = Stage::of(lab(2)).await;
    stage.carry_out(stop(1)).await;
    stage.grant(2, group(2), None);
    stage.config["dry_run"] = json!(true);
    let writes = stage.writes().len();
    let line = "cluster_01: release group_01: group_01 CAN_ATTACH_TO → CAN_RESTART";
    assert_eq!(stage.release(today()).await.planned, [line]);
    assert_eq!(stage.carry_out(vec![want(1, Restore, 0)]).await.planned, [line]);
    let done = reconcile(&stage.lab(), vec![target(1), target(2)]).await;
    assert_eq!(
        (done.blocked, done.planned),
        (vec![target(1)], vec!["cluster_02: group_02 nothing → CAN_RESTART".to_owned()])
    );
    assert_eq!((stage.writes().len(), stage.kept("blocks")), (writes, 1));
    assert_eq!(stage.granted(1, &Principal::Group("group_01".to_owned())), Some(Level::CanAttachTo));
}
