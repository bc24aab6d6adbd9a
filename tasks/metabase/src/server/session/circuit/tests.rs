//! What follows for the next login, for each thing that may have happened to the last one.

use super::*;

fn at(secs: i64) -> Timestamp {
    "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap() + super::secs(secs)
}

#[test]
fn who_may_log_in_when() {
    let fresh = Circuit::default();
    let claimed = fresh.claimed(at(0), secs(30));
    let well = claimed.well();
    let throttled = claimed.throttled(at(1), Some(at(16)));
    let unsaid = claimed.throttled(at(1), None);
    let refused = claimed.refused(at(1), "ab");
    let broke = claimed.over();
    let check = |circuit: &Circuit, now: i64, mark: &str, expected: Verdict| {
        assert_eq!(circuit.verdict(at(now), mark), expected, "{circuit:?} at {now}");
    };
    check(&fresh, 0, "ab", Verdict::Try);
    check(&claimed, 1, "ab", Verdict::Wait(at(60)));
    check(&claimed, 60, "ab", Verdict::Try);
    check(&well, 1, "ab", Verdict::Wait(at(30)));
    check(&well, 30, "ab", Verdict::Try);
    check(&broke, 29, "ab", Verdict::Wait(at(30)));
    let until = at(1) + chrono::TimeDelta::milliseconds(16_500);
    check(&throttled, 2, "ab", Verdict::Throttled(until));
    check(&throttled, 17, "ab", Verdict::Throttled(until));
    check(&throttled, 18, "ab", Verdict::Wait(at(30)));
    check(&throttled, 30, "ab", Verdict::Try);
    check(&unsaid, 2, "ab", Verdict::Throttled(at(67)));
    check(&refused, 31, "ab", Verdict::Refused(at(901)));
    check(&refused, 31, "cd", Verdict::Try);
    check(&refused, 901, "ab", Verdict::Try);
    // The throttle says more than the password.
    check(
        &refused.throttled(at(2), Some(at(100))),
        31,
        "ab",
        Verdict::Throttled(at(109) + chrono::TimeDelta::milliseconds(800)),
    );
}

#[test]
fn a_clock_that_was_set_back_keeps_nobody_out() {
    let future =
        Circuit::default().claimed(at(1_000_000), secs(30)).throttled(at(1_000_001), Some(at(1_000_301)));
    let right = future.set_right(at(0)).unwrap();
    assert_eq!(right.verdict(at(0), "ab"), Verdict::Throttled(at(331)));
    assert_eq!(right.verdict(at(331), "ab"), Verdict::Try);
    assert_eq!(right.set_right(at(0)), None, "once");
    assert_eq!(Circuit::default().set_right(at(0)), None);
    // Another machine, whose clock is a little ahead.
    assert_eq!(Circuit::default().claimed(at(20), secs(30)).set_right(at(0)), None);
}

#[test]
fn a_login_that_may_take_long_keeps_others_away_as_long() {
    let claimed = Circuit::default().claimed(at(0), secs(300));
    assert_eq!(claimed.verdict(at(299), "ab"), Verdict::Wait(at(330)));
}
