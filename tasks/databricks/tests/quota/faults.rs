//! Workspaces that throttle, fail or do not let us in; what the daemon is told then, and when admins are.

use std::time::Duration;

use roundsman_simulators::{Fault, RunSetup, Scenario, Shape};
use roundsman_task::{Clock, OutcomeStatus, TaskError};
use serde_json::json;

use crate::stage::{Stage, instant};

const LIST: &str = "GET /api/2.1/clusters/list";

fn lab() -> Scenario {
    let lab = (1..=3).fold(Scenario::at("2026-11-16 08:00"), |lab, number| {
        lab.lab(number, &["s1@example.edu"], vec![RunSetup::from("08:00")])
    });
    lab.set(|settings| settings.clusters_page_size = 2)
}

#[tokio::test]
async fn throttling_on_the_second_page_is_waited_out() {
    let mut stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on(LIST).nth(2).status(429).retry_after("7"));
    stage.sim.fault(Fault::on(LIST).nth(3).status(503));
    let outcome = stage.poll_well().await;
    assert_eq!((outcome.status, &outcome.detail["clusters"]), (OutcomeStatus::Success, &json!(3)));
    let waits = stage.test.waits();
    assert!(waits[0] >= Duration::from_secs(7) && waits[1] >= Duration::from_secs(1), "{waits:?}");
    let metrics = stage.test.metrics();
    let retries = metrics.iter().filter(|sample| sample.name == "roundsman_databricks_api_retries_total");
    assert_eq!(retries.map(|sample| sample.value).sum::<f64>().to_string(), "2");
}

#[tokio::test]
async fn a_workspace_that_throttles_for_longer_defers_polls_and_is_told_of_once() {
    let mut stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on(LIST).status(429).retry_after("400"));
    for (number, at) in ["08:15", "08:30", "08:45", "09:00", "09:15"].into_iter().enumerate() {
        stage.go_to(at);
        let Err(TaskError::Snooze { until, .. }) = stage.poll().await else { panic!("{:?}", stage.polls) };
        assert!((until - stage.clock.now()).num_seconds() > 300, "{until}");
        assert_eq!(stage.workspace()["failures"], number + 1);
        assert_eq!(stage.mails().len(), usize::from(number >= 2), "{:?}", stage.mails());
        let result = [("result", "deferred")];
        assert_eq!(stage.test.metric("roundsman_databricks_poll_total", &result), Some(1.0));
    }
    stage.sim.clear_faults();
    stage.go_to("09:30");
    stage.poll_well().await;
    stage.go_to("09:45");
    stage.poll_well().await;
    let mails = stage.mails();
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails[0].contains("admin@example.edu: [demo] Quota polling failing since"), "{mails:?}");
    assert!(mails[1].contains("recovered"), "{mails:?}");
    let row = stage.workspace();
    assert_eq!((&row["failures"], &row["failing_since_ms"]), (&json!(0), &json!(null)));
}

#[tokio::test]
async fn a_poll_that_is_tried_again_counts_once() {
    let mut stage = Stage::of(lab()).await;
    stage.sim.close_databricks().await;
    let error = stage.poll().await.unwrap_err();
    assert!(matches!(error, TaskError::Retry { .. } | TaskError::Snooze { .. }), "{error:?}");
    stage.poll_again().await.unwrap_err();
    assert_eq!(stage.workspace()["failures"], 1);
    stage.go_to("09:00");
    stage.poll().await.unwrap_err();
    assert_eq!((&stage.workspace()["failures"], stage.mails().len()), (&json!(2), 0));
    stage.sim.reopen_databricks().await.unwrap();
    stage.go_to("09:15");
    stage.poll_well().await;
    assert_eq!(
        (&stage.workspace()["failures"], stage.mails().len()),
        (&json!(0), 0),
        "nobody was told, so nothing is taken back"
    );
}

#[tokio::test]
async fn what_an_answer_means_for_the_poll() {
    let check = async |fault: Fault, expected: &str, is_told: bool, tries: usize| {
        let mut stage = Stage::of(lab()).await;
        stage.sim.fault(fault);
        let (told, cause) = match stage.poll().await.unwrap_err() {
            TaskError::Config { cause } => ("config", cause),
            TaskError::Permanent { cause } => ("permanent", cause),
            TaskError::Retry { cause, .. } => ("retry", cause),
            TaskError::Snooze { cause, .. } => ("snooze", cause),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{cause}");
        assert_eq!(!stage.mails().is_empty(), is_told, "{cause}");
        if tries > 0 {
            assert_eq!(stage.sim.asked(LIST).len(), tries, "{cause}");
        }
        assert!(!cause.contains(stage.sim.token()), "{cause}");
        assert_eq!(stage.workspace()["last_error"], cause.as_str());
    };
    let list = || Fault::on(LIST);
    check(list().status(401), "config", true, 1).await;
    check(list().status(403).shape(Shape::Standard, "PERMISSION_DENIED", "no"), "permanent", true, 1).await;
    check(list().redirect("https://login.example.com/login.html"), "config", false, 1).await;
    check(list().page("<html><body>Sign in</body></html>"), "config", false, 1).await;
    check(list().status(400), "permanent", false, 1).await;
    check(list().status(503), "snooze", false, 0).await;
    check(list().status(500).shape(Shape::Empty, "", ""), "retry", false, 0).await;
}

#[tokio::test]
async fn one_cluster_that_fails_fails_no_poll() {
    let mut stage = Stage::of(lab()).await;
    let id = "1116-060000-lab00002";
    stage.sim.fault(Fault::on("POST /api/2.1/clusters/events").containing(id).status(400));
    stage.sim.fault(Fault::on("POST /api/2.1/clusters/delete").containing(id).status(400));
    stage.sim.fault(Fault::on(&format!("GET /api/2.0/permissions/clusters/{id}")).status(403));
    stage.go_to("12:00");
    let outcome = stage.poll_well().await;
    assert_eq!((outcome.status, &outcome.detail["stopped"]), (OutcomeStatus::Success, &json!(2)));
    assert!(outcome.detail["warnings"].as_array().unwrap().len() >= 2, "{}", outcome.detail["warnings"]);
    stage.sim.clear_faults();
    stage.go_to("12:15");
    let outcome = stage.poll_well().await;
    assert_eq!((&outcome.detail["stopped"], &outcome.detail["blocked"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn events_that_fail_for_long_leave_time_for_stops() {
    let mut stage = Stage::of(lab()).await;
    stage.poll_well().await;
    stage.sim.fault(Fault::on("POST /api/2.1/clusters/events").status(503).retry_after("20"));
    stage.go_to("12:00");
    let outcome = stage.poll_well().await;
    assert_eq!((&outcome.detail["stopped"], &outcome.detail["blocked"]), (&json!(3), &json!(3)));
    let took = (stage.clock.now() - instant("12:00")).num_seconds();
    assert!(took <= 240, "{took} s");
    let told = outcome.detail["warnings"][0].as_str().unwrap();
    assert!(told.contains("cluster_01 and 2 others: its events cannot be had"), "{told}");
}

#[tokio::test]
async fn two_runs_do_not_poll_at_once() {
    let mut stage = Stage::of(lab()).await;
    stage.poll_well().await;
    let lease = stage.test.leases().remove(0);
    stage.test.take_lease_for(&lease, "other");
    stage.sim.clear_journal();
    stage.go_to("08:15");
    let outcome = stage.poll_well().await;
    assert_eq!((outcome.status, stage.journal().len()), (OutcomeStatus::Skipped, 0));
    let (dry, _) = stage.poll_dry().await;
    assert_eq!(
        dry.unwrap().status,
        OutcomeStatus::Success,
        "it keeps nobody from working, and nobody keeps it"
    );
    stage.test.free_lease(&lease);
    assert_eq!(stage.poll_well().await.status, OutcomeStatus::Success);
}

#[tokio::test]
async fn a_mail_service_that_is_away_delays_nothing_but_mails() {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.poll_every_15_min_until("13:50").await;
    stage.sim.close_acs().await;
    stage.go_to("14:05:05");
    let outcome = stage.poll_well().await;
    assert_eq!((&outcome.detail["stopped"], &outcome.detail["blocked"]), (&json!(1), &json!(1)));
    stage.go_to("14:45");
    stage.sim.reopen_acs().await.unwrap();
    stage.poll_every_15_min_until("15:30").await;
    let stops: Vec<_> =
        stage.sim.mails().into_iter().filter(|mail| mail.subject.contains("daily limit")).collect();
    assert_eq!(stops.len(), 1);
    assert!(
        stops[0].at >= instant("14:45").timestamp_millis() && stops[0].text.contains("3h30m"),
        "{}",
        stops[0].text
    );
}

#[tokio::test]
async fn a_look_before_anything_is_done_tells_of_the_clocks() {
    let mut stage = Stage::of(lab()).await;
    stage.poll_well().await;
    let registry = roundsman_task::Registry::collect().unwrap();
    let entry = registry.get("databricks-quota").unwrap();
    let with = json!({ "host": stage.sim.url(), "mail_enabled": false });
    let findings = entry.preflight(stage.test.cx(), with.clone()).await.unwrap();
    assert!(
        findings.len() >= 5 && findings.iter().any(|finding| finding.what == "compare the clocks"),
        "{findings:?}"
    );
    let scope = entry.scopes(&with).unwrap();
    assert_eq!(scope["databricks"], stage.sim.url().trim_start_matches("http://"));
}

#[tokio::test]
async fn what_is_known_from_before_is_told_by_polls_that_fail_or_are_skipped_too() {
    let mut stage = Stage::of(lab()).await;
    stage.go_to("12:00");
    stage.poll_well().await;
    let last = instant("12:00").timestamp_millis() as f64 / 1_000.0;
    let kept = |stage: &Stage| {
        let metric = |name: &str| stage.test.metric(&format!("roundsman_databricks_{name}"), &[]);
        (metric("last_success_timestamp_seconds"), metric("blocked_clusters"))
    };
    let fault = stage.sim.fault(Fault::on(LIST).status(500));
    stage.go_to("12:15");
    stage.poll().await.unwrap_err();
    assert_eq!(kept(&stage), (Some(last), Some(3.0)), "gauges that a run does not report are forgotten");
    fault.lift();
    let lease = stage.test.leases().remove(0);
    stage.test.take_lease_for(&lease, "other");
    stage.go_to("12:30");
    stage.poll_well().await;
    assert_eq!(kept(&stage), (Some(last), Some(3.0)));
}

#[tokio::test]
async fn a_poll_that_is_kept_from_working_comes_again_in_a_minute() {
    let mut stage = Stage::of(lab()).await;
    stage.poll_well().await;
    let lease = stage.test.leases().remove(0);
    stage.test.take_lease_for(&lease, "other");
    stage.go_to("11:30:05");
    assert_eq!(stage.poll_well().await.wake_at, Some(instant("11:31:05")), "a threshold is crossed now");
    stage.configure("adaptive_poll", json!(false));
    assert_eq!(stage.poll_well().await.wake_at, None);
}

#[tokio::test]
async fn what_a_slow_look_takes_does_not_delay_the_next() {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.poll_well().await;
    stage.go_to("13:30");
    let slow =
        Fault::on("POST /api/2.1/clusters/events").virtual_delay(&stage.clock, Duration::from_secs(90));
    stage.sim.fault(slow);
    assert_eq!(stage.poll_well().await.wake_at, Some(instant("13:35:05")), "the crossing is no later for it");
}

#[tokio::test]
async fn a_slow_mail_service_does_not_delay_the_next_crossing() {
    let mut stage = Stage::with(lab(), json!({ "warn_uptime_min": 208 })).await;
    stage.poll_well().await;
    stage.sim.fault(Fault::on("POST /emails:send").virtual_delay(&stage.clock, Duration::from_secs(60)));
    stage.go_to("11:28:05");
    let outcome = stage.poll_well().await;
    assert_eq!((&outcome.detail["warned"], outcome.wake_at), (&json!(3), Some(instant("11:30:05"))));
    assert!(stage.clock.now() <= instant("11:30:05"), "the third mail waits: {}", stage.now());
    stage.sim.clear_faults();
    stage.go_to("11:30:05");
    assert_eq!(stage.poll_well().await.detail["stopped"], 3);
    assert_eq!(stage.mails().len(), 6, "{:?}", stage.mails());
}

#[tokio::test]
async fn addresses_in_answers_reach_no_outcome() {
    let mut stage = Stage::of(lab()).await;
    stage.poll_well().await;
    let told = "Principal: UserName(s1@example.edu) does not exist";
    let answer = |on: &str, status| Fault::on(on).status(status).shape(Shape::Standard, "BAD_REQUEST", told);
    stage.sim.fault(answer("PUT /api/2.0/permissions/clusters/*", 400));
    stage.sim.fault(answer("POST /api/2.1/clusters/events", 400));
    stage.go_to("12:00");
    let outcome = stage.poll_well().await;
    let detail = outcome.detail.to_string();
    assert!(detail.contains("UserName(…@example.edu) does not exist"), "{detail}");
    assert!(!detail.contains("s1@"), "{detail}");
    stage.sim.fault(answer(LIST, 400));
    stage.go_to("12:15");
    let error = stage.poll().await.unwrap_err().to_string();
    assert!(!error.contains("s1@"), "{error}");
}

#[tokio::test]
async fn who_is_in_which_group_may_be_throttled_and_clusters_are_stopped_all_the_same() {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.poll_every_15_min_until("13:30").await;
    let groups = Fault::on("GET /api/2.0/preview/scim/*").status(429).retry_after("7200");
    stage.sim.fault(groups);
    stage.poll_every_15_min_until("14:15").await;
    let (_, last) = stage.polls.last().unwrap();
    assert_eq!(last.as_ref().unwrap().detail["blocked"], 1);
    let used = stage.used_secs("cluster_07");
    assert!((12600..12612).contains(&used), "{used}");
}

#[tokio::test]
async fn events_that_are_throttled_for_long_hold_up_no_stop() {
    let mut stage = Stage::of(lab()).await;
    stage.poll_well().await;
    let id = "1116-060000-lab00002";
    let slow = Fault::on("POST /api/2.1/clusters/events").containing(id).status(429).retry_after("3600");
    stage.sim.fault(slow);
    stage.go_to("12:00");
    let outcome = stage.poll_well().await;
    assert_eq!((&outcome.detail["stopped"], &outcome.detail["blocked"]), (&json!(3), &json!(3)));
}
