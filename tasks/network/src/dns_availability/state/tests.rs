//! Hysteresis and flapping over whole sequences of looks. The clock is a number.

use std::time::Duration;

use chrono::TimeDelta;
use proptest::prelude::*;
use roundsman_task::Timestamp;

use super::{History, Level, Rules, State};

const RULES: Rules =
    Rules { fail_after: 3, recover_after: 2, flap_changes: 6, flap_window: Duration::from_secs(3600) };

fn minute(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::minutes(number)
}

fn level(look: char) -> Level {
    match look {
        'o' => Level::Ok,
        'g' => Level::Degraded,
        _ => Level::Down,
    }
}

/// The states after each of these looks, one a minute: `o`k, de`g`raded, `d`own, `u`nknown, `f`lapping.
fn check(looks: &str, expected: &str) {
    let mut history = History::new(minute(0));
    let states: String = looks
        .chars()
        .zip(0..)
        .map(|(look, number)| {
            history.see(level(look), minute(number), &RULES);
            match history.state() {
                State::Unknown => 'u',
                State::Ok => 'o',
                State::Degraded => 'g',
                State::Down => 'd',
                State::Flapping => 'f',
            }
        })
        .collect();
    assert_eq!(states, expected, "after {looks}");
}

#[test]
fn two_failures_are_not_enough_three_are() {
    check("oddo", "oooo");
    check("oddd", "oood");
    check("odddo", "ooodd");
    check("odddoo", "oooddo");
    check("odddodoo", "oooddddo");
}

#[test]
fn what_is_unknown_becomes_good_at_once_and_bad_slowly() {
    check("o", "o");
    check("dd", "uu");
    check("ddd", "uud");
    check("ddo", "uuo");
    check("ggd", "uug");
}

#[test]
fn degrees_of_badness() {
    check("oggg", "ooog");
    check("oddg", "ooog");
    check("oggggddd", "oooggggd");
    check("odddgg", "oooddg");
    check("odddgo", "oooddg");
    check("odddgoo", "oooddgo");
}

#[test]
fn too_many_changes_are_flapping_until_it_has_been_calm() {
    use State::{Down, Flapping, Ok};
    // Each round of five looks changes the state twice.
    let rounds = "dddoo".repeat(4);
    let mut history = History::new(minute(0));
    history.see(Level::Ok, minute(0), &RULES);
    let mut turns = Vec::new();
    for (look, number) in rounds.chars().zip(1..) {
        turns.extend(history.see(level(look), minute(number), &RULES).map(|turn| (number, turn.to)));
    }
    let expected = [(3, Down), (5, Ok), (8, Down), (10, Ok), (13, Down), (15, Ok), (18, Flapping)];
    assert_eq!(turns, expected, "one turn when it begins, none while it lasts");
    let calm: Vec<_> = (21..100)
        .filter_map(|number| history.see(Level::Ok, minute(number), &RULES).map(|t| (number, t.to)))
        .collect();
    assert_eq!(calm, [(65, Ok)]);
}

#[test]
fn a_turn_tells_how_long_the_state_before_lasted() {
    let mut history = History::new(minute(0));
    let first = history.see(Level::Ok, minute(0), &RULES).unwrap();
    assert_eq!((first.from, first.to, first.lasted_secs), (State::Unknown, State::Ok, 0));
    for number in 1..=2 {
        assert_eq!(history.see(Level::Down, minute(number), &RULES), None);
    }
    let turn = history.see(Level::Down, minute(3), &RULES).unwrap();
    assert_eq!((turn.from, turn.to, turn.lasted_secs), (State::Ok, State::Down, 180));
}

proptest! {
    #[test]
    fn what_is_kept_is_bounded(looks in "[ogd]{0,300}", fail_after in 1_usize..6, recover_after in 1_usize..6) {
        let rules = Rules { fail_after, recover_after, ..RULES };
        let mut history = History::new(minute(0));
        for (look, number) in looks.chars().zip(0..) {
            history.see(level(look), minute(number), &rules);
            prop_assert!(history.recent.len() <= fail_after.max(recover_after));
            prop_assert!(history.changes.len() <= 60);
        }
    }

    #[test]
    fn steady_looks_always_settle(before in "[ogd]{0,50}", steady in "[ogd]", fail_after in 1_usize..6, recover_after in 1_usize..6) {
        let rules = Rules { fail_after, recover_after, ..RULES };
        let mut history = History::new(minute(0));
        let steady_level = level(steady.chars().next().unwrap());
        let looks = before.chars().chain(steady.repeat(fail_after.max(recover_after)).chars().collect::<Vec<_>>());
        for (look, number) in looks.zip(0..) {
            history.see(level(look), minute(number), &rules);
        }
        prop_assert_eq!(history.level, Some(steady_level));
    }

    #[test]
    fn a_state_never_worsens_on_a_good_look_nor_improves_on_a_worse_one(looks in "[ogd]{1,100}") {
        let mut history = History::new(minute(0));
        for (look, number) in looks.chars().zip(0..) {
            let before = history.level;
            history.see(level(look), minute(number), &RULES);
            if let (Some(before), Some(after)) = (before, history.level) {
                prop_assert!(after <= before.max(level(look)));
                prop_assert!(after >= before.min(level(look)));
            }
        }
    }
}
