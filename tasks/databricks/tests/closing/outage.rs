//! Nobody was there for days: each is closed with what its events say, and blocks are released once.

use roundsman_simulators::{Level, RunSetup, Scenario};
use serde_json::json;

use crate::{
    night::{id, lab, staged},
    stage::ZONE,
};

#[tokio::test]
async fn three_midnights_are_caught_up_by_the_first_poll() {
    let runs = vec![
        RunSetup::from("08:00").requested("07:57"),
        RunSetup::between("2026-11-17 09:00", "2026-11-17 10:00").requested("2026-11-17 08:57"),
        RunSetup::between("2026-11-18 23:00", "2026-11-19 01:00").requested("2026-11-18 22:57"),
    ];
    let scenario = Scenario::at("2026-11-16 08:00").lab(1, &["s1@example.edu"], runs);
    let mut stage = lab(scenario).await;
    stage.go_to("08:15");
    stage.poll_well().await;
    stage.go_to("12:00");
    stage.poll_well().await;
    assert_eq!(stage.levels()[0], Some(Level::CanAttachTo));
    stage.sim.clear_journal();
    stage.go_to("19 10:00");
    stage.poll_well().await;
    assert_eq!(stage.last_closed(), "2026-11-18");
    assert_eq!(stage.day("2026-11-16"), [("cluster_01".to_owned(), 240)]);
    assert_eq!(stage.day("2026-11-17"), [("cluster_01".to_owned(), 60)]);
    assert_eq!(stage.day("2026-11-18"), [("cluster_01".to_owned(), 60)]);
    assert_eq!(stage.day("2026-11-19"), [("cluster_01".to_owned(), 60)]);
    assert_eq!(stage.levels()[0], Some(Level::CanRestart));
    let writes: Vec<_> = stage.writes().into_iter().filter(|line| line.contains("permissions")).collect();
    assert_eq!(writes.len(), 1, "released once: {writes:?}");
    let mut reports = stage.reports();
    reports.sort_by(|a, b| a.subject.cmp(&b.subject));
    assert_eq!(reports.len(), 3);
    assert!(reports[0].text.contains("the day was closed late, 58h00m after its end"), "{}", reports[0].text);
}

#[tokio::test]
async fn of_forty_days_the_last_thirty_are_closed_by_events() {
    let run = |day: &str| {
        let (from, until) = (format!("{day} 09:00"), format!("{day} 10:00"));
        RunSetup::between(from.as_str(), until.as_str())
    };
    let runs = vec![run("2026-10-05"), run("2026-10-10"), run("2026-10-20"), run("2026-11-13")];
    let scenario = Scenario::at("2026-10-05 08:00").lab(1, &["s1@example.edu"], runs);
    let mut stage = staged("2026-10-05 08:00", scenario, json!({}), ZONE).await;
    stage.poll_well().await;
    stage.go_to("2026-10-05 09:30");
    stage.poll_well().await;
    stage.go_to("2026-11-14 14:00");
    stage.night().await;
    assert_eq!(stage.last_closed(), "2026-11-13");
    // What a poll has seen of a day long ago stays; what nobody saw then is not known.
    let old = stage.usage("2026-10-05", "cluster_01").unwrap();
    assert_eq!((&old["origin"], old["finalized_ms"].is_i64()), (&json!("sampling"), true));
    assert!(old["usage"]["used_ms"].as_i64().unwrap() >= 30 * 60_000);
    assert_eq!(stage.day("2026-10-20"), [("cluster_01".to_owned(), 60)]);
    assert_eq!(stage.day("2026-11-13"), [("cluster_01".to_owned(), 60)]);
    let reports = stage.documents("closing").into_iter().filter(|(key, _)| key.ends_with("/report"));
    let mailed = reports.clone().filter(|(_, row)| row["note"].is_null()).count();
    assert_eq!((reports.count(), mailed), (40, 30));
    let entered = stage.documents("mail").into_iter().filter(|(key, _)| key.starts_with("once/")).count();
    assert_eq!(entered, 30);
    let first = stage.reports().into_iter().find(|mail| mail.subject.ends_with("2026-10-15")).unwrap();
    let told = "2026-10-05 to 2026-10-14 are more than 30 days ago";
    assert!(first.text.contains(told), "{}", first.text);
    assert!(stage.sim.world(|world| world.state(&id(1))).is_some());
}
