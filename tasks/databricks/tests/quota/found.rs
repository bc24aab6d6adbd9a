//! What polls find after time has passed without them, and how clusters come, go and change their names.

use roundsman_simulators::{ClusterSetup, Fault, Level, Principal, RunSetup, Scenario, Shape, State};
use roundsman_task::{Clock, DocumentWrite, Outcome, TaskError};
use serde_json::json;

use crate::stage::{CLUSTER, Stage, instant};

const EVENTS: &str = "POST /api/2.1/clusters/events";

fn lab(runs: Vec<RunSetup>) -> Scenario {
    Scenario::at("2026-11-16 08:00").lab(7, &["s1@example.edu"], runs)
}

#[tokio::test]
async fn the_first_poll_counts_from_midnight_and_closes_nothing() {
    let run = RunSetup::from("2026-11-15 22:00");
    let mut stage = Stage::of(lab(vec![run])).await;
    let outcome = stage.poll_well().await;
    assert_eq!(outcome.detail["stopped"], 1);
    assert!((28800..28812).contains(&stage.used_secs("cluster_07")), "{}", stage.used_secs("cluster_07"));
    assert_eq!(stage.workspace()["last_closed"], "2026-11-15");
    assert!(stage.documents("closing").is_empty());
    assert!(stage.usage("2026-11-15", "cluster_07").is_none());
}

#[tokio::test]
async fn an_outage_loses_no_time_and_makes_the_stop_late() {
    let runs = vec![RunSetup::between("08:30", "09:30"), RunSetup::between("10:00", "12:45")];
    let mut stage = Stage::of(lab(runs)).await;
    stage.poll_well().await;
    stage.go_to("13:00");
    let outcome = stage.poll_well().await;
    assert_eq!(stage.used_secs("cluster_07"), 225 * 60);
    assert_eq!((&outcome.detail["stopped"], &outcome.detail["blocked"]), (&json!(0), &json!(1)));
    assert!(stage.mails()[0].contains("daily limit reached"), "{:?}", stage.mails());
    assert_eq!(stage.mails().len(), 1, "nobody is warned of what has passed");
}

#[tokio::test]
async fn who_is_off_when_polls_resume_is_not_warned() {
    let mut stage = Stage::of(lab(vec![RunSetup::between("08:30", "11:40")])).await;
    stage.poll_well().await;
    stage.go_to("12:00");
    stage.poll_well().await;
    assert_eq!((stage.used_secs("cluster_07"), stage.mails().len()), (190 * 60, 0));
}

#[tokio::test]
async fn an_outage_over_two_midnights_is_caught_up_day_by_day() {
    let runs = vec![
        RunSetup::between("09:00", "10:00"),
        RunSetup::between("23:00", "2026-11-17 01:00"),
        RunSetup::between("2026-11-17 20:00", "2026-11-17 22:00"),
        RunSetup::from("2026-11-18 08:00"),
    ];
    let mut stage = Stage::of(lab(runs)).await;
    stage.poll_well().await;
    stage.go_to("18 09:00");
    stage.poll_well().await;
    let used =
        |day: &str| stage.usage(day, "cluster_07").unwrap()["usage"]["used_ms"].as_i64().unwrap() / 60_000;
    assert_eq!((used("2026-11-16"), used("2026-11-17"), used("2026-11-18")), (120, 180, 60));
    assert_eq!(stage.workspace()["last_closed"], "2026-11-17");
    assert_eq!(stage.mails().iter().filter(|mail| mail.contains("Daily cluster usage")).count(), 2);
}

#[tokio::test]
async fn without_events_time_is_sampled_until_they_are_back() {
    let runs = vec![RunSetup::between("08:31", "09:10"), RunSetup::from("09:20")];
    let mut stage = Stage::of(lab(runs)).await;
    stage.poll_well().await;
    let denied =
        Fault::on(EVENTS).status(403).shape(Shape::Standard, "PERMISSION_DENIED", "no scope clusters");
    stage.sim.fault(denied);
    stage.poll_every_15_min_until("10:00").await;
    let (_, last) = stage.polls.last().unwrap();
    let outcome = last.as_ref().unwrap();
    let told = outcome.detail["warnings"][0].as_str().unwrap().to_owned();
    assert!(told.starts_with("cluster_07: its events cannot be had, so its time is only sampled"), "{told}");
    let row = stage.usage("2026-11-16", "cluster_07").unwrap();
    assert_eq!(row["usage"]["certainty"], "sampled");
    let sampled = stage.used_secs("cluster_07");
    assert!(sampled > 60 * 60, "{sampled}");
    stage.sim.clear_faults();
    stage.go_to("10:15");
    assert_eq!(stage.poll_well().await.detail["warnings"], json!([]));
    let row = stage.usage("2026-11-16", "cluster_07").unwrap();
    assert_eq!(
        (stage.used_secs("cluster_07"), &row["usage"]["certainty"]),
        ((39 + 55) * 60, &json!("exact"))
    );
}

#[tokio::test]
async fn events_that_nobody_may_read_are_not_asked_for_again_and_again() {
    let scenario = (1..=30).fold(Scenario::at("2026-11-16 08:00"), |lab, number| {
        lab.lab(number, &[], vec![RunSetup::from("08:30")])
    });
    let mut stage = Stage::of(scenario).await;
    stage.sim.fault(Fault::on(EVENTS).status(403));
    stage.go_to("09:00");
    let outcome = stage.poll_well().await;
    let asked = stage.sim.asked(EVENTS).len();
    assert!(asked < 30, "{asked}");
    assert!(stage.used_secs("cluster_30") >= 30 * 60, "it counts from the launch of the driver");
    let warnings = outcome.detail["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].as_str().unwrap().contains("and 29 others"), "{warnings:?}");
}

#[tokio::test]
async fn a_renamed_cluster_belongs_to_its_new_number() {
    let cluster = ClusterSetup::new("cluster_07")
        .id(CLUSTER)
        .grant(Principal::Group("group_08".to_owned()), "CAN_RESTART")
        .run(RunSetup::from("08:00"));
    let scenario = Scenario::at("2026-11-16 08:00")
        .group("group_07", &["s1@example.edu"])
        .group("group_08", &["s2@example.edu"])
        .cluster(cluster);
    let mut stage = Stage::of(scenario).await;
    stage.poll_every_15_min_until("10:00").await;
    stage.sim.world(|world| world.rename(CLUSTER, "cluster_08")).unwrap();
    stage.poll_every_15_min_until("12:00").await;
    let mails = stage.mails();
    assert!(
        mails.len() == 2 && mails.iter().all(|mail| mail.contains("s2@example.edu: [demo] cluster_08")),
        "{mails:?}"
    );
    assert_eq!(stage.documents("clusters")[0].1["name"], "cluster_08");
    assert_eq!(stage.documents("blocks")[0].1["group"], "group_08");
}

#[tokio::test]
async fn a_deleted_cluster_ended_when_it_was_last_seen() {
    let scenario = lab(vec![RunSetup::from("08:00")]).lab(8, &[], vec![RunSetup::from("08:00")]);
    let mut stage = Stage::of(scenario).await;
    stage.poll_every_15_min_until("09:00").await;
    stage.sim.world(|world| world.forget(CLUSTER)).unwrap();
    stage.poll_every_15_min_until("12:00").await;
    assert_eq!(stage.used_secs("cluster_07"), 60 * 60);
    assert_eq!(
        stage
            .sim
            .asked("GET /api/2.1/clusters/get")
            .iter()
            .filter(|entry| entry.query.contains(CLUSTER))
            .count(),
        1
    );
    let row = stage.documents("clusters").into_iter().find(|(id, _)| id == CLUSTER).unwrap().1;
    assert_eq!(
        (&row["deleted_ms"], &row["state"]),
        (&json!(instant("09:15").timestamp_millis()), &json!("TERMINATED"))
    );
    assert!(stage.used_secs("cluster_08") >= 210 * 60, "others are dealt with as ever");
    let (_, last) = stage.polls.last().unwrap();
    let detail = &last.as_ref().unwrap().detail;
    assert_eq!((&detail["clusters"], &detail["managed"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_cluster_that_is_too_long_off_to_be_listed_is_asked_for_once_a_day() {
    let mut cluster = ClusterSetup::new("cluster_07").id(CLUSTER).created("2026-09-01 08:00");
    cluster.runs = vec![RunSetup::between("2026-10-17 08:00", "2026-10-17 09:00")];
    let mut stage = Stage::of(Scenario::at("2026-11-16 08:00").cluster(cluster)).await;
    stage.poll_well().await;
    assert_eq!(stage.documents("clusters").len(), 1);
    stage.go_to("09:15");
    stage.sim.clear_journal();
    stage.poll_every_15_min_until("12:00").await;
    assert_eq!(stage.sim.asked("GET /api/2.1/clusters/get").len(), 0, "it was looked at today already");
    stage.poll_every_15_min_until("17 03:00").await;
    assert_eq!(stage.sim.asked("GET /api/2.1/clusters/get").len(), 1);
    stage.sim.world(|world| world.start(CLUSTER, "admin@example.edu")).unwrap();
    stage.poll_every_15_min_until("17 04:00").await;
    assert_eq!(stage.sim.world(|world| world.state(CLUSTER)), Some(State::Running));
    assert!(stage.used_secs("cluster_07") > 50 * 60);
}

#[tokio::test]
async fn where_nothing_happens_nothing_is_written() {
    let mut stage = Stage::of(lab(vec![RunSetup::between("08:30", "09:00")])).await;
    stage.poll_every_15_min_until("10:00").await;
    let versions = |stage: &Stage, collection: &str| {
        let all = stage.test.documents_in("databricks", collection);
        all.into_iter().map(|document| document.version).collect::<Vec<_>>()
    };
    let before = (versions(&stage, "clusters"), versions(&stage, "usage"), versions(&stage, "events"));
    stage.sim.clear_journal();
    stage.poll_every_15_min_until("14:00").await;
    let after = (versions(&stage, "clusters"), versions(&stage, "usage"), versions(&stage, "events"));
    assert_eq!(before, after);
    assert!(stage.sim.journal().iter().all(|entry| entry.fits("GET /api/2.1/clusters/list")));
    assert_eq!(stage.clock.now(), instant("14:00"));
}

#[tokio::test]
async fn what_the_vendor_does_not_know_is_told_and_left_alone() {
    let mut stage = Stage::of(lab(vec![RunSetup::from("08:00")])).await;
    stage.poll_every_15_min_until("11:15").await;
    stage.sim.world(|world| world.misstate(CLUSTER, Some("UNKNOWN"))).unwrap();
    stage.poll_every_15_min_until("12:00").await;
    let (_, last) = stage.polls.last().unwrap();
    let detail = &last.as_ref().unwrap().detail;
    let told = "cluster_07: its state is \"UNKNOWN\", so nothing is done about it";
    assert_eq!((&detail["stopped"], &detail["warnings"]), (&json!(0), &json!([told])));
    stage.sim.world(|world| world.misstate(CLUSTER, None)).unwrap();
    stage.go_to("12:15");
    assert_eq!(stage.poll_well().await.detail["stopped"], 1);
    assert!(stage.used_secs("cluster_07") >= 255 * 60, "it ran all the time");
}

#[tokio::test]
async fn an_end_that_is_the_workspaces_doing_is_told_once() {
    let run = RunSetup::between("08:10", "08:40").reason("TRIAL_EXPIRED", "CLIENT_ERROR");
    let mut stage = Stage::of(lab(vec![run])).await;
    stage.poll_every_15_min_until("09:30").await;
    let warnings = |(at, result): &(String, Result<Outcome, TaskError>)| {
        let told = result.as_ref().unwrap().detail["warnings"].clone();
        (told != json!([])).then(|| (at.clone(), told))
    };
    let told: Vec<_> = stage.polls.iter().filter_map(warnings).collect();
    assert_eq!(told, [("08:45:00".to_owned(), json!(["cluster_07: the workspace ended it: TRIAL_EXPIRED"]))]);
}

#[tokio::test]
async fn days_before_the_first_poll_that_went_well_are_closed_too() {
    let mut stage = Stage::of(lab(vec![RunSetup::from("08:00").requested("07:57")])).await;
    stage.go_to("23:50");
    stage.poll_well().await;
    // It was ended before it could say that it went well.
    let workspace = stage.test.cx().documents_in("databricks", "workspace");
    workspace.delete("state", None).await.unwrap();
    let fault = stage.sim.fault(Fault::on(&format!("* /api/2.0/permissions/clusters/{CLUSTER}")).status(500));
    stage.go_to("17 00:15");
    stage.poll_well().await;
    assert_eq!(stage.workspace()["last_closed"], "2026-11-15", "somebody is still blocked");
    fault.lift();
    stage.go_to("17 00:30");
    stage.poll_well().await;
    assert_eq!(stage.workspace()["last_closed"], "2026-11-16");
    let group = Principal::Group("group_07".to_owned());
    assert_eq!(stage.sim.world(|world| world.granted(CLUSTER, &group)), Some(Level::CanRestart));
}

#[tokio::test]
async fn a_cluster_that_starts_and_stops_without_end_harms_no_other() {
    let scenario = lab(vec![RunSetup::from("08:00")]).lab(8, &[], vec![RunSetup::from("08:00")]);
    let mut stage = Stage::of(scenario).await;
    stage.poll_well().await;
    let first_ms = instant("00:05").timestamp_millis();
    let documents = stage.test.cx().documents_in("databricks", "events");
    let event = |number: i64| {
        let (at_ms, kind) =
            (first_ms + number * 2_000, if number % 2 == 0 { "RUNNING" } else { "TERMINATING" });
        let value = json!({ "at_ms": at_ms, "kind": kind, "user": null, "reason": null });
        DocumentWrite::Insert { key: format!("{CLUSTER}/{at_ms:015}/{kind}"), value }
    };
    for batch in 0..12 {
        documents.batch((batch * 1_000..(batch + 1) * 1_000).map(event).collect()).await.unwrap();
    }
    stage.go_to("12:00");
    let outcome = stage.poll_well().await;
    assert_eq!((&outcome.detail["stopped"], &outcome.detail["blocked"]), (&json!(2), &json!(2)));
    let told = outcome.detail["warnings"].to_string();
    assert!(told.contains("cluster_07: there is too much to keep of it"), "{told}");
    stage.go_to("12:15");
    stage.poll_well().await;
}
