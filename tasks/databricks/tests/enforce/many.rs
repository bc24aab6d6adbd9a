//! Twenty clusters at once, some of which fail in every way: the others do not notice.

use roundsman_databricks::{
    quota::MeasureKind::{Revoke, Terminate},
    state::MeasureState::{Asked, Done, Impossible, Verifying},
};
use roundsman_simulators::{Fault, Level};

use crate::stage::{Stage, TA, group, id, lab, stop, today, user};

#[tokio::test]
async fn clusters_that_fail_harm_no_others() {
    let stage = Stage::of(lab(20)).await;
    let list = |number| format!("* */permissions/clusters/{}", id(number));
    stage.sim.fault(Fault::on(&list(3)).status(403));
    stage.sim.fault(Fault::on(&list(5)).cut().times(1));
    stage.sim.fault(Fault::on("POST */clusters/delete").containing(&id(7)).status(403));
    stage.sim.fault(Fault::on("POST */clusters/delete").containing(&id(9)).cut().after_effect().times(1));
    stage.sim.world(|world| {
        world.delete_principal("group_11");
        world.forget(&id(13)).unwrap();
        world.misstate(&id(15), Some("RUNNING")).unwrap();
    });
    let carried = stage.carry_out((1..=20).flat_map(stop).collect()).await;
    let of = |number: u32, kind| {
        let id = id(number);
        let mut rows = carried.effects.iter().map(|effect| &effect.row);
        rows.find(|row| row.cluster_id == id && row.kind == kind).unwrap().state
    };
    for number in 1..=20 {
        let expected = match number {
            3 => (Asked, Done),
            7 => (Done, Asked),
            11 | 13 => (Impossible, Done),
            15 => (Done, Verifying),
            _ => (Done, Done),
        };
        assert_eq!((of(number, Revoke), of(number, Terminate)), expected, "{number}: {carried:?}");
        if ![3, 11, 13].contains(&number) {
            assert_eq!(stage.granted(number, &group(number)), Some(Level::CanAttachTo), "{number}");
            assert_eq!(stage.granted(number, &user(TA)), Some(Level::CanManage), "{number}");
        }
    }
    assert_eq!(carried.problems().len(), 4, "{:?}", carried.problems());
    stage.sim.clear_faults();
    let released = stage.release(today()).await;
    assert!(released.is_done(), "{released:?}");
    for number in (1..=20).filter(|number| ![11, 13].contains(number)) {
        assert_eq!(stage.granted(number, &group(number)), Some(Level::CanRestart), "{number}");
    }
}
