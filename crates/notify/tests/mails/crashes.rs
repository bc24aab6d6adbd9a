//! Runs that end in the middle: after every request, before and after its effect, and after every write. What the service
//! says is elsewhere.

use std::time::Duration;

use async_trait::async_trait;
use proptest::{prelude::*, test_runner::TestCaseResult};
use roundsman_model::DocumentError;
use roundsman_notify::{
    Acs, Handed, Limits, Mail, Outbox, Policy, SendError, State, Status, Transport, Uuid,
};
use roundsman_simulators::{Fault, Scenario};
use roundsman_testkit::TestContext;

use crate::stage::{CUSTOM, SEND, Stage, epoch};

/// How a run ends, and at which of its requests.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: u32,
    how: How,
    /// Whether the same run goes on, or the next one.
    same_run: bool,
    pause: u64,
}

#[derive(Debug, Clone, Copy)]
enum How {
    KilledBefore,
    KilledAfter,
    BrokenBefore,
    BrokenAfter,
    ErrorAfter,
    /// The answer came; what follows from it could not be written.
    StoreAway,
}

/// Cuts off the store once the service has answered so many times.
struct Severing<'a> {
    acs: Acs,
    test: &'a TestContext,
    left: std::sync::atomic::AtomicU32,
}

impl Severing<'_> {
    fn answered(&self) {
        if self.left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            self.test.fail_documents(DocumentError::Unavailable { cause: "away".to_owned() });
        }
    }
}

#[async_trait]
impl Transport for Severing<'_> {
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<Handed, SendError> {
        let sent = self.acs.send(id, mail).await;
        self.answered();
        sent
    }

    async fn status(&self, id: Uuid) -> Result<Option<Status>, SendError> {
        let status = self.acs.status(id).await;
        self.answered();
        status
    }

    fn limits(&self) -> Limits {
        self.acs.limits()
    }

    fn questions(&self) -> Option<Limits> {
        self.acs.questions()
    }
}

async fn crash(stage: &mut Stage, cut: Cut) {
    stage.sim.clear_faults();
    let (any, before) = (Fault::on("*").nth(cut.at), stage.sim.journal().len());
    let outbox = stage.outbox();
    match cut.how {
        How::StoreAway => {
            let left = cut.at.into();
            let transport = Severing { acs: stage.acs(), test: &stage.test, left };
            drop(outbox.drain(&transport).await);
            stage.test.fail_documents(None);
        }
        How::KilledBefore | How::KilledAfter => {
            let hang = any.hang();
            let after = matches!(cut.how, How::KilledAfter);
            stage.sim.fault(if after { hang.after_effect() } else { hang });
            let acs = stage.acs();
            tokio::select! {
                drained = outbox.drain(&acs) => drop(drained.unwrap()),
                () = stage.sim.reached(before + cut.at as usize) => {}
            }
        }
        How::BrokenBefore => broken(stage, &outbox, any.cut()).await,
        How::BrokenAfter => broken(stage, &outbox, any.cut().after_effect()).await,
        How::ErrorAfter => broken(stage, &outbox, any.status(502).after_effect()).await,
    }
    stage.sim.clear_faults();
    if cut.same_run {
        stage.next_attempt();
    } else {
        stage.next_run();
    }
    stage.pass(cut.pause);
}

async fn broken(stage: &Stage, outbox: &Outbox, fault: Fault) {
    stage.sim.fault(fault);
    outbox.drain(&stage.acs()).await.unwrap();
}

fn wide(scenario: &mut Scenario) {
    (scenario.acs.sends_per_minute, scenario.acs.sends_per_hour) = (Some(1_000), Some(1_000));
    (scenario.acs.statuses_per_minute, scenario.acs.statuses_per_hour) = (Some(1_000), Some(1_000));
}

/// Nobody got a mail twice, and everybody got theirs. Also the service's own memory was never needed.
async fn judge(stage: &Stage, mails: u128) -> TestCaseResult {
    let ended = stage.outbox().ended_since(epoch()).await.unwrap();
    prop_assert_eq!(ended.len() as u128, mails);
    prop_assert!(stage.outbox().open().await.unwrap().is_empty());
    for number in 0..mails {
        let id = Uuid::from_u128(number).to_string();
        let taken = stage
            .sim
            .asked(SEND)
            .into_iter()
            .filter(|entry| entry.effect && entry.header("operation-id") == Some(id.as_str()));
        prop_assert_eq!(taken.count(), 1, "mail {}", number);
    }
    prop_assert_eq!(stage.subjects().len() as u128, mails);
    let known = |state| matches!(state, State::Succeeded | State::Unconfirmed);
    prop_assert!(ended.iter().all(|(_, record)| known(record.state)));
    Ok(())
}

async fn survive(mails: u128, cuts: &[Cut]) -> TestCaseResult {
    let mut stage = Stage::with(CUSTOM, wide).await;
    stage.policy.limits = Some(Limits { per_minute: 100, per_hour: 500 });
    for number in 0..mails {
        stage.enter(number, (number % 3) as u8).await;
    }
    for cut in cuts {
        crash(&mut stage, *cut).await;
    }
    stage.drain_to_the_end().await;
    judge(&stage, mails).await
}

const ALL: [How; 6] = [
    How::KilledBefore,
    How::KilledAfter,
    How::BrokenBefore,
    How::BrokenAfter,
    How::ErrorAfter,
    How::StoreAway,
];

#[tokio::test]
async fn every_single_cut() {
    for how in ALL {
        for at in 1..=4 {
            for same_run in [true, false] {
                let cut = Cut { at, how, same_run, pause: 0 };
                // The second one falls on the questions of the first.
                let asking = Cut { pause: 150, ..cut };
                survive(3, &[cut]).await.unwrap_or_else(|error| panic!("{cut:?}: {error}"));
                survive(3, &[asking, cut]).await.unwrap_or_else(|error| panic!("{asking:?} twice: {error}"));
            }
        }
    }
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let how = prop::sample::select(ALL.to_vec());
    let cut = (1_u32..6, how, any::<bool>(), prop::sample::select(vec![0, 1, 70, 301, 4_000]))
        .prop_map(|(at, how, same_run, pause)| Cut { at, how, same_run, pause });
    prop::collection::vec(cut, 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_cuts(mails in 1_u128..6, cuts in cuts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(survive(mails, &cuts))?;
    }
}

#[tokio::test]
async fn the_next_attempt_of_a_run_asks_at_once_and_another_run_waits() {
    for same_run in [true, false] {
        let mut stage = Stage::new().await;
        let id = stage.enter(1, 0).await;
        crash(&mut stage, Cut { at: 1, how: How::KilledBefore, same_run, pause: 0 }).await;
        assert_eq!(stage.state(id).await, State::Sending);
        let drained = stage.drain().await;
        assert_eq!(drained.sent, u32::from(same_run));
        if !same_run {
            // Whoever began it may still be about to send it.
            let next = drained.next_at.unwrap();
            assert!(next > stage.now() + Duration::from_mins(4));
            stage.clock.set(next);
            assert_eq!(stage.drain().await.sent, 1);
        }
        assert_eq!(stage.subjects().len(), 1);
    }
}

/// A server that cannot be asked: taken at once, told late.
#[derive(Default)]
struct Slow {
    taken: std::sync::Mutex<Vec<Uuid>>,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, id: Uuid, _: &Mail) -> Result<Handed, SendError> {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.taken.lock().unwrap().push(id);
        tokio::task::yield_now().await;
        Ok(Handed::default())
    }

    async fn status(&self, _: Uuid) -> Result<Option<Status>, SendError> {
        Ok(None)
    }

    fn limits(&self) -> Limits {
        Limits { per_minute: 25, per_hour: 25 }
    }

    fn questions(&self) -> Option<Limits> {
        None
    }
}

#[tokio::test]
async fn two_who_empty_it_at_a_time_send_nothing_twice_and_keep_the_limits_together() {
    let mut stage = Stage::new().await;
    stage.policy = Policy { reserved: 0, ..Policy::default() };
    for number in 0..40 {
        stage.enter(number, 1).await;
    }
    let (first, slow) = (stage.outbox(), Slow::default());
    stage.next_run();
    let second = stage.outbox();
    let (one, other) = tokio::join!(first.drain(&slow), second.drain(&slow));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.sent > 0 && other.sent > 0, "both had their part: {one:?} {other:?}");
    let mut taken = slow.taken.lock().unwrap().clone();
    assert_eq!((taken.len(), one.sent + other.sent), (25, 25));
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 25, "nothing twice");
}
