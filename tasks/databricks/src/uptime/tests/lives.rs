//! The lives of clusters that the text tells: the worked example, midnight, changes of the clocks.

use super::*;

/// The three runs of the worked example.
const EXAMPLE: &str = "
    08:00 STARTING s1@example.edu
    08:03 RUNNING
    09:10 TERMINATING INACTIVITY
    09:20 STARTING s2@example.edu
    09:23 RUNNING
    09:41 TERMINATING INACTIVITY
    11:57 STARTING s1@example.edu
    12:00 RUNNING
";

fn used_ms(events: &[Event], day: &Day, now_ms: i64) -> i64 {
    let visible: Vec<_> = events.iter().filter(|event| event.at_ms <= now_ms).cloned().collect();
    let last = visible.iter().max_by_key(|event| event.at_ms);
    let state = match last.map(|event| event.kind) {
        Some(EventKind::Running) => State::Running,
        Some(EventKind::Starting | EventKind::Creating) => State::Pending,
        _ => State::Terminated,
    };
    let from_ms = visible.first().map_or(now_ms, |event| event.at_ms);
    let input = Rebuild { from_ms, now_ms, ..input(&visible, Presence::Listed(listed(state)), "00:00") };
    usage(&rebuild(&input), day, now_ms).used_ms
}

#[test]
fn the_worked_example_is_exact_to_the_millisecond() {
    let events = events(EXAMPLE);
    for (at_ms, minutes) in [
        (1_794_808_980_000, 0),
        (1_794_813_000_000, 67),
        (1_794_813_780_000, 67),
        (1_794_814_860_000, 85),
        (1_794_823_200_000, 85),
        (1_794_828_900_000, 180),
        (1_794_830_700_000, 210),
    ] {
        assert_eq!(used_ms(&events, &today(), at_ms), minutes * MINUTE_MS, "at {}", local(at_ms));
    }
    assert_eq!(used_ms(&events, &today(), 1_794_828_899_999), 180 * MINUTE_MS - 1);
    assert_eq!(used_ms(&events, &today(), 1_794_830_700_000), 12_600_000);
}

#[test]
fn the_day_tells_sessions_and_their_ends() {
    let events = events(EXAMPLE);
    let presence = Presence::Listed(runs("11:58", "12:00"));
    let usage = usage(&rebuild(&input(&events, presence, "14:05")), &today(), ms("14:05"));
    let expected = DayUsage {
        used_ms: 12_600_000,
        sessions: 3,
        first_start_ms: Some(ms("08:03")),
        last_stop_ms: None,
        certainty: Some(Certainty::Exact),
    };
    assert_eq!(usage, expected);
}

/// Yesterday's hours are not imported after midnight (B.3, 1), whatever the source.
#[test]
fn a_run_over_midnight_counts_on_both_days_and_once() {
    let events = events("22:00 RUNNING\n17 01:30 TERMINATING");
    let (first, second) = (today(), day("2026-11-17"));
    assert_eq!(used_ms(&events, &first, ms("17 00:07")), 120 * MINUTE_MS);
    assert_eq!(used_ms(&events, &second, ms("17 00:00")), 0);
    assert_eq!(used_ms(&events, &second, ms("17 00:15")), 15 * MINUTE_MS);
    assert_eq!(used_ms(&events, &first, ms("17 02:00")), 120 * MINUTE_MS);
    assert_eq!(used_ms(&events, &second, ms("17 02:00")), 90 * MINUTE_MS);
    let sampled = sample(&[], Presence::Listed(runs("22:00", "22:01")), None, ms("17 00:15"));
    assert_eq!(usage(&sampled, &second, ms("17 00:15")).used_ms, 15 * MINUTE_MS);
    let of_first = usage(&sampled, &first, ms("17 00:15"));
    assert_eq!(of_first.used_ms, 120 * MINUTE_MS);
    assert_eq!(of_first.last_stop_ms, Some(first.end_ms()));
    assert_eq!(usage(&sampled, &second, ms("17 00:15")).first_start_ms, Some(second.start_ms()));
}

/// A late end of day books what belongs to the day that ended, and a repeated one the same again (B.3, 8).
#[test]
fn what_a_day_used_does_not_depend_on_when_it_is_asked() {
    let events = events("08:00 RUNNING\n09:00 TERMINATING\n17 08:00 RUNNING\n17 10:00 TERMINATING");
    for now in ["17 00:07", "17 14:00", "20 00:07"] {
        assert_eq!(used_ms(&events, &today(), ms(now)), HOUR_MS, "asked at {now}");
    }
}

/// The clock on the wall is not what is measured (B.3, 7).
#[test]
fn an_hour_more_or_less_on_the_wall_counts_as_it_passes() {
    for (date, start, end, minutes) in [
        ("2026-10-25", 1_792_877_400_000, 1_792_891_800_000, 240),
        ("2026-03-27", 1_774_564_200_000, 1_774_571_400_000, 120),
    ] {
        let wall = |at_ms: i64| local(at_ms)[3..].to_owned();
        assert_eq!((wall(start), wall(end)), ("00:30:00".to_owned(), "03:30:00".to_owned()));
        let at = |at_ms, kind| Event { at_ms, kind, user: None, reason: None };
        let events = [at(start, EventKind::Running), at(end, EventKind::Terminating)];
        assert_eq!(used_ms(&events, &day(date), end + HOUR_MS), minutes * MINUTE_MS, "{date}");
    }
}

#[test]
fn a_day_of_which_nothing_is_known_has_no_times() {
    assert_eq!(usage(&[], &today(), ms("12:00")), DayUsage::default());
    let tomorrow = [interval(Source::Events, ms("17 08:00"), None)];
    assert_eq!(usage(&tomorrow, &today(), ms("17 09:00")), DayUsage::default());
}

#[test]
fn what_is_guessed_is_called_so() {
    let exact = interval(Source::Events, ms("08:00"), Some(ms("09:00")));
    let sampled = interval(Source::Sample, ms("10:00"), Some(ms("11:00")));
    let guessed = Interval { end_exact: false, ..exact.clone() };
    let certainty =
        |intervals: &[Interval]| usage(intervals, &today(), ms("12:00")).certainty.unwrap().as_str();
    assert_eq!(certainty(std::slice::from_ref(&exact)), "exact");
    assert_eq!(certainty(std::slice::from_ref(&sampled)), "sampled");
    assert_eq!(certainty(&[exact, sampled]), "mixed");
    assert_eq!(certainty(&[guessed]), "mixed");
    // What is guessed on another day changes nothing on this one.
    let since_yesterday =
        Interval { start_exact: false, ..interval(Source::Events, ms("15 22:00"), Some(ms("01:00"))) };
    assert_eq!(certainty(&[since_yesterday]), "exact");
}
