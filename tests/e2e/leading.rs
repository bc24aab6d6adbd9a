//! Several daemons on one Postgres, as processes of their own: who fires, and how soon another does.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use roundsman_testkit::postgres::PostgresCluster;
use roundsman_tests::daemon::{Daemon, PATIENCE, Site, eventually, program};
use serde_json::Value;

const TICK: &str = "[tasks.tick]\nuses = \"command\"\nevery = \"1s\"\noverlap = { allow = 8 }\nwith = { argv = [\"true\"] }\n";

fn pair() -> (Site, Site) {
    let url = PostgresCluster::shared().database();
    let site = || Site::of(program("roundsman"), Some(url.clone()), TICK);
    (site(), site())
}

fn leads(daemon: &Daemon) -> bool {
    daemon.get("/readyz").is_some_and(|(_, body)| body.contains("this node leads"))
}

/// How long after an instant the daemon leads.
fn takes_over(daemon: &Daemon, since: Instant) -> Duration {
    eventually("a new leader", PATIENCE, || leads(daemon).then(|| since.elapsed()))
}

/// That no slot has two runs, and how many slots have one.
fn slots_once(site: &Site) -> usize {
    let mut slots: Vec<String> =
        site.runs("tick").iter().filter_map(|run| Some(run.get("slot")?.as_str()?.to_owned())).collect();
    let all = slots.len();
    slots.sort();
    slots.dedup();
    assert_eq!(slots.len(), all, "a slot fired twice");
    all
}

fn metric(daemon: &Daemon, name: &str) -> Option<f64> {
    let (_, body) = daemon.get("/metrics")?;
    let line = body.lines().find(|line| line.starts_with(name))?.to_owned();
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn a_killed_leader_is_succeeded_within_ten_seconds() {
    let (one, two) = pair();
    let first = one.start();
    one.run_in_state("tick", "succeeded");
    let second = two.start();
    assert!(leads(&first) && !leads(&second));
    eventually("the follower's metrics", PATIENCE, || {
        let leads = |daemon| Some(metric(daemon, "roundsman_leader")? > 0.5);
        (!leads(&second)? && leads(&first)?).then_some(())
    });
    let killed = Instant::now();
    first.kill9();
    let after = takes_over(&second, killed);
    assert!(after < Duration::from_secs(10), "it took {after:?}");
    let before = slots_once(&two);
    eventually("it fires", PATIENCE, || (slots_once(&two) > before + 1).then_some(()));
    let why: Value = eventually("a missed slot", PATIENCE, || {
        (2..30)
            .map(|ago| two.json(&["why", "tick", &format!("-{ago}s"), "--json"]))
            .find(|why| why["verdict"] == "missed")
    });
    assert!(why["text"].as_str().unwrap().contains("no leader from"), "{why}");
}

#[test]
fn a_leader_that_stops_hands_over_at_once() {
    let (one, two) = pair();
    let mut first = one.start();
    one.run_in_state("tick", "succeeded");
    let second = two.start();
    let told = Instant::now();
    first.signal(Signal::SIGTERM);
    let after = takes_over(&second, told);
    // Without a hand-over it would be the whole time after which a silent leader is replaced: six seconds.
    assert!(after < Duration::from_millis(5_500), "it took {after:?}");
    assert_eq!(first.wait(), Some(0));
    let before = slots_once(&two);
    eventually("it fires", PATIENCE, || (slots_once(&two) > before + 1).then_some(()));
}

#[test]
fn a_frozen_leader_wakes_up_as_a_follower() {
    let (one, two) = pair();
    let first = one.start();
    one.run_in_state("tick", "succeeded");
    let second = two.start();
    let frozen = Instant::now();
    first.signal(Signal::SIGSTOP);
    let after = takes_over(&second, frozen);
    assert!(after < Duration::from_secs(10), "it took {after:?}");
    first.signal(Signal::SIGCONT);
    eventually("it follows", PATIENCE, || {
        first.get("/readyz").is_some_and(|(_, body)| body.contains("follows node")).then_some(())
    });
    let before = slots_once(&two);
    eventually("one of them fires", PATIENCE, || (slots_once(&two) > before + 2).then_some(()));
    assert!(leads(&second) && !leads(&first));
}
