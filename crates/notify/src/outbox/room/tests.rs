//! Turns by table, and by counting what random senders would have done. No documents.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { per_minute: 2, per_hour: 4 };

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn uses(ago: &[i64]) -> Uses {
    let at = ago.iter().map(|secs| time::to_micros(noon()) - secs * 1_000_000).collect();
    Uses { at, hold: None }
}

fn wait(uses: &Uses, reserved: u32) -> i64 {
    (uses.turn(LIMITS, reserved, noon()) - noon()).num_seconds()
}

#[test]
fn turns() {
    let check = |ago: &[i64], reserved, secs| assert_eq!(wait(&uses(ago), reserved), secs, "{ago:?}");
    check(&[], 1, 0);
    check(&[50, 10], 0, 11);
    check(&[70, 10], 1, 0);
    check(&[60, 10], 1, 1);
    // The last place of the hour is kept for the most important.
    check(&[3000, 2000, 1000], 1, 601);
    check(&[3000, 2000, 1000], 0, 0);
    check(&[3000, 2000, 1000, 500], 0, 601);
    // More than there should be: the surplus has to go first.
    check(&[3000, 2900, 2800, 2700, 2600], 0, 701);
}

#[test]
fn holds_only_grow() {
    let mut held = uses(&[]);
    let at = |secs| noon() + time::delta(Duration::from_secs(secs));
    held.hold(at(30), noon());
    held.hold(at(10), noon());
    assert_eq!(wait(&held, 0), 30);
    held.hold(at(90 * 24 * 3600), noon());
    assert_eq!(wait(&held, 0), 24 * 3600);
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_mails() {
    let mut ahead = uses(&[-7200, -7300, -7400, -7500]);
    ahead.hold = Some(noon() + time::delta(Duration::from_hours(9_000)));
    assert_eq!(wait(&ahead, 0), 0);
    ahead.hold(noon() + time::delta(Duration::from_secs(5)), noon());
    assert_eq!(wait(&ahead, 0), 5);
    ahead.note(noon());
    assert_eq!(ahead.at.len(), 1);
}

proptest! {
    /// Whoever waits for their turn never does it more often than is allowed, and nobody waits longer than an hour.
    #[test]
    fn no_window_is_ever_too_full(pauses in proptest::collection::vec(0_u64..900, 1..80)) {
        let (mut uses, mut now, mut done) = (Uses::default(), noon(), Vec::new());
        for pause in pauses {
            now += time::delta(Duration::from_secs(pause));
            let turn = uses.turn(LIMITS, 0, now);
            prop_assert!(turn <= now + time::delta(HOUR + MARGIN));
            now = turn;
            uses.note(now);
            done.push(now);
        }
        for (window, most) in [(MINUTE, 2), (HOUR, 4)] {
            for last in &done {
                let within = done.iter().filter(|at| *at <= last && **at > *last - time::delta(window));
                prop_assert!(within.count() <= most);
            }
        }
    }
}
