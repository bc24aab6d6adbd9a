//! Any sequence of blocks, releases, nightly looks and doings of others: what others granted is never lost, and a block
//! that is released gives the group at least its right to start.

use std::collections::BTreeMap;

use proptest::prelude::*;
use roundsman_databricks::{
    enforce::reconcile,
    quota::MeasureKind::{Restore, Revoke},
};
use roundsman_simulators::{Fault, Level, Principal};
use serde_json::json;

use crate::stage::{Stage, TA, group, id, lab, target, today, user, want};

#[derive(Debug, Clone)]
enum Step {
    Block,
    Restore,
    EndOfDay,
    Reconcile,
    /// Somebody else grants or takes something.
    Others(usize, Option<Level>),
    /// Somebody else changes what the group has.
    Group(Option<Level>),
    /// The next write of a list breaks off, before or after its effect.
    Trouble(bool),
}

fn level() -> impl Strategy<Value = Option<Level>> {
    let levels = [None, Some(Level::CanAttachTo), Some(Level::CanRestart), Some(Level::CanManage)];
    prop::sample::select(levels.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Block),
        2 => Just(Step::Restore),
        1 => Just(Step::EndOfDay),
        2 => Just(Step::Reconcile),
        3 => (0..4_usize, level()).prop_map(|(who, level)| Step::Others(who, level)),
        1 => level().prop_map(Step::Group),
        1 => any::<bool>().prop_map(Step::Trouble),
    ]
}

/// Others who are granted things: people, a group, a program.
fn others() -> [Principal; 4] {
    [
        user(TA),
        user("tutor@example.edu"),
        Principal::Group("staff".to_owned()),
        Principal::ServicePrincipal("11111111-2222-3333-4444-555555555555".to_owned()),
    ]
}

/// Connections that break once are no trouble.
fn well(problems: Vec<String>) {
    assert_eq!(problems, Vec::<String>::new());
}

async fn check(steps: Vec<Step>, block_level: &str) {
    let scenario = lab(1).group("staff", &[TA]).token("token-of-the-admin", "admin@example.edu");
    let scenario = scenario.client("11111111-2222-3333-4444-555555555555", "secret-of-the-program");
    let keys = json!({ "block_level": block_level });
    let mut stage = Stage::with(scenario, keys).await;
    let mut granted = BTreeMap::from([(user(TA), Level::CanManage)]);
    for (place, step) in steps.iter().enumerate() {
        let seq = u32::try_from(place).unwrap();
        match step {
            Step::Block => well(stage.carry_out(vec![want(1, Revoke, seq)]).await.problems()),
            Step::Restore => well(stage.carry_out(vec![want(1, Restore, seq)]).await.problems()),
            Step::EndOfDay => well(stage.release(today()).await.problems()),
            Step::Reconcile => well(reconcile(&stage.lab(), vec![target(1)]).await.problems()),
            Step::Others(who, level) => {
                let who = others()[*who].clone();
                stage.grant(1, who.clone(), *level);
                match level {
                    Some(level) => drop(granted.insert(who, *level)),
                    None => drop(granted.remove(&who)),
                }
            }
            Step::Group(level) => stage.grant(1, group(1), *level),
            Step::Trouble(after) => {
                for method in ["PUT", "PATCH"] {
                    let fault = Fault::on(&format!("{method} */permissions/*")).cut().times(1);
                    stage.sim.fault(if *after { fault.after_effect() } else { fault });
                }
            }
        }
        stage = Stage { test: stage.test.next_run(), ..stage };
        let mut there: BTreeMap<_, _> = stage.sim.world(|world| world.acl(&id(1))).into_iter().collect();
        there.remove(&group(1));
        assert_eq!(there, granted, "after step {place} of {steps:?}");
    }
    stage.sim.clear_faults();
    well(stage.release(today()).await.problems());
    well(reconcile(&stage.lab(), vec![target(1)]).await.problems());
    assert!(stage.granted(1, &group(1)) >= Some(Level::CanRestart));
    assert!(stage.blocks().await.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn grants_of_others_are_never_lost(
        steps in prop::collection::vec(step(), 1..14),
        block_level in prop::sample::select(vec!["CAN_ATTACH_TO", "NONE"]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(steps, block_level));
    }
}
