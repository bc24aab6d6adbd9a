//! What a budget never does, tried with drawings of all sizes at all distances.

use super::Account;

fn account(interval_us: i64, burst: u32) -> Account {
    Account { interval_us, burst, spent_until: 0, held_until: 0, seen_at: 0 }
}

/// Numbers that look drawn by lot and are the same each time.
fn lots(mut seed: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    }
}

#[test]
fn no_stretch_of_time_has_more_than_its_rate_and_the_burst() {
    for seed in 0..200 {
        let mut lot = lots(seed);
        let (interval, burst) = (1 + lot(500_000) as i64, 1 + lot(20) as u32);
        let mut budget = account(interval, burst);
        let mut granted: Vec<(i64, u32)> = Vec::new();
        let mut clock = 1_767_614_400_000_000;
        for _ in 0..300 {
            clock += lot(3 * interval as u64) as i64;
            // Another node's clock is up to a second off either way; time is what the foremost has shown.
            let now = clock + lot(2_000_000) as i64 - 1_000_000;
            let (after, count, wait) = budget.draw(1 + lot(30) as u32, now);
            let seen = now.max(budget.seen_at);
            budget = after;
            granted.push((seen, count));
            assert!(count > 0 || wait > 0, "seed {seed}: nothing granted and nothing to wait for");
        }
        for first in 0..granted.len() {
            let mut sum = 0;
            for last in first..granted.len() {
                sum += i64::from(granted[last].1);
                let earned = (granted[last].0 - granted[first].0) / interval + i64::from(burst);
                assert!(sum <= earned, "seed {seed}: {sum} granted where {earned} were earned");
            }
        }
    }
}

#[test]
fn whoever_waits_as_long_as_told_gets_the_next_one() {
    for seed in 0..200 {
        let mut lot = lots(seed);
        let mut budget = account(1 + lot(500_000) as i64, 1 + lot(20) as u32);
        let mut now = 1_767_614_400_000_000;
        let mut got = 0;
        while got < 100 {
            let (after, granted, wait) = budget.draw(100 - got, now);
            budget = after;
            assert!(got == 0 || granted >= 1, "seed {seed}: waited and got nothing");
            got += granted;
            let too_early = now + wait as i64 - 1;
            assert!(got == 100 || budget.draw(1, too_early).1 == 0, "seed {seed}: told to wait too long");
            now += wait as i64;
        }
    }
}

#[test]
fn a_clock_that_was_years_ahead_does_not_close_the_budget() {
    let now = 1_767_614_400_000_000;
    let later = now + 10 * 365 * 86_400 * 1_000_000;
    let (mut budget, granted, _) = account(200_000, 5).draw(9, later);
    assert_eq!(granted, 5);
    budget.held_until = later + 3_000_000;
    let (budget, granted, wait) = budget.draw(1, now);
    assert_eq!((granted, wait), (0, 3_000_000));
    let (_, granted, wait) = budget.draw(2, now + 3_000_000);
    assert_eq!((granted, wait), (2, 0));
}

#[test]
fn a_narrower_rule_holds_at_once() {
    let now = 1_767_614_400_000_000;
    let (wide, granted, _) = account(1_000, 1_000).draw(1_000, now);
    assert_eq!(granted, 1_000);
    let narrow = Account { interval_us: 100_000, burst: 2, ..wide };
    let (narrow, granted, wait) = narrow.draw(1, now);
    assert_eq!((granted, wait), (0, 100_000));
    assert_eq!(narrow.draw(1, now + 100_000).1, 1);
}
