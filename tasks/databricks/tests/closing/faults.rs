//! Nights on which something does not work: it holds up nothing else, and is done by whoever comes next.

use roundsman_simulators::{Fault, Level, RunSetup};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::Value;

use crate::{
    night::{blocked, id, lab, three},
    stage::Stage,
};

const ALL_DONE: [&str; 4] = ["restore done", "finalize done", "report done", "purge done"];

fn permissions_of(number: u32) -> String {
    format!("* /api/2.0/permissions/clusters/{}", id(number))
}

fn rows(stage: &Stage, day: &str) -> Vec<(String, Value)> {
    stage.documents("usage").into_iter().filter(|(key, _)| key.starts_with(day)).collect()
}

#[tokio::test]
async fn a_cluster_that_cannot_be_released_holds_up_nothing_and_is_released_by_a_poll() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.sim.fault(Fault::on(&permissions_of(2)).status(500));
    let outcome = stage.night().await;
    assert_eq!((outcome.status, outcome.again), (OutcomeStatus::Partial, true), "{}", outcome.summary);
    assert!(outcome.summary.contains("restore is not done yet"), "{}", outcome.summary);
    let restart = Some(Level::CanRestart);
    assert_eq!(stage.levels(), [restart, Some(Level::CanAttachTo), restart]);
    assert_eq!(stage.steps("2026-11-16"), ["restore open", "finalize done", "report done", "purge done"]);
    let report = stage.reports().remove(0);
    assert!(report.text.contains("cluster_02 is still blocked since 2026-11-16"), "{}", report.text);
    let before = rows(&stage, "2026-11-16");
    assert_eq!(before.len(), 3);
    assert_eq!(stage.last_closed(), "2026-11-15");
    assert_eq!(stage.test.metric("roundsman_databricks_eod_step_state", &[("step", "restore")]), Some(0.0));

    stage.sim.clear_faults();
    stage.go_to("17 00:45");
    stage.poll_well().await;
    assert_eq!(stage.levels(), [restart; 3]);
    assert_eq!(stage.steps("2026-11-16"), ALL_DONE);
    assert_eq!((stage.last_closed().as_str(), stage.reports().len()), ("2026-11-16", 1));
    assert_eq!(rows(&stage, "2026-11-16"), before);
}

#[tokio::test]
async fn two_refusals_in_a_row_are_made_good_in_the_same_night() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.sim.fault(Fault::on(&permissions_of(2)).status(500).times(2));
    let outcome = stage.night().await;
    assert_eq!(outcome.status, OutcomeStatus::Success, "{}", outcome.summary);
    assert_eq!(outcome.summary, "2026-11-16, 3 released");
    assert_eq!(stage.levels(), [Some(Level::CanRestart); 3]);
    assert_eq!(stage.test.metric("roundsman_databricks_eod_step_state", &[("step", "restore")]), Some(1.0));
}

#[tokio::test]
async fn three_times_at_night_and_once_at_noon_is_as_good_as_once() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.night().await;
    let (usage, closing) = (stage.documents("usage"), stage.documents("closing"));
    stage.sim.clear_journal();
    for _ in 0..2 {
        assert_eq!(stage.night().await.summary, "no day is to be closed");
    }
    stage.sim.world(|world| world.start(&id(1), "s1@example.edu").unwrap());
    stage.go_to("17 14:00");
    stage.poll_well().await;
    let today = rows(&stage, "2026-11-17");
    stage.night().await;
    assert_eq!(rows(&stage, "2026-11-17"), today, "today is not touched");
    let before: Vec<_> = usage.into_iter().filter(|(key, _)| key.starts_with("2026-11-16")).collect();
    assert_eq!(rows(&stage, "2026-11-16"), before);
    assert_eq!(stage.documents("closing"), closing);
    assert_eq!(stage.reports().len(), 1);
    let writes: Vec<_> = stage.writes().into_iter().filter(|line| !line.contains("emails")).collect();
    let poll = ["PUT", "PATCH"].map(|method| format!("{method} /api/2.0/permissions/clusters/{}", id(1)));
    let others: Vec<_> =
        writes.iter().filter(|line| !poll.contains(line) && !line.contains("delete")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn groups_are_released_even_if_the_workspace_cannot_be_looked_at() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.sim.fault(Fault::on("GET /api/2.1/clusters/list").status(500));
    let error = stage.try_night().await.unwrap_err();
    assert!(!error.to_string().is_empty());
    assert_eq!(stage.levels(), [Some(Level::CanRestart); 3]);
    assert_eq!(stage.steps("2026-11-16"), ["restore done", "finalize open"]);
    stage.sim.clear_faults();
    stage.go_to("17 00:15");
    stage.night().await;
    assert_eq!(stage.steps("2026-11-16"), ALL_DONE);
    let report = stage.reports().remove(0);
    assert!(!report.text.contains("still blocked"), "{}", report.text);
}

#[tokio::test]
async fn a_night_that_fails_three_times_is_told_once_and_its_recovery_too() {
    let mut stage = lab(three()).await;
    stage.poll_well().await;
    stage.go_to("17 00:07");
    stage.sim.fault(Fault::on("GET /api/2.1/clusters/list").status(400));
    for attempt in 1..=4 {
        stage.try_night().await.unwrap_err();
        let told = stage.mails().iter().filter(|mail| mail.contains("failing")).count();
        assert_eq!(told, usize::from(attempt >= 3), "after {attempt}: {:?}", stage.mails());
    }
    stage.sim.clear_faults();
    stage.night().await;
    let incidents: Vec<_> = stage.mails().into_iter().filter(|mail| !mail.contains("Daily")).collect();
    assert_eq!(incidents.len(), 2, "{incidents:?}");
    assert!(incidents[1].contains("recovered"), "{incidents:?}");
    assert_eq!(stage.workspace()["failures"], 0);
}

#[tokio::test]
async fn a_group_that_was_deleted_is_no_reason_to_wait() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.sim.world(|world| world.delete_principal("group_02"));
    let outcome = stage.night().await;
    assert_eq!(stage.steps("2026-11-16"), ALL_DONE, "{}", outcome.summary);
    let report = stage.reports().remove(0).text;
    assert!(report.contains("cluster_02: cannot be released"), "{report}");
    assert!(report.contains("cluster_02: there is no group group_02"), "{report}");
    assert!(stage.documents("blocks").is_empty());
    assert_eq!(stage.last_closed(), "2026-11-16");
}

#[tokio::test]
async fn a_day_that_waits_for_a_release_does_not_hold_up_the_next() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.sim.fault(Fault::on(&permissions_of(2)).status(500));
    stage.night().await;
    stage.go_to("18 00:07");
    stage.night().await;
    assert_eq!(stage.steps("2026-11-17"), ["restore open", "finalize done", "report done", "purge done"]);
    assert_eq!((stage.last_closed().as_str(), stage.reports().len()), ("2026-11-15", 2));
    stage.sim.clear_faults();
    stage.go_to("18 06:00");
    stage.poll_well().await;
    assert_eq!(stage.levels(), [Some(Level::CanRestart); 3]);
    assert_eq!(stage.last_closed(), "2026-11-17");
}

#[tokio::test]
async fn a_night_that_meets_a_poll_comes_back() {
    let mut stage = lab(three()).await;
    stage.poll_well().await;
    let lease = stage.test.leases().remove(0);
    stage.go_to("17 00:07");
    stage.test = stage.test.next_run();
    stage.test.take_lease_for(&lease, "quota");
    match stage.try_night().await {
        Err(TaskError::Snooze { until, .. }) => assert_eq!(crate::stage::shown(until), "2026-11-17 00:09:00"),
        other => panic!("{other:?}"),
    }
    assert!(stage.documents("closing").is_empty());
    stage.test.free_lease(&lease);
    stage.go_to("17 00:09");
    stage.night().await;
    assert_eq!(stage.last_closed(), "2026-11-16");
}

#[tokio::test]
async fn a_right_to_start_that_is_missing_is_given_back_and_more_is_left() {
    use roundsman_simulators::Principal;
    let runs = |_| Vec::<RunSetup>::new();
    let scenario = (1..=3).fold(roundsman_simulators::Scenario::at("2026-11-16 08:00"), |lab, number| {
        lab.lab(number, &[&format!("s{number}@example.edu")], runs(number))
    });
    let mut stage = lab(scenario).await;
    stage.sim.world(|world| {
        let group = |number: u32| Principal::Group(format!("group_{number:02}"));
        world.grant(&id(1), group(1), None).unwrap();
        world.grant(&id(2), group(2), Some(Level::CanManage)).unwrap();
    });
    stage.go_to("17 00:07");
    let outcome = stage.night().await;
    assert_eq!(outcome.detail["raised"], serde_json::json!(["cluster_01"]));
    let [first, second, third] = stage.levels();
    assert_eq!(
        (first, second, third),
        (Some(Level::CanRestart), Some(Level::CanManage), Some(Level::CanRestart))
    );
}
