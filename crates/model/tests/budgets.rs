//! How rates are written, and what comes of them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::num::NonZeroU32;

use proptest::prelude::*;
use roundsman_model::BudgetRule;

fn rule(rate: &str, burst: Option<u32>) -> (u64, u32) {
    let rule = BudgetRule::parse(rate, burst.and_then(NonZeroU32::new)).unwrap();
    (rule.interval_us, rule.burst)
}

#[test]
fn rates_as_people_write_them() {
    for (rate, interval_us, burst) in [
        ("5/s", 200_000, 5),
        ("100/m", 600_000, 1),
        ("1000/h", 3_600_000, 1),
        ("36000/h", 100_000, 10),
        ("1/d", 86_400_000_000, 1),
        (" 10 / s ", 100_000, 10),
        ("7/s", 142_858, 6),
        ("1000000/s", 1, 1_000_000),
    ] {
        assert_eq!(rule(rate, None), (interval_us, burst), "{rate}");
    }
    assert_eq!(rule("5/s", Some(50)), (200_000, 50));
}

#[test]
fn what_is_no_rate_is_said() {
    for (rate, problem) in [
        ("", "it has no slash"),
        ("5", "it has no slash"),
        ("5/", "what follows the slash is no unit"),
        ("5/week", "what follows the slash is no unit"),
        ("/s", "what precedes the slash is no whole number"),
        ("+5/s", "what precedes the slash is no whole number"),
        ("1.5/s", "what precedes the slash is no whole number"),
        ("99999999999999999999/s", "what precedes the slash is no whole number"),
        ("0/s", "nothing could ever be done"),
        ("1000001/s", "more than a million a second is no limit"),
    ] {
        let error = BudgetRule::parse(rate, None).unwrap_err().to_string();
        assert!(error.contains(problem), "{rate:?}: {error}");
        assert!(error.contains("such as \"5/s\""), "{error}");
    }
}

proptest! {
    /// Whoever draws one at each interval never does more than was written, and loses less than one part in a thousand
    /// of it where the interval is a millisecond or more.
    #[test]
    fn a_rate_is_never_exceeded(count in 1..1_000_u64, unit in prop::sample::select(vec![("s", 1_u64), ("m", 60), ("h", 3_600), ("d", 86_400)])) {
        let (interval_us, burst) = rule(&format!("{count}/{}", unit.0), None);
        let unit_us = unit.1 * 1_000_000;
        prop_assert!(unit_us / interval_us <= count);
        prop_assert!((interval_us * count - unit_us) * 1_000 <= unit_us);
        prop_assert!(burst >= 1 && u64::from(burst) <= count.max(1));
    }
}
