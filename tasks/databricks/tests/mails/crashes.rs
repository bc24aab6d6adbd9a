//! Runs that end in the middle, at any of their requests, before or after its effect: each mail is taken once, and none is
//! lost.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::TestCaseResult};
use roundsman_databricks::mails::MailKind;
use roundsman_simulators::Fault;

use crate::stage::{SEND, Stage};

/// How a run ends, and at which of its requests.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: u32,
    how: How,
    same_run: bool,
}

#[derive(Debug, Clone, Copy)]
enum How {
    KilledBefore,
    KilledAfter,
    BrokenBefore,
    BrokenAfter,
    ErrorAfter,
    /// Nothing can be written or read any more.
    StoreAway,
}

const ALL: [How; 6] = [
    How::KilledBefore,
    How::KilledAfter,
    How::BrokenBefore,
    How::BrokenAfter,
    How::ErrorAfter,
    How::StoreAway,
];

/// What a poll does that finds two clusters over their limit and one near it. What cannot be entered now is entered later.
async fn poll(stage: &Stage) {
    let post = stage.post();
    for number in [1, 2] {
        drop(post.stop(&stage.about(number, 210)).await);
    }
    drop(post.warn(&stage.about(3, 180)).await);
    post.drain(stage.now() + std::time::Duration::from_mins(3)).await;
}

async fn crash(stage: &mut Stage, cut: Cut) {
    stage.sim.clear_faults();
    let (any, before) = (Fault::on("*").nth(cut.at), stage.sim.journal().len());
    let away = roundsman_task::DocumentError::Unavailable { cause: "away".to_owned() };
    match cut.how {
        How::KilledBefore => drop(stage.sim.fault(any.hang())),
        How::KilledAfter => drop(stage.sim.fault(any.hang().after_effect())),
        How::BrokenBefore => drop(stage.sim.fault(any.cut())),
        How::BrokenAfter => drop(stage.sim.fault(any.cut().after_effect())),
        How::ErrorAfter => drop(stage.sim.fault(any.status(502).after_effect())),
        How::StoreAway => {}
    }
    let at = before + cut.at as usize;
    tokio::select! {
        () = poll(stage) => {}
        () = stage.sim.reached(at), if matches!(cut.how, How::KilledBefore | How::KilledAfter) => {}
        () = async { stage.sim.reached(at).await; stage.test.fail_documents(away); std::future::pending().await },
            if matches!(cut.how, How::StoreAway) => {}
    }
    stage.test.fail_documents(None);
    stage.sim.clear_faults();
    let attempt = stage.test.next_attempt();
    stage.later(if cut.same_run { 1 } else { 15 });
    if cut.same_run {
        stage.test = attempt;
    }
}

async fn survive(cuts: &[Cut]) -> TestCaseResult {
    let mut stage = Stage::new().await;
    for cut in cuts {
        crash(&mut stage, *cut).await;
    }
    for polls in 0.. {
        poll(&stage).await;
        if stage.open().await.is_empty() {
            break;
        }
        prop_assert!(polls < 20, "mails wait for ever");
        stage.later(15);
    }
    prop_assert!(stage.open().await.is_empty());
    let mut taken = BTreeMap::<String, u32>::new();
    for entry in stage.sim.asked(SEND).iter().filter(|entry| entry.effect) {
        *taken.entry(entry.header("operation-id").unwrap().to_owned()).or_default() += 1;
    }
    let ids = [(MailKind::Stop, 1), (MailKind::Stop, 2), (MailKind::Warn, 3)];
    let expected: BTreeMap<_, _> =
        ids.into_iter().map(|(kind, number)| (stage.id(kind, number).to_string(), 1)).collect();
    prop_assert_eq!(taken, expected);
    Ok(())
}

#[tokio::test]
async fn every_single_cut() {
    for how in ALL {
        for at in 1..=8 {
            for same_run in [true, false] {
                let cut = Cut { at, how, same_run };
                survive(&[cut]).await.unwrap_or_else(|error| panic!("{cut:?}: {error}"));
            }
        }
    }
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let cut = (1_u32..10, prop::sample::select(ALL.to_vec()), any::<bool>())
        .prop_map(|(at, how, same_run)| Cut { at, how, same_run });
    prop::collection::vec(cut, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_cuts(cuts in cuts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(survive(&cuts))?;
    }
}
