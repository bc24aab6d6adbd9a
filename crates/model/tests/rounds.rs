//! Tasks that follow others: what a follower does, and the names of rounds.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use proptest::prelude::*;
use roundsman_model::{
    RunId, RunState, TaskName, Timestamp, Upstream,
    after::{Following, Standing, decide, round_of_run, round_of_slot, slot_of_round},
};

fn upstream(task: &str, on: &[RunState]) -> Upstream {
    Upstream { task: task.parse().unwrap(), on: on.to_vec() }
}

fn following(after: &[Upstream], standing: &[(&str, Standing)]) -> String {
    let of = |task: &TaskName| standing.iter().find(|(name, _)| *name == task.as_str()).unwrap().1;
    match decide(after, of) {
        Following::Wait => "waits".into(),
        Following::Run => "runs".into(),
        Following::Skip(reason) => format!("is skipped: {reason}"),
    }
}

#[test]
fn what_a_follower_does() {
    use RunState::{Failed, Lost, Partial, Skipped, Succeeded};
    use Standing::{Ended, Never, Open};
    let after = [upstream("a", &[Succeeded]), upstream("b", &[Succeeded, Partial])];
    let table = [
        (Open, Open, "waits"),
        (Ended(Succeeded), Open, "waits"),
        (Open, Ended(Partial), "waits"),
        (Ended(Succeeded), Ended(Partial), "runs"),
        (Ended(Succeeded), Ended(Succeeded), "runs"),
        (Ended(Partial), Ended(Succeeded), "is skipped: upstream a partial"),
        (Open, Ended(Failed), "is skipped: upstream b failed"),
        (Ended(Failed), Ended(Lost), "is skipped: upstream a failed"),
        (Ended(Skipped), Open, "is skipped: upstream a skipped"),
        (Open, Never, "is skipped: upstream b did not run"),
        (Ended(Succeeded), Never, "is skipped: upstream b did not run"),
    ];
    for (a, b, expected) in table {
        assert_eq!(following(&after, &[("a", a), ("b", b)]), expected, "{a:?}, {b:?}");
    }
}

#[test]
fn every_end_can_be_asked_for() {
    for state in RunState::ALL.into_iter().filter(|state| !state.is_active()) {
        assert_eq!(following(&[upstream("a", &[state])], &[("a", Standing::Ended(state))]), "runs");
    }
}

proptest! {
    /// It runs only if every upstream ended as asked, and is skipped as soon as one cannot any more.
    #[test]
    fn all_must_hold(standings in prop::collection::vec(0..4_u8, 0..5)) {
        let after: Vec<Upstream> =
            (0..standings.len()).map(|n| upstream(&format!("t{n}"), &[RunState::Succeeded])).collect();
        let of = |task: &TaskName| match standings[task.as_str()[1..].parse::<usize>().unwrap()] {
            0 => Standing::Open,
            1 => Standing::Ended(RunState::Succeeded),
            2 => Standing::Ended(RunState::TimedOut),
            _ => Standing::Never,
        };
        let refused = standings.iter().any(|standing| *standing >= 2);
        match decide(&after, of) {
            Following::Skip(_) => prop_assert!(refused),
            Following::Wait => prop_assert!(!refused && standings.contains(&0)),
            Following::Run => prop_assert!(standings.iter().all(|standing| *standing == 1)),
        }
    }

    #[test]
    fn a_round_knows_its_slot(secs in -62_000_000_000_i64..253_000_000_000) {
        let slot = Timestamp::from_timestamp(secs, 0).unwrap();
        prop_assert_eq!(slot_of_round(&round_of_slot(slot)), Some(slot));
    }
}

#[test]
fn rounds_that_have_no_slot() {
    assert_eq!(round_of_run(RunId(7)), "run:7");
    for round in ["run:7", "slot:", "slot:yesterday", ""] {
        assert_eq!(slot_of_round(round), None, "{round}");
    }
}
