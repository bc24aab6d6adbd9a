//! Lives at instants. What is said of them over HTTP is tested with the server.

use super::{End, How, Life, Run, State};
use crate::databricks::scenario::Reason;

fn life() -> Life {
    let mut run = Run::new(How::Started, 100, 220, Some("s1@example.edu".to_owned()));
    run.resizing.push((300, 320));
    run.end = Some(End::Terminated { at: 400, gone: 430, reason: Reason::inactivity(20), by: None });
    Life { created: 0, runs: vec![run] }
}

#[test]
fn a_state_follows_from_runs_and_an_instant() {
    let states = |life: &Life, at: &[i64]| -> Vec<&'static str> {
        at.iter().map(|at| life.state(*at).word()).collect()
    };
    let at = [99, 100, 219, 220, 299, 300, 320, 399, 400, 429, 430];
    assert_eq!(
        states(&life(), &at),
        [
            "TERMINATED",
            "PENDING",
            "PENDING",
            "RUNNING",
            "RUNNING",
            "RESIZING",
            "RUNNING",
            "RUNNING",
            "TERMINATING",
            "TERMINATING",
            "TERMINATED"
        ]
    );
    assert_eq!(life().runs[0].driver, 170);
}

#[test]
fn terminating_early_undoes_what_was_decided_for_later() {
    let mut early = life();
    assert!(early.terminate(150, 160, Reason::wanted_by("a"), Some("a".to_owned())));
    assert_eq!(early.state(150), State::Terminating);
    assert_eq!(early.state(250), State::Terminated);
    assert_eq!(early.last_running(1_000), None);
    assert!(!early.terminate(155, 170, Reason::wanted_by("b"), None), "it is on its way already");
}

#[test]
fn a_restart_ends_one_run_and_keeps_the_end_that_was_decided() {
    let mut restarted = life();
    assert!(!restarted.restart(150, 160, None), "it does not run yet");
    assert!(restarted.restart(250, 280, None));
    assert_eq!(restarted.state(260), State::Restarting);
    assert_eq!(restarted.state(280), State::Running);
    assert_eq!(restarted.state(400), State::Terminating);
    assert_eq!(restarted.last_running(300), Some(280));
}

#[test]
fn a_run_begins_only_when_the_cluster_is_off() {
    let mut busy = life();
    assert!(!busy.begin(Run::new(How::Started, 410, 500, None)));
    assert!(busy.begin(Run::new(How::Started, 430, 500, None)));
    assert_eq!(busy.state(440), State::Pending);
}
