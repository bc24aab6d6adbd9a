//! Rebuilding from events, rule by rule: what they tell, and what is guessed between them.

use expect_test::{Expect, expect};

use super::*;

pub(super) fn check(input: &Rebuild<'_>, expected: Expect) -> Vec<Interval> {
    let intervals = rebuild(input);
    expected.assert_eq(&shown(&intervals));
    intervals
}

fn off() -> Presence {
    Presence::Listed(listed(State::Terminated))
}

#[test]
fn runs_begin_with_running_and_end_with_terminating() {
    let events = events(
        "
        10:00 STARTING s1@example.edu
        10:05 RUNNING
        10:20 TERMINATING INACTIVITY
        10:21 TERMINATING USER_REQUEST
        11:00 RUNNING
        11:01 RUNNING
        11:30 TERMINATING USER_REQUEST
    ",
    );
    check(
        &input(&events, off(), "12:00"),
        expect![[r#"
        10:05:00 - 10:20:00, by s1@example.edu, INACTIVITY
        11:00:00 - 11:30:00, USER_REQUEST
    "#]],
    );
}

/// Runs wholly between two polls count, and tails do (B.3, 5 and 6).
#[test]
fn short_runs_between_polls_count_in_full() {
    let events = events(
        "
        10:01 RUNNING
        10:07 TERMINATING
        10:16 RUNNING
        10:28 TERMINATING
        10:31 RUNNING
        10:44 TERMINATING
    ",
    );
    let day = usage(&rebuild(&input(&events, off(), "10:45")), &today(), ms("10:45"));
    assert_eq!((day.used_ms, day.sessions, day.certainty), (31 * MINUTE_MS, 3, Some(Certainty::Exact)));
}

#[test]
fn who_asked_for_a_start_is_known_from_any_event_of_it() {
    let events = events(
        "
        10:00 CREATING s1@example.edu
        10:01 STARTING
        10:05 RUNNING
        10:20 TERMINATING
        11:00 RUNNING s2@example.edu
        11:30 TERMINATING
    ",
    );
    check(
        &input(&events, off(), "12:00"),
        expect![[r#"
            10:05:00 - 10:20:00, by s1@example.edu
            11:00:00 - 11:30:00, by s2@example.edu
        "#]],
    );
}

#[test]
fn the_gap_of_a_restart_is_free_and_resizing_is_not() {
    let events = events(
        "
        10:00 RUNNING
        10:30 RESTARTING s1@example.edu
        10:34 RUNNING
    ",
    );
    let resizing = Listed { state: State::Resizing, ..runs("10:32", "10:34") };
    check(
        &input(&events, Presence::Listed(resizing), "11:00"),
        expect![[r#"
        10:00:00 - 10:30:00, RESTARTING
        10:34:00 - open, seen 11:00:00, driver 10:32:00, by s1@example.edu
    "#]],
    );
}

#[test]
fn a_run_counts_from_where_it_is_told_to() {
    let events = events(
        "
        10:00 STARTING
        10:05 RUNNING
        10:20 STARTING
        10:21 TERMINATING
    ",
    );
    let presence = Presence::Listed(listed(State::Terminated));
    let seen = Interval { driver_start_ms: Some(ms("10:03")), ..interval(Source::Sample, ms("10:03"), None) };
    let known = [seen];
    let input = Rebuild { known: &known, ..input(&events, presence, "11:00") };
    let from = |count_from| shown(&rebuild(&Rebuild { count_from, ..input }));
    let lost_end = "10:20:00?, driver 10:03:00\n";
    assert_eq!(from(CountFrom::Driver), format!("10:03:00 - {lost_end}"));
    assert_eq!(from(CountFrom::Running), format!("10:05:00 - {lost_end}"));
    // There, a start that came to nothing counts too.
    assert_eq!(from(CountFrom::Pending), format!("10:00:00 - {lost_end}10:20:00 - 10:21:00\n"));
}

#[test]
fn the_drivers_start_counts_only_between_request_and_running() {
    let events = events("10:00 STARTING\n10:05 RUNNING");
    for (driver, start) in [
        ("09:59:59", "10:05:00"),
        ("10:00:00", "10:00:00"),
        ("10:05:05", "10:05:05"),
        ("10:05:06", "10:05:00"),
    ] {
        let presence = Presence::Listed(runs(driver, "10:05"));
        let input = Rebuild { count_from: CountFrom::Driver, ..input(&events, presence, "10:15") };
        assert_eq!(local(rebuild(&input)[0].start_ms), start, "driver at {driver}");
    }
}

#[test]
fn the_drivers_start_is_remembered_when_the_cluster_is_off() {
    let events = events("10:00 STARTING\n10:05 RUNNING\n10:20 TERMINATING");
    let presence = Presence::Listed(runs("10:03", "10:05"));
    let driver =
        |presence, events, now| Rebuild { count_from: CountFrom::Driver, ..input(events, presence, now) };
    let known = rebuild(&driver(presence, &events[..2], "10:15"));
    check(
        &Rebuild { known: &known, ..driver(off(), &events, "10:30") },
        expect![[r#"
        10:03:00 - 10:20:00, seen 10:15:00, driver 10:03:00
    "#]],
    );
}

#[test]
fn a_lost_end_is_where_a_poll_last_saw_it_run() {
    let events = events("10:00 RUNNING\n11:00 STARTING\n11:05 RUNNING\n11:10 TERMINATING");
    let seen = Interval { last_seen_ms: Some(ms("10:45")), ..interval(Source::Events, ms("10:00"), None) };
    let known = [seen];
    check(
        &Rebuild { known: &known, ..input(&events, off(), "11:15") },
        expect![[r#"
        10:00:00 - 10:45:00?, seen 10:45:00
        11:05:00 - 11:10:00
    "#]],
    );
    // And where no poll did, it is where the next one began.
    check(
        &input(&events, off(), "11:15"),
        expect![[r#"
        10:00:00 - 11:00:00?
        11:05:00 - 11:10:00
    "#]],
    );
}

#[test]
fn at_the_start_of_the_window_a_kept_interval_tells_the_state() {
    let known = [
        interval(Source::Events, ms("15 20:00"), Some(ms("15 21:00"))),
        interval(Source::Events, ms("15 22:00"), None),
    ];
    assert!(!needs_event_before(&known, ms("15 23:50")));
    assert!(needs_event_before(&known, ms("15 21:30")));
    let events = events("01:30 TERMINATING");
    check(
        &Rebuild { known: &known, ..input(&events, off(), "02:00") },
        expect![[r#"
        15 20:00:00 - 15 21:00:00
        15 22:00:00 - 01:30:00
    "#]],
    );
}

#[test]
fn else_the_last_event_before_the_window_does() {
    let events = events("00:30 RUNNING\n01:30 TERMINATING");
    let check = |before: &str, expected: Expect| {
        let before = event(before);
        check(&Rebuild { before: Some(&before), ..input(&events, off(), "02:00") }, expected);
    };
    check(
        "15 23:00 RUNNING s1@example.edu",
        expect![[r#"
        15 23:00:00 - 01:30:00, by s1@example.edu
    "#]],
    );
    check(
        "15 23:00 TERMINATING",
        expect![[r#"
        00:30:00 - 01:30:00
    "#]],
    );
    check(
        "15 23:45 STARTING s2@example.edu",
        expect![[r#"
        00:30:00 - 01:30:00, by s2@example.edu
    "#]],
    );
    check(
        "15 23:45 RESTARTING",
        expect![[r#"
        00:30:00 - 01:30:00
    "#]],
    );
}

#[test]
fn else_the_list_does() {
    check(
        &input(&[], Presence::Listed(runs("10 08:00", "10 08:02")), "02:00"),
        expect![[r#"
        15 23:50:00? - open, seen 02:00:00
    "#]],
    );
    check(&input(&[], off(), "02:00"), expect![[""]]);
}

#[test]
fn events_of_one_instant_count_in_the_order_of_their_sense() {
    let events = events(
        "
        10:00 RUNNING
        10:30 RUNNING
        10:30 STARTING
        10:30 TERMINATING
        10:40 TERMINATING
    ",
    );
    check(
        &input(&events, off(), "11:00"),
        expect![[r#"
        10:00:00 - 10:30:00
        10:30:00 - 10:40:00
    "#]],
    );
}

#[test]
fn sampled_intervals_of_the_window_are_replaced() {
    let known = [
        interval(Source::Sample, ms("15 20:00"), Some(ms("15 21:00"))),
        interval(Source::Sample, ms("09:58"), Some(ms("10:15"))),
        interval(Source::Sample, ms("11:00"), Some(ms("11:15"))),
    ];
    let events = events("10:00 RUNNING\n10:20 TERMINATING");
    check(
        &Rebuild { known: &known, ..input(&events, off(), "12:00") },
        expect![[r#"
        15 20:00:00? - 15 21:00:00?, sampled
        10:00:00 - 10:20:00
    "#]],
    );
}

#[test]
fn the_window_begins_ten_minutes_before_what_is_known() {
    let from = |known: &[Interval], cursor: Option<&str>| {
        local(fetch_from(known, cursor.map(ms), today().start_ms()))
    };
    assert_eq!(from(&[], None), "15 23:50:00");
    assert_eq!(from(&[], Some("12:00")), "15 23:50:00");
    assert_eq!(from(&[], Some("15 12:00")), "15 11:50:00");
    // What rests on the list alone is asked for again, from where it was last sure.
    let mut unsettled = interval(Source::Events, ms("15 20:00"), Some(ms("15 22:00")));
    unsettled.provisional = true;
    assert_eq!(from(&[unsettled.clone()], Some("12:00")), "15 19:50:00");
    unsettled.last_seen_ms = Some(ms("15 21:45"));
    assert_eq!(from(&[unsettled], Some("12:00")), "15 21:35:00");
    // And what was sampled when there had never been events.
    let sampled = interval(Source::Sample, ms("14 20:00"), Some(ms("14 22:00")));
    assert_eq!(from(std::slice::from_ref(&sampled), None), "14 19:50:00");
    assert_eq!(from(&[sampled], Some("12:00")), "15 23:50:00");
}
