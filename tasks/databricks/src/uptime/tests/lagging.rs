//! Rebuilding when the events lag behind the list: what the list adds to them, and how it gives way when they come.

use expect_test::expect;

use super::{rebuilding::check, *};

#[test]
fn an_end_that_only_the_list_tells_is_provisional_for_an_hour() {
    let events = events("10:00 RUNNING");
    let lagging = |terminated, now| input(&events, Presence::Listed(is_off("10:00", terminated)), now);
    check(
        &lagging("10:40", "10:45"),
        expect![[r#"
        10:00:00 - 10:40:00?, provisional
    "#]],
    );
    check(
        &lagging("10:40", "11:40"),
        expect![[r#"
        10:00:00 - 10:40:00?
    "#]],
    );
    // The stamp of an earlier run tells nothing about this one.
    let first = check(
        &lagging("09:00", "10:45"),
        expect![[r#"
        10:00:00 - 10:45:00?, provisional
    "#]],
    );
    // The next poll does not move what the first one found.
    check(
        &Rebuild { known: &first, ..lagging("09:00", "11:00") },
        expect![[r#"
        10:00:00 - 10:45:00?, provisional
    "#]],
    );
    // Nor do those for which it is final.
    let last = check(
        &Rebuild { known: &first, ..lagging("09:00", "11:45") },
        expect![[r#"
            10:00:00 - 10:45:00?
        "#]],
    );
    check(
        &Rebuild { known: &last, ..lagging("09:00", "12:00") },
        expect![[r#"
            10:00:00 - 10:45:00?
        "#]],
    );
}

#[test]
fn an_event_that_comes_late_replaces_what_was_provisional() {
    let events = events("10:00 RUNNING\n10:38 TERMINATING INACTIVITY");
    let presence = Presence::Listed(is_off("10:00", "10:40"));
    let known = rebuild(&input(&events[..1], presence, "10:45"));
    check(
        &Rebuild { known: &known, ..input(&events, presence, "11:00") },
        expect![[r#"
        10:00:00 - 10:38:00, INACTIVITY
    "#]],
    );
}

#[test]
fn a_start_that_only_the_list_tells_is_provisional() {
    let starting = events("10:00 STARTING s1@example.edu");
    check(
        &input(&starting, Presence::Listed(runs("10:03", "10:05")), "10:15"),
        expect![[r#"
        10:05:00? - open, provisional, seen 10:15:00, driver 10:03:00, by s1@example.edu
    "#]],
    );
    check(
        &input(&[], Presence::Listed(runs("10:06", "10:05")), "10:15"),
        expect![[r#"
        10:06:00? - open, provisional, seen 10:15:00, driver 10:06:00
    "#]],
    );
    check(
        &input(&[], Presence::Listed(listed(State::Running)), "10:15"),
        expect![[r#"
        10:15:00? - open, provisional, seen 10:15:00
    "#]],
    );
}

#[test]
fn a_list_older_than_the_events_opens_nothing() {
    let events = events("10:00 RUNNING\n10:14:59 TERMINATING");
    check(
        &input(&events, Presence::Listed(runs("09:58", "10:00")), "10:15"),
        expect![[r#"
        10:00:00 - 10:14:59, driver 09:58:00
    "#]],
    );
}

#[test]
fn a_run_of_which_no_event_tells_yet_is_not_lost() {
    let presence = Presence::Listed(is_off("10:01", "10:07"));
    let known = check(
        &input(&[], presence, "10:15"),
        expect![[r#"
        10:01:00? - 10:07:00?, provisional
    "#]],
    );
    let events = events("10:01 RUNNING\n10:06:30 TERMINATING");
    check(
        &Rebuild { known: &known, ..input(&events, presence, "10:30") },
        expect![[r#"
        10:01:00 - 10:06:30
    "#]],
    );
}

#[test]
fn a_run_whose_end_was_never_told_does_not_go_on_the_next_day() {
    let running = event("15 10:00 RUNNING");
    let presence = Presence::Listed(is_off("15 10:00", "15 11:00"));
    let input = Rebuild { before: Some(&running), ..input(&[], presence, "00:15") };
    let known = check(
        &input,
        expect![[r#"
            15 10:00:00 - 15 11:00:00?
        "#]],
    );
    assert_eq!(rebuild(&Rebuild { known: &known, now_ms: ms("00:30"), ..input }), known);
}

#[test]
fn a_stamp_from_before_running_is_of_the_run_before() {
    let events = events("10:00 RESTARTING\n10:05 RUNNING");
    let presence = Presence::Listed(is_off("09:00", "10:01"));
    check(
        &Rebuild { count_from: CountFrom::Pending, ..input(&events, presence, "10:15") },
        expect![[r#"
            10:00:00 - 10:15:00?, provisional
        "#]],
    );
}

#[test]
fn a_start_that_came_to_nothing_is_no_run_whatever_the_list_stamps() {
    let events = events("10:00 STARTING\n10:04 TERMINATING");
    check(&input(&events, Presence::Listed(is_off("10:01", "10:05")), "10:15"), expect![[""]]);
}

#[test]
fn a_state_that_the_vendor_does_not_know_changes_nothing() {
    let events = events("10:00 RUNNING");
    let known = rebuild(&input(&events, Presence::Listed(runs("09:58", "10:00")), "10:15"));
    for state in [State::Error, State::Unknown] {
        let input = Rebuild { known: &known, ..input(&events, Presence::Listed(listed(state)), "10:30") };
        check(
            &input,
            expect![[r#"
            10:00:00 - open, seen 10:15:00, driver 09:58:00
        "#]],
        );
    }
}

#[test]
fn a_cluster_that_is_gone_ended_where_it_was_last_seen() {
    let events = events("10:00 RUNNING");
    let known = rebuild(&input(&events, Presence::Listed(runs("09:58", "10:00")), "10:15"));
    check(
        &Rebuild { known: &known, ..input(&events, Presence::Gone, "10:30") },
        expect![[r#"
        10:00:00 - 10:15:00?, seen 10:15:00, driver 09:58:00
    "#]],
    );
    check(&input(&events, Presence::Gone, "10:30"), expect![[""]]);
}
