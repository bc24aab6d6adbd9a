//! What can be written, what is refused and with which words, and that it is written again as it was.

use std::time::Duration;

use chrono_tz::Tz;
use expect_test::{Expect, expect};

use super::{super::Schedule, instant};

fn refusals(
    parse: fn(&str) -> Result<Schedule, super::super::ScheduleError>,
    texts: &[&str],
    expected: Expect,
) {
    let refusals: Vec<String> = texts.iter().map(|text| parse(text).unwrap_err().to_string()).collect();
    expected.assert_eq(&(refusals.join("\n") + "\n"));
}

#[test]
fn a_broken_field_is_named_with_what_is_expected() {
    refusals(
        Schedule::parse,
        &[
            "60 * * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 * 13 *",
            "0 0 * * 8",
            "0 0 * * FUN",
            "0 0 * MON *",
            "*/60 * * * *",
            "*/0 * * * *",
            "5/10 * * * *",
            "/10 * * * *",
            "1,,2 * * * *",
            "*,5 * * * *",
            "30-10 * * * *",
            "0 0 * * FRI-MON",
            "+5 * * * *",
            "99 0 0 * * *",
            "0 0 ? * 1",
            "0 0 15W * *",
            "0 0 * * L",
            "0 0 * * 1#6",
        ],
        expect![[r#"
            minute field `60` in `60 * * * *`: 60 is out of range; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            hour field `24` in `0 24 * * *`: 24 is out of range; expected 0-23, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            day-of-month field `0` in `0 0 0 * *`: 0 is out of range; expected 1-31, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, or `L` for the month's last day
            month field `13` in `0 0 * 13 *`: 13 is out of range; expected 1-12 or JAN-DEC, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            day-of-week field `8` in `0 0 * * 8`: 8 is out of range; expected 0-7 (Sunday is 0 or 7) or SUN-SAT, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, `5L` for the month's last Friday, `1#2` for its second Monday
            day-of-week field `FUN` in `0 0 * * FUN`: `FUN` is not understood; expected 0-7 (Sunday is 0 or 7) or SUN-SAT, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, `5L` for the month's last Friday, `1#2` for its second Monday
            month field `MON` in `0 0 * MON *`: `MON` is not understood; expected 1-12 or JAN-DEC, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `*/60` in `*/60 * * * *`: the step `60` is no number from 1 to 59; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `*/0` in `*/0 * * * *`: the step `0` is no number from 1 to 59; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `5/10` in `5/10 * * * *`: a step needs a range: write `5-59/10`; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `/10` in `/10 * * * *`: nothing stands before the step: write `*/10`; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `1,,2` in `1,,2 * * * *`: an element of the list is empty; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `*,5` in `*,5 * * * *`: `*` cannot be part of a list; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            minute field `30-10` in `30-10 * * * *`: the range runs backwards from 30 to 10: write two ranges; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            day-of-week field `FRI-MON` in `0 0 * * FRI-MON`: the range runs backwards from 5 to 1: write two ranges; expected 0-7 (Sunday is 0 or 7) or SUN-SAT, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, `5L` for the month's last Friday, `1#2` for its second Monday
            minute field `+5` in `+5 * * * *`: `+5` is not understood; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            second field `99` in `99 0 0 * * *`: 99 is out of range; expected 0-59, `a-b`, `*`, `*/n`, `a-b/n` or a list of these
            day-of-month field `?` in `0 0 ? * 1`: `?` is not known here: write `*`; expected 1-31, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, or `L` for the month's last day
            day-of-month field `15W` in `0 0 15W * *`: the nearest weekday (`W`) is not supported; expected 1-31, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, or `L` for the month's last day
            day-of-week field `L` in `0 0 * * L`: `L` needs a weekday: `5L` is the month's last Friday; expected 0-7 (Sunday is 0 or 7) or SUN-SAT, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, `5L` for the month's last Friday, `1#2` for its second Monday
            day-of-week field `1#6` in `0 0 * * 1#6`: `6` after `#` is no number from 1 to 5; expected 0-7 (Sunday is 0 or 7) or SUN-SAT, `a-b`, `*`, `*/n`, `a-b/n` or a list of these, `5L` for the month's last Friday, `1#2` for its second Monday
        "#]],
    );
}

#[test]
fn a_pattern_of_the_wrong_shape_is_refused() {
    refusals(
        Schedule::parse,
        &["", "  ", "* * * *", "0 0 0 1 1 * 2026", "hourly", "15m", "@fortnightly", "@reboot", "@daily 5"],
        expect![[r#"
            the schedule is empty: write five fields such as `0 2 * * *`, six with seconds first, or a nickname such as `@daily`
            the schedule is empty: write five fields such as `0 2 * * *`, six with seconds first, or a nickname such as `@daily`
            `* * * *` has 4 fields: expected five (minute, hour, day of month, month, day of week), or six with seconds first
            `0 0 0 1 1 * 2026` has 7 fields: expected five (minute, hour, day of month, month, day of week), or six with seconds first
            `hourly` is not understood: expected `@hourly`
            `15m` is not understood: expected a cron pattern; an interval is written `every = "15m"`
            `@fortnightly` is not understood: expected a cron pattern such as `0 2 * * *`, or @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly
            `@reboot` is not understood: expected a schedule; for a run when the daemon first starts, set `run_at_first_start = true`
            `@daily 5` has 2 fields: expected five (minute, hour, day of month, month, day of week), or six with seconds first
        "#]],
    );
}

#[test]
fn a_pattern_that_never_fires_is_refused() {
    refusals(
        Schedule::parse,
        &["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 31 FEB-feb *", "0 0 30,31 2 *"],
        expect![[r#"
            `0 0 30 2 *` never fires: there is no day 30 in February
            `0 0 31 4,6,9,11 *` never fires: there is no day 31 in April, June, September and November
            `0 0 0 31 FEB-feb *` never fires: there is no day 31 in February
            `0 0 30,31 2 *` never fires: there is no day 30 or 31 in February
        "#]],
    );
    for fires in ["0 0 29 2 *", "0 0 31 2-3 *", "0 0 30 2 1", "0 0 L 2 *", "0 0 * 2 1#5"] {
        assert!(Schedule::parse(fires).is_ok(), "{fires}");
    }
}

#[test]
fn the_seconds_first_mistake_is_refused_with_what_was_meant() {
    refusals(
        Schedule::parse,
        &["* */10 * * * *", "* 0 2 * * *", "* * 2 * * *", "* * * 1 * *", "*/1 30 * * * *"],
        expect![[r#"
            `* */10 * * * *` would run every second, as the first of six fields is seconds: write `0 */10 * * * *` or `*/10 * * * * *` (if every second is meant, write `0-59` for the seconds)
            `* 0 2 * * *` would run every second, as the first of six fields is seconds: write `0 0 2 * * *` (if every second is meant, write `0-59` for the seconds)
            `* * 2 * * *` would run every second, as the first of six fields is seconds: write `0 0 2 * * *` (if every second is meant, write `0-59` for the seconds)
            `* * * 1 * *` would run every second, as the first of six fields is seconds: write `0 0 0 1 * *` (if every second is meant, write `0-59` for the seconds)
            `*/1 30 * * * *` would run every second, as the first of six fields is seconds: write `0 30 * * * *` (if every second is meant, write `0-59` for the seconds)
        "#]],
    );
    for meant in ["* * * * * *", "*/10 * * * * *", "0-59 0 2 * * *", "0 */10 * * * *"] {
        assert!(Schedule::parse(meant).is_ok(), "{meant}");
    }
}

#[test]
fn a_step_on_one_day_field_beside_the_other_is_refused() {
    refusals(
        Schedule::parse,
        &["0 0 */2 * 1", "0 0 0 1-7 * */7"],
        expect![[r#"
        `0 0 */2 * 1` restricts day of month and day of week, and one of them is a step on `*`, which some crons read as "both must match": here either matches; write `0 0 1-31/2 * 1` to say so
        `0 0 0 1-7 * */7` restricts day of month and day of week, and one of them is a step on `*`, which some crons read as "both must match": here either matches; write `0 0 0 1-7 * 0-6/7` to say so
    "#]],
    );
    assert_eq!(Schedule::parse("0 0 13 * */1"), Schedule::parse("0 0 13 * *"));
}

#[test]
fn intervals_and_instants_are_refused_with_a_reason() {
    refusals(
        Schedule::every,
        &["", "0s", "500ms", "1500ms", "15", "15 minuets", "-5m", "11years"],
        expect![[r#"
            `every = ""`: value was empty; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "0s"`: too short; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "500ms"`: too short; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "1500ms"`: not a whole number of seconds; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "15"`: time unit needed, for example 15sec or 15ms; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "15 minuets"`: unknown time unit "minuets", supported units: ns, us/µs, ms, sec, min, hours, days, weeks, months, years (and few variations); expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "-5m"`: expected number at 0; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
            `every = "11years"`: longer than ten years; expected whole seconds, at least `1s`, such as `30s`, `15m` or `6h`
        "#]],
    );
    refusals(
        Schedule::at,
        &[
            "",
            "tomorrow",
            "2026-12-01",
            "2026-02-30T02:00",
            "2026-12-01T25:00",
            "2026-12-01T02:00:00.5Z",
            "02:00",
        ],
        expect![[r#"
            `at = ""`: nothing is written; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
            `at = "tomorrow"`: this is no date; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
            `at = "2026-12-01"`: the time of day is missing; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
            `at = "2026-02-30T02:00"`: this is no date; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
            `at = "2026-12-01T25:00"`: the time of day is not understood; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
            `at = "2026-12-01T02:00:00.5Z"`: the time of day is not understood; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
            `at = "02:00"`: this is no date; expected `2026-12-01T02:00` (in the task's time zone) or `2026-12-01T02:00:00+01:00`
        "#]],
    );
}

#[test]
fn nicknames_names_and_spaces_do_not_matter() {
    for (one, other) in [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 JAN *"),
        ("@Monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 7"),
        ("@daily", "0 0 0 * * *"),
        ("@midnight", " 0  0 * * * "),
        ("@hourly", "0 * * * *"),
        ("0 0 * * mon-fri", "0 0 * * 1,2,3-5"),
        ("0 0 * * SAT-SUN", "0 0 * * 6,0"),
        ("0 0 * JAN,mar *", "0 0 * 1,3 *"),
    ] {
        assert_eq!(Schedule::parse(one).unwrap(), Schedule::parse(other).unwrap(), "{one}");
    }
    // The same times, but one follows the clock and the other does not.
    assert_ne!(Schedule::parse("0 * * * *").unwrap(), Schedule::parse("0 0-23 * * *").unwrap());
    assert_ne!(Schedule::parse("0 0 * * *").unwrap(), Schedule::parse("0 1 * * *").unwrap());
}

#[test]
fn schedules_are_stored_as_written() {
    for json in [
        r#"{"cron":"0 2 * * *"}"#,
        r#"{"cron":"@daily"}"#,
        r#"{"cron":"*/10 0 2 * JAN MON-FRI"}"#,
        r#"{"every":"15m"}"#,
        r#"{"every":"1h 30m"}"#,
        r#"{"at":"2026-12-01T02:00"}"#,
        r#"{"at":"2026-12-01T02:00:00+01:00"}"#,
    ] {
        let schedule: Schedule = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&schedule).unwrap(), json);
    }
    let refused = serde_json::from_str::<Schedule>(r#"{"cron":"0 0 30 2 *"}"#).unwrap_err().to_string();
    assert!(refused.contains("never fires"), "{refused}");
    assert_eq!(Schedule::every_duration(Duration::from_mins(90)).unwrap().to_string(), "every 1h 30m");
}

#[test]
fn instants_are_read_in_many_forms() {
    let slot = instant("2026-12-01T01:00:00Z");
    for text in [
        "2026-12-01T02:00",
        "2026-12-01 02:00:00",
        "2026-12-01T02:00:00+01:00",
        "2026-12-01T02:00+01:00",
        "2026-12-01 01:00Z",
        "2026-12-01T01:00:00Z",
    ] {
        let schedule = Schedule::at(text).unwrap();
        assert!(schedule.is_slot(slot, Tz::Europe__Berlin), "{text}");
        assert_eq!(schedule.next_after(slot, Tz::Europe__Berlin), None, "{text}");
    }
}
