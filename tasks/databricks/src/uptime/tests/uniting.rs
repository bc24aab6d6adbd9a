//! The union of both sources: what wins over what, and the laws of it.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// Intervals, one a line: `events 10:00 10:30`, with `?` after a time that is guessed, or `sample 10:00 open`.
fn intervals(script: &str) -> Vec<Interval> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(written).collect()
}

fn written(line: &str) -> Interval {
    let words: Vec<&str> = line.split_whitespace().collect();
    let source = if words[0] == "events" { Source::Events } else { Source::Sample };
    let at = |word: &str| (word != "open").then(|| ms(word.trim_end_matches('?')));
    let mut interval = interval(source, at(words[1]).unwrap(), at(words[2]));
    interval.start_exact &= !words[1].ends_with('?');
    interval.end_exact &= !words[2].ends_with('?');
    interval
}

fn check(script: &str, expected: Expect) {
    expected.assert_eq(&shown(&union(&intervals(script))));
}

#[test]
fn what_does_not_overlap_stays_apart() {
    check(
        "sample 11:00 12:00\nevents 10:00 11:00\nsample 09:00 10:00",
        expect![[r#"
        09:00:00? - 10:00:00?, sampled
        10:00:00 - 11:00:00
        11:00:00? - 12:00:00?, sampled
    "#]],
    );
}

#[test]
fn exact_boundaries_win() {
    check(
        "events 10:00 11:00\nsample 09:58 11:07",
        expect![[r#"
        10:00:00 - 11:00:00
    "#]],
    );
    check(
        "events 10:00 10:20\nevents 10:30 11:00\nsample 09:58 11:07",
        expect![[r#"
        10:00:00 - 10:20:00
        10:30:00 - 11:00:00
    "#]],
    );
    check(
        "events 10:00 11:00\nsample 09:58 open",
        expect![[r#"
        10:00:00 - 11:00:00
    "#]],
    );
}

#[test]
fn beyond_guessed_boundaries_what_was_sampled_counts() {
    check(
        "events 10:00 10:15?\nsample 09:58 11:07",
        expect![[r#"
        10:00:00 - 10:15:00?
        10:15:00? - 11:07:00?, sampled
    "#]],
    );
    check(
        "events 10:00? 10:15\nsample 09:58 11:07",
        expect![[r#"
        09:58:00? - 10:00:00?, sampled
        10:00:00? - 10:15:00
    "#]],
    );
    check(
        "events 10:00 10:15?\nevents 10:30 10:45\nsample 10:05 10:50",
        expect![[r#"
        10:00:00 - 10:15:00?
        10:15:00? - 10:30:00?, sampled
        10:30:00 - 10:45:00
    "#]],
    );
}

#[test]
fn one_run_told_by_both_is_one_session() {
    let known = intervals("events 10:00 10:15?\nsample 09:58 11:07\nevents 12:00 12:30\nevents 12:30 12:45");
    let day = usage(&known, &today(), ms("13:00"));
    assert_eq!((day.used_ms / MINUTE_MS, day.sessions), (67 + 45, 3));
}

#[test]
fn the_same_twice_is_once() {
    check(
        "events 10:00 11:00\nevents 10:00 11:00\nsample 12:00 open\nsample 12:30 open",
        expect![[r#"
        10:00:00 - 11:00:00
        12:00:00? - open, sampled
    "#]],
    );
}

pub(super) fn any_interval() -> impl Strategy<Value = Interval> {
    let source = prop::sample::select(vec![Source::Events, Source::Sample]);
    let times = (0..200_i64, prop::option::weighted(0.9, 0..60_i64));
    (source, times, any::<(bool, bool, bool)>(), prop::option::of(0..60_i64)).prop_map(
        |(source, (start, length), (start_exact, end_exact, provisional), seen)| {
            let known = interval(source, start, length.map(|length| start + length));
            let start_exact = known.start_exact && start_exact;
            let end_exact = known.end_exact && end_exact;
            let last_seen_ms = seen.map(|seen| (start + seen).min(known.end_or_max()));
            Interval { start_exact, end_exact, provisional, last_seen_ms, ..known }
        },
    )
}

fn is_in(intervals: &[Interval], at_ms: i64, counts: impl Fn(&Interval) -> bool) -> bool {
    let is_in = |interval: &Interval| interval.start_ms <= at_ms && at_ms < interval.end_or_max();
    intervals.iter().any(|interval| counts(interval) && is_in(interval))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn union_is_a_set_operation(
        known in prop::collection::vec(any_interval(), 0..10),
        (shuffled, repeated) in prop::collection::vec(any_interval(), 0..10)
            .prop_flat_map(|known| (Just(known.clone()).prop_shuffle(), Just(known)))
    ) {
        prop_assert_eq!(union(&union(&known)), union(&known));
        prop_assert_eq!(union(&shuffled), union(&repeated));
        let twice: Vec<_> = known.iter().chain(&known).cloned().collect();
        prop_assert_eq!(union(&twice), union(&known));
    }

    #[test]
    fn union_invents_nothing_and_loses_nothing_exact(
        known in prop::collection::vec(any_interval(), 0..10),
    ) {
        let united = union(&known);
        for pair in united.windows(2) {
            prop_assert!(pair[0].end_or_max() <= pair[1].start_ms, "disjoint and sorted");
        }
        for at_ms in 0..300 {
            let is_told = is_in(&known, at_ms, |_| true);
            let is_exact = is_in(&known, at_ms, |interval| interval.source == Source::Events);
            let is_united = is_in(&united, at_ms, |_| true);
            prop_assert!(is_told || !is_united);
            prop_assert!(is_united || !is_exact);
        }
        // Without anything exact it is the plain union.
        let sampled: Vec<_> = known.into_iter().filter(|interval| interval.source == Source::Sample).collect();
        let united = union(&sampled);
        for at_ms in 0..300 {
            prop_assert_eq!(is_in(&united, at_ms, |_| true), is_in(&sampled, at_ms, |_| true));
        }
    }
}
