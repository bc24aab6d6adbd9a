//! Days that end as they should: across midnight, with 23 and 25 hours, in zones that skip dates or change.

use chrono_tz::Tz;
use roundsman_simulators::{RunSetup, Scenario};
use serde_json::json;

use crate::{
    night::{lab, staged},
    stage::ZONE,
};

#[tokio::test]
async fn what_runs_through_midnight_counts_on_both_days_and_harms_nobody() {
    let run = RunSetup::between("22:00", "2026-11-17 01:30");
    let mut stage = lab(Scenario::at("2026-11-16 08:00").lab(7, &["s7@example.edu"], vec![run])).await;
    stage.go_to("21:45");
    stage.poll_every_15_min_until("17 00:05").await;
    stage.go_to("17 00:07");
    let outcome = stage.night().await;
    assert_eq!(outcome.summary, "2026-11-16");
    assert_eq!(stage.day("2026-11-16"), [("cluster_07".to_owned(), 120)]);
    assert!(stage.usage("2026-11-16", "cluster_07").unwrap()["finalized_ms"].is_i64());
    stage.go_to("17 00:15");
    stage.poll_well().await;
    assert_eq!(stage.day("2026-11-17"), [("cluster_07".to_owned(), 15)], "nothing of yesterday comes again");
    stage.poll_every_15_min_until("17 02:00").await;
    stage.go_to("18 00:07");
    stage.night().await;
    assert_eq!(stage.day("2026-11-17"), [("cluster_07".to_owned(), 90)]);
    assert_eq!(stage.day("2026-11-16"), [("cluster_07".to_owned(), 120)]);
    let subjects: Vec<_> = stage.sim.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["[demo] Daily cluster usage 2026-11-16", "[demo] Daily cluster usage 2026-11-17"]);
    assert!(stage.sim.asked("POST /api/2.1/clusters/delete").is_empty());
    assert_eq!(stage.last_closed(), "2026-11-17");
}

#[tokio::test]
async fn days_on_which_the_clocks_change_have_25_and_23_hours() {
    // The same run on the wall: from half past midnight to half past three.
    for (day, next, from_ms, until_ms, minutes) in [
        ("2026-10-25", "2026-10-26", 1_792_877_400_000_i64, 1_792_891_800_000_i64, 240),
        ("2026-03-27", "2026-03-28", 1_774_564_200_000, 1_774_571_400_000, 120),
    ] {
        let start = format!("{day} 00:00");
        let run = RunSetup::between(from_ms, until_ms);
        let scenario = Scenario::at(start.as_str()).lab(7, &["s7@example.edu"], vec![run]);
        let mut stage = staged(&start, scenario, json!({}), ZONE).await;
        stage.go_to(&format!("{next} 00:07"));
        stage.night().await;
        assert_eq!(stage.day(day), [("cluster_07".to_owned(), minutes)], "a first night closes yesterday");
        assert_eq!(stage.last_closed(), day);
        stage.night().await;
        assert_eq!(stage.reports().len(), 1);
    }
}

#[tokio::test]
async fn a_run_before_midnight_closes_nothing() {
    let mut stage = lab(Scenario::at("2026-11-16 08:00").lab(7, &["s7@example.edu"], Vec::new())).await;
    stage.poll_well().await;
    stage.go_to("23:59:59");
    let outcome = stage.night().await;
    assert_eq!(outcome.summary, "no day is to be closed");
    assert_eq!((stage.last_closed().as_str(), stage.reports().len()), ("2026-11-15", 0));
}

#[tokio::test]
async fn polls_close_a_day_only_when_it_has_been_over_for_ten_minutes() {
    let mut stage = lab(Scenario::at("2026-11-16 08:00").lab(7, &["s7@example.edu"], Vec::new())).await;
    stage.poll_well().await;
    for (at, closed) in [("17 00:00", "2026-11-15"), ("17 00:09", "2026-11-15"), ("17 00:10", "2026-11-16")] {
        stage.go_to(at);
        stage.poll_well().await;
        assert_eq!(stage.last_closed(), closed, "at {at}");
    }
    assert_eq!(stage.reports().len(), 1);
    assert!(stage.reports()[0].text.contains("00:00"), "{}", stage.reports()[0].text);
}

#[tokio::test]
async fn a_date_that_the_zone_skips_is_passed_over() {
    // Samoa had no 30 December 2011: the 29th ends at 10:00 UTC of the 30th, and with it the 31st begins.
    let zone = Tz::Pacific__Apia;
    let at = |text: &str| text.parse::<roundsman_task::Timestamp>().unwrap();
    let run = RunSetup::between(at("2011-12-30T09:00:00Z"), at("2011-12-30T11:00:00Z"));
    let scenario = Scenario::at(at("2011-12-29T12:00:00Z")).zone(zone).lab(7, &["s7@example.edu"], vec![run]);
    let mut stage = staged("2011-12-29 14:00", scenario, json!({}), zone).await;
    stage.poll_well().await;
    stage.clock.advance((at("2011-12-31T10:07:00Z") - at("2011-12-29T12:00:00Z")).to_std().unwrap());
    stage.night().await;
    let minutes = |day: &str| stage.day(day);
    assert_eq!(minutes("2011-12-29"), [("cluster_07".to_owned(), 60)]);
    assert_eq!(minutes("2011-12-30"), []);
    assert_eq!(minutes("2011-12-31"), [("cluster_07".to_owned(), 60)]);
    assert_eq!((stage.last_closed().as_str(), stage.reports().len()), ("2011-12-31", 2), "two days");
}

#[tokio::test]
async fn a_change_of_the_zone_closes_no_day_twice() {
    let run = RunSetup::between("10:00", "11:00");
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &["s7@example.edu"], vec![run]);
    let mut stage = lab(scenario).await;
    stage.poll_well().await;
    stage.go_to("17 00:07");
    stage.night().await;
    let before = stage.documents("usage");
    // The same documents, seen from New York, where the 16th has hours to go.
    stage.test = stage.test.next_run_in(Tz::America__New_York);
    stage.night().await;
    stage.poll_well().await;
    stage.go_to("17 09:00");
    stage.night().await;
    assert_eq!(stage.documents("usage"), before);
    assert_eq!((stage.last_closed().as_str(), stage.reports().len()), ("2026-11-16", 1));
    stage.go_to("18 12:00");
    stage.night().await;
    assert_eq!((stage.last_closed().as_str(), stage.reports().len()), ("2026-11-17", 2));
}
