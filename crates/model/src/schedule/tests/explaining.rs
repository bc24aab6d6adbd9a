//! What people are told where clocks change.

use chrono_tz::Tz;
use expect_test::{Expect, expect};

use super::{super::Schedule, instant};

/// Every slot's explanation and all notes of some hours around a change.
fn check(schedule: &str, zone: Tz, after: &str, until: &str, expected: Expect) {
    let schedule = match schedule.strip_prefix("at ") {
        Some(at) => Schedule::at(at).unwrap(),
        None => Schedule::parse(schedule).unwrap(),
    };
    let (after, until) = (instant(after), instant(until));
    let mut lines = Vec::new();
    for slot in schedule.slots(after, until, zone) {
        let explanation = schedule.explain(slot, zone).map_or_else(|| "-".into(), |found| found.to_string());
        lines.push(format!("{} {explanation}\n", slot.with_timezone(&zone).to_rfc3339()));
    }
    for note in schedule.notes(after, until, zone) {
        lines.push(format!("{:?}: {note}\n", note.effect));
    }
    expected.assert_eq(&lines.concat());
}

#[test]
fn clocks_go_forward() {
    let (after, until) = ("2026-03-28T22:30:00Z", "2026-03-29T03:00:00Z");
    let zone = Tz::Europe__Berlin;
    check(
        "30 2 * * *",
        zone,
        after,
        until,
        expect![[r#"
        2026-03-29T03:00:00+02:00 02:30 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
        RunsAfterGap: 02:30 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
    "#]],
    );
    check(
        "0 1-4 * * *",
        zone,
        after,
        until,
        expect![[r#"
        2026-03-29T01:00:00+01:00 -
        2026-03-29T03:00:00+02:00 02:00 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
        2026-03-29T04:00:00+02:00 -
        RunsAfterGap: 02:00 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
    "#]],
    );
    check(
        "10,20,30,40,50 2 * * *",
        zone,
        after,
        until,
        expect![[r#"
            2026-03-29T03:00:00+02:00 02:10, 02:20, 02:30 and 2 more do not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): run once, at 03:00
            RunsAfterGap: 02:10, 02:20, 02:30 and 2 more do not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): run once, at 03:00
        "#]],
    );
}

#[test]
fn clocks_go_forward_for_other_schedules() {
    let (after, until) = ("2026-03-28T22:30:00Z", "2026-03-29T03:00:00Z");
    let zone = Tz::Europe__Berlin;
    check(
        "0 * * * *",
        zone,
        after,
        until,
        expect![[r#"
        2026-03-29T00:00:00+01:00 -
        2026-03-29T01:00:00+01:00 -
        2026-03-29T03:00:00+02:00 -
        2026-03-29T04:00:00+02:00 -
        2026-03-29T05:00:00+02:00 -
        Dropped: 02:00 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): does not run
    "#]],
    );
    check(
        "at 2026-03-29T02:30",
        zone,
        after,
        until,
        expect![[r#"
        2026-03-29T03:00:00+02:00 02:30 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
        RunsAfterGap: 02:30 does not exist on 2026-03-29 in Europe/Berlin (clocks go from 02:00 to 03:00): runs at 03:00
    "#]],
    );
    check("0 12 * * *", zone, after, until, expect![[r#""#]]);
}

#[test]
fn clocks_go_back() {
    let (after, until) = ("2026-10-24T23:30:00Z", "2026-10-25T03:00:00Z");
    let zone = Tz::Europe__Berlin;
    check(
        "30 2 * * *",
        zone,
        after,
        until,
        expect![[r#"
        2026-10-25T02:30:00+02:00 02:30 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs the first time
        RunsFirstTime: 02:30 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs the first time
    "#]],
    );
    check(
        "*/30 * * * *",
        zone,
        after,
        until,
        expect![[r#"
            2026-10-25T02:00:00+02:00 02:00 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs both times, this is the first
            2026-10-25T02:30:00+02:00 02:30 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs both times, this is the first
            2026-10-25T02:00:00+01:00 02:00 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs both times, this is the second
            2026-10-25T02:30:00+01:00 02:30 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs both times, this is the second
            2026-10-25T03:00:00+01:00 -
            2026-10-25T03:30:00+01:00 -
            2026-10-25T04:00:00+01:00 -
            RunsBothTimes: 02:00 and 02:30 occur twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): run both times
        "#]],
    );
    check(
        "at 2026-10-25T02:15:30",
        zone,
        after,
        until,
        expect![[r#"
        2026-10-25T02:15:30+02:00 02:15:30 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs the first time
        RunsFirstTime: 02:15:30 occurs twice on 2026-10-25 in Europe/Berlin (clocks go back from 03:00 to 02:00): runs the first time
    "#]],
    );
    check("0 12 * * *", zone, after, until, expect![[r#""#]]);
}

#[test]
fn clocks_change_around_midnight() {
    check(
        "30 23 * * *",
        Tz::America__Sao_Paulo,
        "2018-02-18T00:00:00Z",
        "2018-02-18T12:00:00Z",
        expect![[r#"
            2018-02-17T23:30:00-02:00 23:30 occurs twice on 2018-02-17 in America/Sao_Paulo (clocks go back from 2018-02-18 00:00 to 2018-02-17 23:00): runs the first time
            RunsFirstTime: 23:30 occurs twice on 2018-02-17 in America/Sao_Paulo (clocks go back from 2018-02-18 00:00 to 2018-02-17 23:00): runs the first time
        "#]],
    );
    check(
        "0 0 * * *",
        Tz::Asia__Beirut,
        "2026-03-28T12:00:00Z",
        "2026-03-29T12:00:00Z",
        expect![[r#"
        2026-03-29T01:00:00+03:00 00:00 does not exist on 2026-03-29 in Asia/Beirut (clocks go from 00:00 to 01:00): runs at 01:00
        RunsAfterGap: 00:00 does not exist on 2026-03-29 in Asia/Beirut (clocks go from 00:00 to 01:00): runs at 01:00
    "#]],
    );
}

#[test]
fn a_date_is_skipped() {
    let (after, until) = ("2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z");
    check(
        "0 12 * * *",
        Tz::Pacific__Apia,
        after,
        until,
        expect![[r#"
        2011-12-29T12:00:00-10:00 -
        2011-12-31T12:00:00+14:00 -
        Dropped: 12:00 does not exist on 2011-12-30 in Pacific/Apia (clocks go from 2011-12-30 00:00 to 2011-12-31 00:00): does not run
    "#]],
    );
    check(
        "* * * * * *",
        Tz::Pacific__Apia,
        "2011-12-30T09:59:59Z",
        "2011-12-30T10:00:00Z",
        expect![[r#"
            2011-12-31T00:00:00+14:00 -
            Dropped: 00:00, 00:00:01, 00:00:02 and 86397 more do not exist on 2011-12-30 in Pacific/Apia (clocks go from 2011-12-30 00:00 to 2011-12-31 00:00): do not run
        "#]],
    );
}

#[test]
fn intervals_and_instants_that_are_no_slot_have_no_explanation() {
    let every = Schedule::every("15m").unwrap();
    let change = instant("2026-03-29T01:00:00Z");
    assert_eq!(every.explain(change, Tz::Europe__Berlin), None);
    assert_eq!(every.notes(instant("2026-01-01T00:00:00Z"), change, Tz::Europe__Berlin), []);
    let noon = Schedule::parse("0 12 * * *").unwrap();
    assert_eq!(noon.explain(change, Tz::Europe__Berlin), None);
}
