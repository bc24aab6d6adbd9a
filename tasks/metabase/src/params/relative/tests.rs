//! Days in braces, by tables: zones, changes of the clock, ends of months and years.

use serde_json::json;

use super::*;

fn days(now: &str, slot: Option<&str>, zone: &str) -> Days {
    let slot = slot.map(|slot| slot.parse().unwrap());
    Days::at(now.parse().unwrap(), slot, zone.parse().unwrap())
}

#[test]
fn words_and_what_is_added() {
    let check = |text: &str, expected: &str| {
        let days = days("2026-11-20T12:00:00Z", Some("2026-11-18T08:00:00Z"), "UTC");
        assert_eq!(days.expand_text(text).as_deref(), Ok(expected), "{text}");
    };
    check("{{today}}", "2026-11-20");
    check("{{ today }}", "2026-11-20");
    check("{{yesterday}}", "2026-11-19");
    check("{{tomorrow}}", "2026-11-21");
    check("{{today-7d}}~{{today-1d}}", "2026-11-13~2026-11-19");
    check("{{today - 2w}}", "2026-11-06");
    check("{{month_start}}", "2026-11-01");
    check("{{month_end}}", "2026-11-30");
    check("{{prev_month_start}}~{{prev_month_end}}", "2026-10-01~2026-10-31");
    check("{{week_start}}", "2026-11-16");
    check("{{prev_week_start}}", "2026-11-09");
    check("{{quarter_start}}", "2026-10-01");
    check("{{prev_quarter_start}}", "2026-07-01");
    check("{{year_start}}", "2026-01-01");
    check("{{prev_year_start}}~{{prev_year_end}}", "2025-01-01~2025-12-31");
    check("{{slot.date}}", "2026-11-18");
    check("{{slot.yesterday}}", "2026-11-17");
    check("{{slot.month_start}}", "2026-11-01");
    check("{{slot.date-1y}}", "2025-11-18");
    check("{{month_start-1m+2d}}", "2026-10-03");
    check("between {{today}} and", "between 2026-11-20 and");
    check("past7days", "past7days");
    check("a } b { c", "a } b { c");
}

#[test]
fn the_zone_decides_what_day_it_is() {
    let check = |now: &str, zone: &str, expected: &str| {
        assert_eq!(days(now, None, zone).expand_text("{{today}}").as_deref(), Ok(expected), "{now} {zone}");
    };
    check("2026-11-20T23:30:00Z", "UTC", "2026-11-20");
    check("2026-11-20T23:30:00Z", "Europe/Berlin", "2026-11-21");
    check("2026-11-20T04:30:00Z", "America/New_York", "2026-11-19");
    // The hour that is there twice, and the one that is not.
    check("2026-10-24T22:30:00Z", "Europe/Berlin", "2026-10-25");
    check("2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-25");
    check("2026-10-25T22:30:00Z", "Europe/Berlin", "2026-10-25");
    check("2026-10-25T23:30:00Z", "Europe/Berlin", "2026-10-26");
    check("2026-03-28T23:30:00Z", "Europe/Berlin", "2026-03-29");
    check("2026-03-29T21:59:59Z", "Europe/Berlin", "2026-03-29");
    check("2026-03-29T22:00:00Z", "Europe/Berlin", "2026-03-30");
    check("2026-12-31T23:30:00Z", "Europe/Berlin", "2027-01-01");
    // A day that is left out.
    check("2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29");
    check("2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31");
}

#[test]
fn ends_of_months_and_years() {
    let check = |day: &str, text: &str, expected: &str| {
        let days = days(&format!("{day}T12:00:00Z"), None, "UTC");
        assert_eq!(days.expand_text(text).as_deref(), Ok(expected), "{day} {text}");
    };
    check("2027-01-01", "{{yesterday}}", "2026-12-31");
    check("2027-01-01", "{{prev_month_start}}", "2026-12-01");
    check("2027-01-01", "{{prev_month_end}}", "2026-12-31");
    check("2027-01-01", "{{week_start}}", "2026-12-28");
    check("2027-01-01", "{{prev_quarter_start}}", "2026-10-01");
    check("2026-12-31", "{{tomorrow}}", "2027-01-01");
    check("2026-12-15", "{{month_end}}", "2026-12-31");
    check("2028-02-10", "{{month_end}}", "2028-02-29");
    check("2027-02-10", "{{month_end}}", "2027-02-28");
    check("2026-03-31", "{{today-1m}}", "2026-02-28");
    check("2028-02-29", "{{today-1y}}", "2027-02-28");
    check("2026-03-31", "{{today-1m+1m}}", "2026-03-28");
    check("2026-05-31", "{{quarter_start}}", "2026-04-01");
}

#[test]
fn a_late_run_works_for_its_slot() {
    let late = days("2026-12-01T02:00:00Z", Some("2026-11-30T08:00:00Z"), "Europe/Berlin");
    assert_eq!(late.expand_text("{{slot.month_start}}").as_deref(), Ok("2026-11-01"));
    assert_eq!(late.expand_text("{{month_start}}").as_deref(), Ok("2026-12-01"));
    let asked_for = days("2026-12-01T02:00:00Z", None, "Europe/Berlin");
    assert_eq!(asked_for.expand_text("{{slot.date}}").as_deref(), Ok("2026-12-01"));
}

#[test]
fn what_is_no_day_is_told() {
    let check = |text: &str, expected: &str| {
        let told = days("2026-11-20T12:00:00Z", None, "UTC").expand_text(text).unwrap_err();
        assert!(told.contains(expected), "{text}: {told}");
    };
    check("{{todya}}", "did you mean \"today\"?");
    check("{{slot.dat}}", "did you mean \"slot.date\"?");
    check("{{whatever_this_is}}", "there are \"today\"");
    check("{{date}}", "is no day");
    check("{{today-7}}", "such as -7d");
    check("{{today-d}}", "such as -7d");
    check("{{today-7h}}", "such as -7d");
    check("{{today-99999999999d}}", "such as -7d");
    check("{{today-4000000000d}}", "no day that a calendar has");
    check("{{today+4000000000m}}", "no day that a calendar has");
    check("{{today", "not closed");
    check("{{}}", "is no day");
}

#[test]
fn lists_are_filled_in_and_the_rest_stays() {
    let days = days("2026-11-20T12:00:00Z", None, "UTC");
    let value = json!(["{{today}}", 7, true, "x"]);
    assert_eq!(days.expand(&value), Ok(json!(["2026-11-20", 7, true, "x"])));
    assert_eq!(days.expand(&json!(1.5)), Ok(json!(1.5)));
    assert!(days.expand(&json!(["{{nothing}}"])).is_err());
}
