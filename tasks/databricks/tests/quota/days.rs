//! Days as they should go: the worked example, short runs, midnight, changes of the clocks, restarts after a block.

use expect_test::expect;
use roundsman_simulators::{ClusterSetup, Level, Principal, RunSetup, Scenario, State};
use serde_json::json;

use crate::stage::{CLUSTER, Stage, instant};

/// Short runs between polls, the last of which has ended.
fn short_runs() -> Vec<RunSetup> {
    [("10:01", "10:07"), ("10:16", "10:28"), ("10:31", "10:44")]
        .map(|(from, until)| RunSetup::between(from, until).requested(from))
        .to_vec()
}

#[tokio::test]
async fn the_worked_example_warns_and_stops_to_the_second() {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.poll_every_15_min_until("14:00").await;
    stage.sim.clear_journal();
    stage.poll_every_15_min_until("15:00").await;
    expect![[r#"
        [
            "13:35:05 s1@example.edu s2@example.edu: [demo] cluster_07: most of today's running time is used",
            "14:05:05 s1@example.edu s2@example.edu: [demo] cluster_07: daily limit reached, cluster stopped",
        ]
    "#]]
    .assert_debug_eq(&stage.mails());
    let acl = format!("PUT /api/2.0/permissions/clusters/{CLUSTER}");
    assert_eq!(
        stage.writes(),
        [acl.as_str(), "POST /api/2.1/clusters/delete", "POST /emails:send"],
        "in this order, and each once"
    );
    let used = stage.used_secs("cluster_07");
    assert!((12600..12612).contains(&used), "{used}");
    assert_eq!(stage.sim.world(|world| world.state(CLUSTER)), Some(State::Terminated));
    let group = Principal::Group("group_07".to_owned());
    assert_eq!(stage.sim.world(|world| world.granted(CLUSTER, &group)), Some(Level::CanAttachTo));
    let teacher = Principal::User("ta@example.edu".to_owned());
    assert_eq!(stage.sim.world(|world| world.granted(CLUSTER, &teacher)), Some(Level::CanManage));
    assert_eq!(
        stage.measures("2026-11-16"),
        ["revoke/0 done", "stop_mail/0 done", "terminate/0 done", "warn_mail/0 done"]
    );
    let row = stage.usage("2026-11-16", "cluster_07").unwrap();
    assert_eq!(row["warned_ms"], instant("13:35:05").timestamp_millis());
    assert_eq!((&row["usage"]["sessions"], &row["group"]), (&json!(3), &json!("group_07")));
}

#[tokio::test]
async fn an_outcome_tells_how_things_stand_and_when_to_look_again() {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.poll_every_15_min_until("13:15").await;
    stage.go_to("13:30");
    let outcome = stage.poll_well().await;
    assert_eq!(outcome.wake_at, Some(instant("13:35:05")));
    assert_eq!(outcome.summary, "1 cluster, 1 managed, 1 on");
    stage.go_to("13:35:05");
    let outcome = stage.poll_well().await;
    assert_eq!((outcome.wake_at, &outcome.detail["warned"]), (Some(instant("14:05:05")), &json!(1)));
    assert_eq!(outcome.detail["mails_queued"], 1);
    stage.go_to("14:04:30");
    let outcome = stage.poll_well().await;
    assert_eq!(outcome.wake_at, Some(instant("14:05:30")), "at least a minute lies between");
    stage.go_to("14:05:30");
    let outcome = stage.poll_well().await;
    assert_eq!(outcome.wake_at, None);
    let detail = json!({
        "clusters": 1, "managed": 1, "running": 1, "warned": 0, "stopped": 1, "blocked": 1, "mails_queued": 1,
        "warnings": [],
    });
    assert_eq!(outcome.detail, detail);
    let metric = |name: &str, labels: &[(&str, &str)]| {
        stage.test.metric(&format!("roundsman_databricks_{name}"), labels)
    };
    assert_eq!(metric("poll_total", &[("result", "ok")]), Some(1.0));
    assert_eq!(metric("blocked_clusters", &[]), Some(1.0));
    assert_eq!(metric("actions_total", &[("kind", "terminate"), ("result", "done")]), Some(1.0));
    assert_eq!(metric("cluster_used_seconds", &[("cluster", "cluster_07")]), Some(12_630.0));
    assert!(metric("last_success_timestamp_seconds", &[]).is_some());
    assert_eq!(metric("api_requests_total", &[("endpoint", "clusters/events"), ("code", "200")]), Some(1.0));
}

#[tokio::test]
async fn without_adaptive_polls_no_extra_run_is_asked_for() {
    let mut stage = Stage::with(Scenario::named("day").unwrap(), json!({ "adaptive_poll": false })).await;
    stage.go_to("13:30");
    assert_eq!(stage.poll_well().await.wake_at, None);
}

#[tokio::test]
async fn short_runs_between_polls_count_in_either_way() {
    let check = async |keys: serde_json::Value, certainty: &str| {
        let scenario = Scenario::at("2026-11-16 08:00").lab(7, &["s1@example.edu"], short_runs());
        // The list stamps when a cluster is off, the events when it was to go off.
        let scenario = scenario.set(|settings| settings.stop_takes_secs = 0);
        let mut stage = Stage::with(scenario, keys).await;
        stage.poll_every_15_min_until("11:00").await;
        assert_eq!(stage.used_secs("cluster_07"), 31 * 60, "{certainty}");
        let usage = stage.usage("2026-11-16", "cluster_07").unwrap()["usage"].clone();
        assert_eq!((&usage["sessions"], &usage["certainty"]), (&json!(3), &json!(certainty)));
    };
    check(json!({}), "exact").await;
    check(json!({ "uptime_source": "sampling" }), "sampled").await;
}

#[tokio::test]
async fn a_run_over_midnight_counts_for_two_days() {
    let run = RunSetup::between("22:00", "2026-11-17 01:30");
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &["s1@example.edu"], vec![run]);
    let mut stage = Stage::at("2026-11-16 21:45", scenario, json!({})).await;
    stage.poll_every_15_min_until("17 00:15").await;
    assert_eq!(stage.used_secs("cluster_07"), 15 * 60);
    let row = stage.usage("2026-11-16", "cluster_07").unwrap();
    assert_eq!(row["usage"]["used_ms"], 120 * 60_000);
    assert!(row["finalized_ms"].is_i64(), "the poll after midnight closes the day: {row}");
    stage.poll_every_15_min_until("17 02:00").await;
    assert_eq!(stage.used_secs("cluster_07"), 90 * 60);
    assert!(stage.mails().iter().all(|mail| mail.contains("Daily cluster usage")), "{:?}", stage.mails());
    assert_eq!(stage.sim.asked("POST /api/2.1/clusters/delete").len(), 0);
}

#[tokio::test]
async fn days_with_a_change_of_the_clocks_are_as_long_as_they_are() {
    let check = async |date: &str, secs: i64| {
        let at = |time: &str| format!("{date} {time}");
        let run = RunSetup::between(at("00:30").as_str(), at("03:30").as_str());
        let scenario = Scenario::at(at("00:00").as_str()).lab(7, &["s1@example.edu"], vec![run]);
        let keys = json!({ "max_uptime_min": 600, "warn_uptime_min": 500 });
        let mut stage = Stage::at(&at("00:00"), scenario, keys).await;
        stage.poll_every_15_min_until(&at("04:00")).await;
        assert_eq!(stage.used_secs("cluster_07"), secs, "{date}");
    };
    check("2026-10-25", 240 * 60).await;
    check("2026-03-27", 120 * 60).await;
}

#[tokio::test]
async fn who_starts_a_blocked_cluster_is_stopped_again_and_told_of_once() {
    let student = "s1@example.edu";
    let cluster = ClusterSetup::new("cluster_07")
        .id(CLUSTER)
        .grant(Principal::Group("group_07".to_owned()), "CAN_RESTART")
        .grant(Principal::User(student.to_owned()), "CAN_RESTART")
        .run(RunSetup::from("10:00").by(student));
    let scenario = Scenario::at("2026-11-16 08:00").group("group_07", &[student]).cluster(cluster);
    let mut stage = Stage::of(scenario).await;
    stage.poll_every_15_min_until("14:50").await;
    assert_eq!(stage.mails().len(), 2, "{:?}", stage.mails());
    for (start, until) in [("15:00", "15:30"), ("15:40", "16:30")] {
        stage.go_to(start);
        stage.sim.world(|world| world.start(CLUSTER, student)).unwrap();
        stage.poll_every_15_min_until(until).await;
        assert_eq!(stage.sim.world(|world| world.state(CLUSTER)), Some(State::Terminated), "{until}");
    }
    let mails = stage.mails();
    assert_eq!(mails.len(), 3, "{mails:?}");
    assert!(mails[2].contains("admin@example.edu: [demo] cluster_07 was started again"), "{mails:?}");
    assert!(stage.sim.mails()[2].text.contains(student));
    let measures = stage.measures("2026-11-16");
    let stops: Vec<_> = measures.iter().filter(|line| line.starts_with("terminate")).collect();
    assert_eq!(stops, ["terminate/0 done", "terminate/1 done", "terminate/2 done"]);
    assert_eq!(stage.usage("2026-11-16", "cluster_07").unwrap()["restarts_blocked"], 2);
}
