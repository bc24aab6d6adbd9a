//! Measures that end at any request, before or after its effect: the next poll goes on, and what the group had is known.

use roundsman_databricks::{
    enforce::Wanted,
    permissions::Level as Kept,
    quota::{
        Measure,
        MeasureKind::{Restore, Revoke, Terminate},
    },
    state::MeasureState::Done,
};
use roundsman_simulators::{Fault, Level};

use crate::stage::{Stage, TA, group, id, lab, stop, today, user, want};

/// How many requests an undisturbed stop has: list, PUT, list, delete, look.
const REQUESTS: usize = 5;

#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The attempt ends when the request was answered.
    Ends,
    /// The connection breaks, before or after the effect.
    Breaks(bool),
    /// The connection breaks, and the attempt ends.
    BreaksAndEnds(bool),
}

async fn disturbed(stage: &Stage, at: usize, cut: Cut, work: impl Future) {
    stage.sim.clear_journal();
    let fault = Fault::on("*").nth(u32::try_from(at).unwrap()).cut();
    match cut {
        Cut::Ends => {}
        Cut::Breaks(after) | Cut::BreaksAndEnds(after) => {
            stage.sim.fault(if after { fault.after_effect() } else { fault });
        }
    }
    if matches!(cut, Cut::Breaks(_)) {
        work.await;
    } else {
        tokio::select! {
            biased;
            () = stage.sim.reached(at) => {}
            _ = work => {}
        }
    }
    stage.sim.clear_faults();
}

async fn check_stop(at: usize, cut: Cut) {
    let stage = Stage::of(lab(1)).await;
    stage.grant(1, group(1), Some(Level::CanManage));
    disturbed(&stage, at, cut, stage.carry_out(stop(1))).await;
    // The next poll wants what is not done; a cluster that is off is not to be stopped again.
    let rows = stage.rows().await;
    let is_done = |kind| rows.iter().any(|row| row.kind == kind && row.state == Done);
    let mut wanted = stop(1);
    let is_off = stage.is_off(1);
    wanted.retain(|Wanted { measure: Measure { kind, .. }, .. }| {
        let is_settled = is_done(*kind) || (*kind == Terminate && is_off);
        !is_settled
    });
    let stage = Stage { test: stage.test.next_run(), ..stage };
    let carried = stage.carry_out(wanted).await;
    let told = format!("{at} {cut:?}: {carried:?}");
    assert!(carried.problems().is_empty(), "{told}");
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanAttachTo), "{told}");
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage), "{told}");
    assert!(stage.is_off(1), "{told}");
    let rows = stage.rows().await;
    assert_eq!(rows.len(), 2, "{told}");
    assert!(rows.iter().all(|row| row.state == Done && row.seq == 0), "{told}: {rows:?}");
    let blocks = stage.blocks().await;
    assert_eq!(blocks.len(), 1, "{told}");
    assert_eq!(blocks[&id(1)].snapshot.group_level, Some(Kept::CanManage), "{told}");
}

#[tokio::test]
async fn a_stop_may_end_at_any_request() {
    for at in 1..=REQUESTS {
        let cuts =
            [false, true].into_iter().flat_map(|after| [Cut::Breaks(after), Cut::BreaksAndEnds(after)]);
        for cut in [Cut::Ends].into_iter().chain(cuts) {
            Box::pin(check_stop(at, cut)).await;
        }
    }
}

#[tokio::test]
async fn an_undisturbed_stop_has_as_many_requests_as_are_disturbed() {
    let stage = Stage::of(lab(1)).await;
    stage.carry_out(stop(1)).await;
    assert_eq!(stage.sim.journal().len(), REQUESTS);
}

/// List, PATCH, list.
#[tokio::test]
async fn a_release_may_end_at_any_request() {
    for at in 1..=3 {
        for cut in [Cut::Ends, Cut::BreaksAndEnds(false), Cut::BreaksAndEnds(true), Cut::Breaks(true)] {
            let stage = Stage::of(lab(1)).await;
            stage.grant(1, group(1), Some(Level::CanManage));
            stage.carry_out(stop(1)).await;
            disturbed(&stage, at, cut, stage.carry_out(vec![want(1, Restore, 0)])).await;
            let stage = Stage { test: stage.test.next_run(), ..stage };
            let released = stage.release(today()).await;
            assert!(released.is_done(), "{at} {cut:?}: {released:?}");
            assert_eq!(stage.granted(1, &group(1)), Some(Level::CanManage), "{at} {cut:?}");
            assert!(stage.blocks().await.is_empty());
        }
    }
}

/// A block that was cut off and is never decided again is released at the end of the day all the same.
#[tokio::test]
async fn a_block_that_was_cut_off_is_released_too() {
    for at in 1..=3 {
        let stage = Stage::of(lab(1)).await;
        disturbed(&stage, at, Cut::Ends, stage.carry_out(vec![want(1, Revoke, 0)])).await;
        let stage = Stage { test: stage.test.next_run(), ..stage };
        assert!(stage.release(today()).await.is_done());
        assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart), "{at}");
        assert!(stage.blocks().await.is_empty());
    }
}
