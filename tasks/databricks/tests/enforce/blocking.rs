//! Blocks: what is sent in which order, whose grants are lowered, what is kept, and what a person is told.

use roundsman_databricks::{
    permissions::Level as Kept,
    quota::MeasureKind::{Revoke, StopMail, Terminate},
    state::MeasureState::{Asked, Done, Impossible},
};
use roundsman_simulators::{Fault, Level};
use serde_json::json;

use crate::stage::{Stage, TA, group, id, lab, stop, student, target, today, user, want};

#[tokio::test]
async fn a_group_is_blocked_before_its_cluster_is_stopped() {
    let stage = Stage::of(lab(1)).await;
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!((carried.count(Revoke, Done), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert_eq!(carried.count(StopMail, Done), 0, "mails are somebody else's");
    assert!(carried.problems().is_empty(), "{:?}", carried.problems());
    assert_eq!(stage.writes(), ["PUT", "POST"]);
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanAttachTo));
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage));
    assert!(stage.is_off(1));
    let block = &stage.blocks().await[&id(1)];
    assert_eq!(
        (block.day, block.seq, block.snapshot.group_level.clone()),
        (today(), 0, Some(Kept::CanRestart))
    );
    let rows = stage.rows().await;
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter().all(|row| row.state == Done && row.attempts == 1 && row.done_ms.is_some()),
        "{rows:?}"
    );
}

#[tokio::test]
async fn all_blocks_come_before_all_terminations() {
    let stage = Stage::of(lab(12)).await;
    stage.carry_out((1..=12).flat_map(stop).collect()).await;
    let writes = stage.writes();
    assert_eq!(writes[..12], vec!["PUT"; 12], "{writes:?}");
    assert_eq!(writes[12..], vec!["POST"; 12], "{writes:?}");
}

#[tokio::test]
async fn a_second_block_keeps_the_first_snapshot() {
    let stage = Stage::of(lab(1)).await;
    stage.grant(1, group(1), Some(Level::CanManage));
    stage.carry_out(stop(1)).await;
    stage.grant(1, group(1), Some(Level::CanRestart));
    stage.carry_out(vec![want(1, Revoke, 0)]).await;
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanAttachTo));
    let blocks = stage.blocks().await;
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[&id(1)].snapshot.group_level, Some(Kept::CanManage));
    let tomorrow = today().succ_opt().unwrap();
    stage.carry_out_on(tomorrow, vec![want(1, Revoke, 0)]).await;
    let block = &stage.blocks().await[&id(1)];
    assert_eq!((block.day, block.snapshot.group_level.clone()), (tomorrow, Some(Kept::CanManage)));
}

#[tokio::test]
async fn nothing_may_be_left_to_the_group() {
    let stage = Stage::with(lab(1), json!({ "block_level": "NONE" })).await;
    stage.carry_out(stop(1)).await;
    assert_eq!(stage.granted(1, &group(1)), None);
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage));
    assert!(stage.release(today()).await.is_done());
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
}

#[tokio::test]
async fn grants_of_students_are_lowered_where_that_is_wanted_and_given_back() {
    let stage = Stage::with(lab(1), json!({ "revoke_scope": "students" })).await;
    let tutor = user("tutor@example.edu");
    stage.grant(1, user(&student(1)), Some(Level::CanManage));
    stage.grant(1, tutor.clone(), Some(Level::CanRestart));
    stage.carry_out(stop(1)).await;
    assert_eq!(stage.granted(1, &user(&student(1))), Some(Level::CanAttachTo));
    assert_eq!(stage.granted(1, &tutor), Some(Level::CanRestart), "who is no member keeps it");
    assert_eq!(stage.blocks().await[&id(1)].students, [student(1)]);
    assert!(stage.release(today()).await.is_done());
    assert_eq!(stage.granted(1, &user(&student(1))), Some(Level::CanManage));
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
}

#[tokio::test]
async fn where_members_cannot_be_read_the_group_is_blocked_and_the_rest_is_tried_again() {
    let stage = Stage::with(lab(1), json!({ "revoke_scope": "students" })).await;
    stage.grant(1, user(&student(1)), Some(Level::CanManage));
    stage.sim.fault(Fault::on("GET */scim/v2/*").status(403).times(1));
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!(carried.count(Revoke, Asked), 1, "{carried:?}");
    assert!(carried.problems()[0].contains("own grants"), "{:?}", carried.problems());
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanAttachTo));
    assert!(stage.is_off(1));
    assert_eq!(stage.carry_out(vec![want(1, Revoke, 0)]).await.count(Revoke, Done), 1);
    assert_eq!(stage.granted(1, &user(&student(1))), Some(Level::CanAttachTo));
    assert_eq!(stage.rows().await[0].attempts, 2);
    assert_eq!(stage.blocks().await[&id(1)].snapshot.group_level, Some(Kept::CanRestart));
}

#[tokio::test]
async fn without_its_group_a_cluster_is_stopped_all_the_same() {
    let stage = Stage::of(lab(1)).await;
    stage.sim.world(|world| world.delete_principal("group_01"));
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!((carried.count(Revoke, Impossible), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert!(carried.problems()[0].contains("group_01"), "{:?}", carried.problems());
    assert!(stage.is_off(1));
    assert!(stage.blocks().await.is_empty(), "nothing was taken, so nothing is owed");
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage));
}

#[tokio::test]
async fn a_group_counts_as_missing_only_where_that_is_certain() {
    let stage = Stage::of(lab(1)).await;
    stage.sim.world(|world| world.delete_principal("group_01"));
    stage.sim.fault(Fault::on("GET */scim/v2/*").status(403).times(1));
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!((carried.count(Revoke, Asked), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert!(carried.problems()[0].contains("could not be learnt"), "{:?}", carried.problems());
    assert_eq!(stage.carry_out(vec![want(1, Revoke, 0)]).await.count(Revoke, Impossible), 1);
}

#[tokio::test]
async fn a_cluster_without_a_group_is_only_stopped() {
    let stage = Stage::of(lab(1)).await;
    let mut wanted = stop(1);
    for wanted in &mut wanted {
        wanted.group = None;
    }
    let carried = stage.carry_out(wanted).await;
    assert_eq!((carried.count(Revoke, Done), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert_eq!(stage.asked("* /api/2.0/permissions/*"), 0);
    assert!(stage.is_off(1) && stage.blocks().await.is_empty());
}

#[tokio::test]
async fn a_renamed_cluster_blocks_its_new_group_and_releases_the_old() {
    let stage = Stage::of(lab(2)).await;
    stage.carry_out(stop(1)).await;
    let mut wanted = want(1, Revoke, 1);
    wanted.group = Some(target(2).group);
    assert_eq!(stage.carry_out(vec![wanted]).await.count(Revoke, Done), 1);
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
    assert_eq!(stage.granted(1, &group(2)), Some(Level::CanAttachTo));
    assert_eq!(stage.blocks().await[&id(1)].group, "group_02");
}

#[tokio::test]
async fn a_grant_from_above_is_told() {
    let stage = Stage::of(lab(1)).await;
    let list = json!({ "access_control_list": [
        { "group_name": "group_01", "all_permissions": [
            { "permission_level": "CAN_ATTACH_TO", "inherited": false },
            { "permission_level": "CAN_RESTART", "inherited": true, "inherited_from_object": ["/clusters/"] },
        ]},
        { "user_name": TA, "all_permissions": [{ "permission_level": "CAN_MANAGE", "inherited": false }] },
    ]});
    stage.sim.fault(Fault::on("GET /api/2.0/permissions/*").page(&list.to_string()));
    let carried = stage.carry_out(stop(1)).await;
    assert!(carried.problems()[0].contains("inherits CAN_RESTART"), "{carried:?}");
}

#[tokio::test]
async fn a_dry_run_reads_tells_and_changes_nothing() {
    let stage = Stage::with(lab(1), json!({ "dry_run": true })).await;
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!(
        carried.planned,
        ["cluster_01: block group_01: group_01 CAN_RESTART → CAN_ATTACH_TO", "cluster_01: terminate"]
    );
    assert!(carried.effects.is_empty());
    assert_eq!((stage.kept("measures"), stage.kept("blocks"), stage.writes().len()), (0, 0, 0));
    assert!(!stage.is_off(1));
}
