//! Terminations: of clusters that are gone, in the wrong state or slow, and what the next poll does about them.

use roundsman_databricks::{
    quota::MeasureKind::{Restore, Revoke, Terminate},
    state::MeasureState::{Asked, Done, Impossible, Verifying},
};
use roundsman_simulators::{Fault, Shape};

use crate::stage::{Stage, id, lab, stop, today, want};

#[tokio::test]
async fn a_slow_termination_is_looked_at_again_by_the_next_poll() {
    let stage = Stage::of(lab(1)).await;
    stage.sim.world(|world| world.misstate(&id(1), Some("RUNNING")).unwrap());
    let begun = stage.lab().cx.now();
    let carried = stage.carry_out(stop(1)).await;
    let took = (stage.lab().cx.now() - begun).num_seconds();
    assert!((25..40).contains(&took), "looked for {took} s");
    assert_eq!(carried.count(Terminate, Verifying), 1, "{carried:?}");
    assert!(carried.problems().is_empty(), "{:?}", carried.problems());
    assert_eq!(stage.state_of(1, Terminate).await, Verifying);
    stage.sim.world(|world| world.misstate(&id(1), None).unwrap());
    let carried = stage.carry_out(Vec::new()).await;
    assert_eq!(carried.count(Terminate, Done), 1, "it is off, so no poll wants it to stop again");
    assert_eq!(stage.state_of(1, Terminate).await, Done);
    assert_eq!(stage.asked("POST */clusters/delete"), 1);
    assert!(stage.carry_out(Vec::new()).await.effects.is_empty());
}

#[tokio::test]
async fn a_slow_termination_that_is_wanted_again_keeps_its_number_and_its_instant() {
    let stage = Stage::of(lab(1)).await;
    stage.sim.world(|world| world.misstate(&id(1), Some("RUNNING")).unwrap());
    stage.carry_out(stop(1)).await;
    let asked_ms = stage.rows().await[1].asked_ms;
    stage.sim.world(|world| world.misstate(&id(1), None).unwrap());
    let carried = stage.carry_out(vec![want(1, Terminate, 0)]).await;
    assert_eq!(carried.count(Terminate, Done), 1, "{carried:?}");
    let row = &stage.rows().await[1];
    assert_eq!((row.seq, row.attempts, row.asked_ms, row.state), (0, 2, asked_ms, Done));
}

/// What an earlier poll could not stop and nobody wants to stop now costs one look, not half a minute.
#[tokio::test]
async fn what_runs_and_is_not_wanted_stopped_any_more_is_left_alone() {
    let stage = Stage::of(lab(1)).await;
    stage.sim.fault(Fault::on("POST */clusters/delete").status(403).times(1));
    assert_eq!(stage.carry_out(stop(1)).await.count(Terminate, Asked), 1);
    let before = stage.lab().cx.now();
    assert_eq!(stage.carry_out(vec![want(1, Restore, 0)]).await.effects.len(), 1);
    assert!((stage.lab().cx.now() - before).num_seconds() < 3);
    assert!(!stage.is_off(1));
}

#[tokio::test]
async fn a_cluster_that_is_gone_is_off() {
    let stage = Stage::of(lab(1)).await;
    stage.sim.world(|world| world.forget(&id(1)).unwrap());
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!((carried.count(Revoke, Impossible), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert!(stage.blocks().await.is_empty());
}

#[tokio::test]
async fn the_block_of_a_cluster_that_is_gone_is_dropped() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    stage.sim.world(|world| world.forget(&id(1)).unwrap());
    assert_eq!(stage.carry_out(vec![want(1, Revoke, 0)]).await.count(Revoke, Impossible), 1);
    assert!(stage.blocks().await.is_empty());
    assert!(stage.release(today()).await.is_done());
}

#[tokio::test]
async fn the_wrong_state_is_looked_at() {
    let wrong = || {
        let fault = Fault::on("POST */clusters/delete").status(400).times(1);
        fault.shape(Shape::Standard, "INVALID_STATE", "Cluster is in unexpected state Pending.")
    };
    let stage = Stage::of(lab(2)).await;
    stage.sim.fault(wrong());
    let carried = stage.carry_out(vec![want(1, Terminate, 0)]).await;
    assert_eq!(carried.count(Terminate, Asked), 1, "{carried:?}");
    assert!(carried.problems()[0].contains("INVALID_STATE"), "{:?}", carried.problems());
    assert_eq!(stage.carry_out(vec![want(1, Terminate, 0)]).await.count(Terminate, Done), 1);
    stage.sim.fault(wrong().after_effect());
    let carried = stage.carry_out(vec![want(2, Terminate, 0)]).await;
    assert_eq!(carried.count(Terminate, Done), 1, "it went off meanwhile: {carried:?}");
}

#[tokio::test]
async fn a_block_that_fails_does_not_hold_up_the_termination() {
    for status in [400, 403, 429, 500] {
        let stage = Stage::of(lab(1)).await;
        stage.sim.fault(Fault::on("* */permissions/*").status(status));
        let begun = stage.lab().cx.now();
        let carried = stage.carry_out(stop(1)).await;
        assert_eq!((carried.count(Revoke, Asked), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
        assert!(stage.is_off(1), "{status}");
        assert!((stage.lab().cx.now() - begun).num_seconds() < 90, "{status}");
        stage.sim.clear_faults();
        assert_eq!(stage.carry_out(vec![want(1, Revoke, 0)]).await.count(Revoke, Done), 1);
    }
}
