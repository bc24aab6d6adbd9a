//! Looks at the list, one after the other.

use expect_test::{Expect, expect};

use super::*;

/// Looks at these times, and what is known after the last.
fn check(looks: &[(&str, Presence)], expected: Expect) -> Vec<Interval> {
    let mut known = Vec::new();
    let mut previous = Some(ms("00:00"));
    for (now, presence) in looks {
        known = sample(&known, *presence, previous, ms(now));
        previous = Some(ms(now));
    }
    expected.assert_eq(&shown(&known));
    known
}

fn on(driver: &str) -> Presence {
    Presence::Listed(runs(driver, driver))
}

fn off(restarted: &str, terminated: &str) -> Presence {
    Presence::Listed(is_off(restarted, terminated))
}

fn state(state: State) -> Presence {
    Presence::Listed(listed(state))
}

#[test]
fn a_run_goes_on_as_long_as_its_driver_is_the_same() {
    check(
        &[("10:15", on("10:02")), ("10:30", on("10:02:01")), ("10:45", off("10:02", "10:40"))],
        expect![[r#"
        10:02:00? - 10:40:00?, sampled, seen 10:30:00, driver 10:02:00
    "#]],
    );
}

#[test]
fn another_driver_is_another_run() {
    check(
        &[("10:15", on("10:02")), ("10:30", on("10:24")), ("10:45", on("10:24"))],
        expect![[r#"
        10:02:00? - 10:15:00?, sampled, seen 10:15:00, driver 10:02:00
        10:24:00? - open, sampled, seen 10:45:00, driver 10:24:00
    "#]],
    );
}

#[test]
fn short_runs_are_known_from_what_the_list_stamps() {
    let looks = [
        ("10:00", off("15 08:00", "15 09:00")),
        ("10:15", off("10:01", "10:07")),
        ("10:30", off("10:16", "10:28")),
        ("10:45", off("10:31", "10:44")),
    ];
    let known = check(
        &looks,
        expect![[r#"
        10:01:00? - 10:07:00?, sampled
        10:16:00? - 10:28:00?, sampled
        10:31:00? - 10:44:00?, sampled
    "#]],
    );
    let day = usage(&known, &today(), ms("10:45"));
    assert_eq!((day.used_ms, day.sessions, day.certainty), (31 * MINUTE_MS, 3, Some(Certainty::Sampled)));
}

#[test]
fn looking_twice_at_the_same_adds_nothing() {
    let presence = off("10:01", "10:07");
    let once = sample(&[], presence, Some(ms("10:00")), ms("10:15"));
    assert_eq!(sample(&once, presence, Some(ms("10:00")), ms("10:15")), once);
}

#[test]
fn a_first_look_finds_the_run_that_lasts_and_the_one_that_ended() {
    let first = |presence| shown(&sample(&[], presence, None, ms("10:15")));
    assert_eq!(first(on("08:00")), "08:00:00? - open, sampled, seen 10:15:00, driver 08:00:00\n");
    assert_eq!(first(off("08:00", "09:00")), "08:00:00? - 09:00:00?, sampled\n");
}

#[test]
fn an_end_without_a_stamp_is_where_it_was_last_seen_until_the_stamp_comes() {
    let looks = [("10:15", on("10:02")), ("10:30", state(State::Terminating))];
    check(
        &looks,
        expect![[r#"
        10:02:00? - 10:15:00?, sampled, provisional, seen 10:15:00, driver 10:02:00
    "#]],
    );
    check(
        &[looks[0], looks[1], ("10:45", off("10:02", "10:31"))],
        expect![[r#"
        10:02:00? - 10:31:00?, sampled, seen 10:15:00, driver 10:02:00
    "#]],
    );
    check(
        &[looks[0], looks[1], ("10:45", on("10:40"))],
        expect![[r#"
        10:02:00? - 10:15:00?, sampled, seen 10:15:00, driver 10:02:00
        10:40:00? - open, sampled, seen 10:45:00, driver 10:40:00
    "#]],
    );
}

#[test]
fn a_stamp_older_than_the_last_look_is_of_another_run() {
    check(
        &[("10:15", on("10:02")), ("10:30", off("10:02", "09:00"))],
        expect![[r#"
        10:02:00? - 10:15:00?, sampled, seen 10:15:00, driver 10:02:00
    "#]],
    );
}

#[test]
fn a_run_that_came_and_went_after_the_one_that_was_seen_is_one_of_its_own() {
    check(
        &[("10:15", on("10:02")), ("10:30", off("10:21", "10:26"))],
        expect![[r#"
        10:02:00? - 10:15:00?, sampled, seen 10:15:00, driver 10:02:00
        10:21:00? - 10:26:00?, sampled
    "#]],
    );
}

#[test]
fn a_cluster_that_is_gone_ended_where_it_was_last_seen() {
    check(
        &[("10:15", on("10:02")), ("10:30", Presence::Gone)],
        expect![[r#"
        10:02:00? - 10:15:00?, sampled, seen 10:15:00, driver 10:02:00
    "#]],
    );
}

#[test]
fn a_state_that_the_vendor_does_not_know_changes_nothing() {
    check(
        &[("10:15", on("10:02")), ("10:30", state(State::Unknown)), ("10:45", on("10:02"))],
        expect![[r#"
        10:02:00? - open, sampled, seen 10:45:00, driver 10:02:00
    "#]],
    );
}

#[test]
fn a_cluster_that_is_on_without_a_driver_counts_from_its_start_or_from_now() {
    let without = Listed { last_restarted_ms: Some(ms("10:05")), ..listed(State::Running) };
    check(
        &[("10:15", Presence::Listed(without)), ("10:30", Presence::Listed(without))],
        expect![[r#"
        10:05:00? - open, sampled, seen 10:30:00, driver 10:05:00
    "#]],
    );
    check(
        &[("10:15", state(State::Running)), ("10:30", state(State::Running))],
        expect![[r#"
        10:15:00? - open, sampled, seen 10:30:00
    "#]],
    );
}

/// A run that events told of is the same one when they are no longer there.
#[test]
fn a_run_known_from_events_goes_on_by_its_driver() {
    let told = events("10:00 STARTING s1@example.edu\n10:05 RUNNING");
    let known = rebuild(&input(&told, on("10:03"), "10:15"));
    let known = sample(&known, on("10:03"), Some(ms("10:15")), ms("10:30"));
    expect![[r#"
        10:05:00 - open, seen 10:30:00, driver 10:03:00, by s1@example.edu
    "#]]
    .assert_eq(&shown(&known));
    let known = sample(&known, off("10:05", "10:40"), Some(ms("10:30")), ms("10:45"));
    expect![[r#"
        10:05:00 - 10:40:00?, seen 10:30:00, driver 10:03:00, by s1@example.edu
    "#]]
    .assert_eq(&shown(&known));
}
