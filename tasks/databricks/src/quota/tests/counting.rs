//! What counts against a threshold, and when it will be reached.

use proptest::prelude::*;

use super::*;

fn meter(number: Option<u32>, used_minutes: i64, is_on: bool) -> Meter {
    Meter { number, used_ms: used_minutes * MINUTE_MS, is_on }
}

fn pace(used_minutes: i64, running: u32) -> Pace {
    Pace { charge: Charge { used_ms: used_minutes * MINUTE_MS, running }, limits: LIMITS }
}

#[test]
fn each_cluster_has_a_counter_of_its_own_or_shares_one_with_its_number() {
    let meters =
        [meter(Some(7), 60, true), meter(Some(7), 45, true), meter(Some(8), 10, false), meter(None, 5, true)];
    let counted = |scope| -> Vec<_> {
        let charges = charge(scope, &meters);
        charges.iter().map(|charge| (charge.used_ms / MINUTE_MS, charge.running)).collect()
    };
    assert_eq!(counted(QuotaScope::Id), [(60, 1), (45, 1), (10, 0), (5, 1)]);
    assert_eq!(counted(QuotaScope::Number), [(105, 2), (105, 2), (10, 0), (5, 1)]);
}

/// The worked example: 12:00 with 85 minutes used, soft at 13:35, hard at 14:05.
#[test]
fn one_extra_run_comes_right_after_the_crossing() {
    let wake = |used, at, next| {
        let wake = wake_at([pace(used, 1)], &today(), minute(at), minute(next));
        wake.map(|at_ms| (at_ms - today().start_ms()) / 1000)
    };
    let clock = |hour: i64, minute: i64, second: i64| Some((hour * 60 + minute) * 60 + second);
    assert_eq!(crossings(pace(85, 1), &today(), minute(720))[..2], [1_794_828_900_000, 1_794_830_700_000]);
    assert_eq!(wake(85, 720, 735), None);
    assert_eq!(wake(175, 810, 825), clock(13, 35, 5));
    assert_eq!(wake(205, 840, 855), clock(14, 5, 5));
    // Reached at the next poll or just before it: that one will see it.
    assert_eq!(wake(165, 810, 825), None);
    assert_eq!(wake_at([pace(0, 1)], &today(), minute(825) - LIMITS.soft_ms - 3_000, minute(825)), None);
    // Runs are a minute apart at least.
    let almost = Pace { charge: Charge { used_ms: LIMITS.hard_ms - 2_000, running: 1 }, limits: LIMITS };
    assert_eq!(wake_at([almost], &today(), minute(840), minute(855)), Some(minute(841)));
}

#[test]
fn the_first_of_all_crossings_counts() {
    let paces = [pace(170, 1), pace(205, 1), pace(209, 0), pace(300, 1)];
    assert_eq!(wake_at(paces, &today(), minute(840), minute(855)), Some(minute(845) + 5_000));
    assert_eq!(wake_at([], &today(), minute(840), minute(855)), None);
}

#[test]
fn clusters_that_share_a_counter_reach_its_end_sooner() {
    assert_eq!(crossings(pace(200, 2), &today(), minute(840))[0], minute(845));
    let odd = Pace { charge: Charge { used_ms: LIMITS.hard_ms - 1, running: 3 }, limits: LIMITS };
    assert_eq!(crossings(odd, &today(), minute(840))[0], minute(840) + 1);
}

#[test]
fn what_is_off_or_exempt_reaches_nothing() {
    assert!(crossings(pace(100, 0), &today(), minute(840)).is_empty());
    let exempt = Pace { limits: Limits { exempt: true, ..LIMITS }, ..pace(100, 1) };
    assert!(crossings(exempt, &today(), minute(840)).is_empty());
}

#[test]
fn after_midnight_it_begins_again_with_nothing() {
    let end = today().end_ms();
    // Half an hour before midnight, ten minutes short of the hard threshold: only that is reached today.
    assert_eq!(
        crossings(pace(200, 1), &today(), minute(1410)),
        [minute(1420), end + LIMITS.soft_ms, end + LIMITS.hard_ms]
    );
    assert_eq!(crossings(pace(140, 1), &today(), minute(1410))[0], end + LIMITS.soft_ms);
    // Polls that are half a day apart do not miss it.
    assert_eq!(
        wake_at([pace(0, 1)], &today(), minute(1410), minute(1410 + 720)),
        Some(end + LIMITS.soft_ms + 5_000)
    );
}

proptest! {
    #[test]
    fn at_a_crossing_a_threshold_is_just_reached(
        used_ms in 0..LIMITS.hard_ms, running in 1..5_u32, at in 0..600_i64,
    ) {
        let pace = Pace { charge: Charge { used_ms, running }, limits: LIMITS };
        let now_ms = minute(at);
        let used_at = |at_ms: i64| used_ms + (at_ms - now_ms) * i64::from(running);
        for at_ms in crossings(pace, &today(), now_ms).into_iter().filter(|at_ms| *at_ms < today().end_ms()) {
            let is_just = |threshold| used_at(at_ms) >= threshold && used_at(at_ms - 1) < threshold;
            prop_assert!(is_just(LIMITS.soft_ms) || is_just(LIMITS.hard_ms));
        }
    }
}
