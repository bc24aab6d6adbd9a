//! Applies that are disturbed or ended at any request: the next one makes good what is missing, and nothing is there twice.

use std::time::Duration;

use proptest::prelude::*;
use roundsman_databricks::provision::{Desired, Removal};
use roundsman_simulators::{Fault, State};

use crate::stage::Stage;

/// What goes wrong at one request.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// The connection breaks before or after it is done.
    Cut(bool),
    /// An answer with this status, before or after it is done.
    Status(u16, bool),
    /// The whole attempt ends right after it.
    Ends,
}

fn wrong() -> impl Strategy<Value = Wrong> {
    let status = prop::sample::select(vec![400_u16, 401, 403, 404, 409, 429, 500, 503]);
    prop_oneof![
        2 => any::<bool>().prop_map(Wrong::Cut),
        3 => (status, any::<bool>()).prop_map(|(status, after)| Wrong::Status(status, after)),
        4 => Just(Wrong::Ends),
    ]
}

fn wanted(stage: &Stage) -> Desired {
    stage.wanted(&[&["s1@example.edu", "s2@example.edu"], &["s3@example.edu"], &["s4@example.edu"]])
}

async fn stage() -> Stage {
    let mut stage = Stage::empty().await;
    stage.settings.python_packages = serde_json::from_str(r#"["nltk==3.9.1"]"#).unwrap();
    stage
}

/// One apply of which the request `at` goes wrong.
async fn disturbed(stage: &Stage, desired: &Desired, at: usize, wrong: Wrong) {
    stage.sim.clear_journal();
    let fault = Fault::on("*").nth(u32::try_from(at).unwrap());
    let fault = match wrong {
        Wrong::Cut(after) => Some((fault.cut(), after)),
        Wrong::Status(status, after) => Some((fault.status(status), after)),
        Wrong::Ends => None,
    };
    if let Some((fault, after)) = fault {
        stage.sim.fault(if after { fault.after_effect() } else { fault });
        drop(stage.try_apply(desired).await);
    } else {
        tokio::select! {
            biased;
            () = stage.sim.reached(at) => {}
            _ = stage.try_apply(desired) => {}
        }
    }
    stage.sim.clear_faults();
}

/// How many requests an undisturbed apply has.
const REQUESTS: usize = 76;

async fn check(first: (usize, Wrong), second: Option<(usize, Wrong)>) {
    let mut stage = stage().await;
    let desired = wanted(&stage);
    for (at, wrong) in [Some(first), second].into_iter().flatten() {
        disturbed(&stage, &desired, at, wrong).await;
        stage.remember_unfinished();
        stage.later(Duration::from_mins(1));
    }
    let applied = stage.try_apply(&desired).await.unwrap();
    assert!(applied.is_success(), "{}\n{:#?}", applied.summary(), applied.entries);
    let again = stage.plan(&desired).await;
    assert!(again.is_empty(), "{again}");
    assert_eq!(stage.names(), ["cluster_01", "cluster_02", "cluster_03"], "nothing is there twice");
    assert_eq!(stage.sim.world(|world| world.users().len()), 5);
    stage.later(Duration::from_mins(2));
    let up: Vec<_> = stage.clusters().into_iter().filter(|one| one.2 != State::Terminated).collect();
    assert!(up.is_empty(), "left running: {up:?}");
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

/// Each request of an apply, one after the other.
async fn check_all(wrong: Wrong) {
    for at in 1..=REQUESTS {
        Box::pin(check((at, wrong), None)).await;
    }
}

#[tokio::test]
async fn an_attempt_may_end_after_any_request() {
    check_all(Wrong::Ends).await;
}

#[tokio::test]
async fn any_connection_may_break_after_its_effect() {
    check_all(Wrong::Cut(true)).await;
}

/// Whoever says that nothing was done is not believed.
#[tokio::test]
async fn any_answer_may_say_not_now_after_its_effect() {
    check_all(Wrong::Status(503, true)).await;
}

#[tokio::test]
async fn any_request_may_be_refused() {
    check_all(Wrong::Status(400, false)).await;
}

/// Twice in a row: when clusters are there already, one that is said to be missing must not be made again.
#[tokio::test]
async fn a_cluster_that_one_answer_denies_is_not_made_again() {
    for at in 12..=30 {
        Box::pin(check((70, Wrong::Ends), Some((at, Wrong::Status(404, false))))).await;
    }
}

#[tokio::test]
async fn an_undisturbed_apply_has_as_many_requests_as_are_disturbed() {
    let stage = stage().await;
    assert!(stage.apply(&wanted(&stage)).await.is_success());
    let requests = stage.sim.journal().len();
    assert_eq!(requests, REQUESTS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_goes_wrong_the_next_apply_converges(
        first in (1..=REQUESTS, wrong()),
        second in prop::option::of((1..=REQUESTS, wrong())),
    ) {
        block_on(check(first, second));
    }
}

#[tokio::test]
async fn a_creation_that_breaks_off_anywhere_makes_one_cluster() {
    let check = async |fault: Fault| {
        let stage = Stage::empty().await;
        stage.sim.fault(fault);
        stage.apply(&stage.wanted(&[&["s1@example.edu"]])).await;
        assert_eq!(stage.names(), ["cluster_01"]);
    };
    let create = || Fault::on("POST */clusters/create");
    check(create().times(1).cut().after_effect()).await;
    check(create().times(1).status(500).after_effect()).await;
    check(create().times(2).cut()).await;
    check(create().times(1).status(429)).await;
    check(create().times(1).status(429).after_effect()).await;
    check(create().times(1).status(503).after_effect()).await;
}

/// The whole course goes, disturbed at any request; the next time the rest goes, and strangers stay.
#[tokio::test]
async fn a_destroy_that_was_disturbed_is_completed_by_the_next() {
    for (at, wrong) in
        [(24, Wrong::Ends), (26, Wrong::Status(400, false)), (28, Wrong::Ends), (30, Wrong::Cut(true))]
    {
        let mut stage = stage().await;
        let desired = wanted(&stage);
        stage.apply(&desired).await;
        stage.options.removal = Removal::Destroy;
        disturbed(&stage, &desired, at, wrong).await;
        stage.apply(&desired).await;
        assert_eq!(stage.names(), Vec::<String>::new());
        stage.sim.world(|world| {
            assert_eq!(
                (world.users(), world.groups()),
                (vec!["admin@example.edu".to_owned()], vec!["admins".to_owned(), "users".to_owned()])
            );
        });
    }
}
