//! Workers whose leases run out: nobody renews them, or whoever should is frozen.

use std::process::{Child, Command, Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_wire::{Lease, boot_time};
use serde_json::json;

use super::*;

/// A lease long enough for a worker to start under load, short enough to wait for.
const LEASE: Duration = Duration::from_secs(3);

/// A child that only KILL ends, in a session of its own and without the mark.
fn deaf_child(file: &Path) -> String {
    format!(
        "exec setsid env -i PATH=/usr/bin:/bin /bin/sh -c 'trap \"\" TERM HUP INT; echo $$ > {}; while :; do sleep 0.05; done'",
        file.display()
    )
}

fn deaf(bench: &Bench) -> serde_json::Value {
    let (ready, child) = (bench.path("ready"), bench.path("child"));
    json!({ "pid_file": ready, "scripts": [deaf_child(&child)], "wait_for": child, "then": "ignore" })
}

async fn tree(bench: &Bench) -> [Process; 2] {
    [told_by(&bench.path("ready")).await, told_by(&bench.path("child")).await]
}

/// When none of these runs any more. One that only waits to be reaped does not run.
async fn gone(tree: &[Process]) -> Duration {
    soon("the end of the tree", || tree.iter().all(|process| !process.is_alive()).then(boot_time)).await
}

#[expect(clippy::disallowed_methods, reason = "the supervisor under test is a process of its own")]
fn lone_supervisor(bench: &Bench) -> Child {
    let mut command = Command::new(PROGRAM);
    let mark = format!("leases/{}", bench.folder.path().display());
    command.arg("lone-supervisor").arg(bench.path("work")).arg(mark).arg(deaf(bench).to_string());
    // A gate that is open.
    command.arg(bench.folder.path()).arg("30000").arg(LEASE.as_millis().to_string());
    command.stdin(Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_tree_runs_when_a_lease_that_nobody_renews_is_used_up() {
    let bench = Bench::new();
    let mut order = misbehave(deaf(&bench));
    order.request.grace_ms = 500;
    let lease = Lease::from_now(LEASE);
    order.request.lease = Some(lease);
    let (mut attempt, _) = bench.start(order).await;
    let tree = tree(&bench).await;
    let gone_at = gone(&tree).await;
    assert!(gone_at < lease.ends_at(), "{:?} too late", gone_at.checked_sub(lease.ends_at()));
    assert!(gone_at + LEASE / 2 > lease.ends_at(), "it ended long before the lease did");
    let report = bench.end(&mut *attempt).await;
    assert!(matches!(report.end, AttemptEnd::Lost { .. }), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_lives_as_long_as_its_lease_is_renewed() {
    let bench = Bench::new();
    let mut supervisor = lone_supervisor(&bench);
    let tree = tree(&bench).await;
    // sleep: two leases of real time, which only renewals can bridge
    tokio::time::sleep(LEASE * 2).await;
    assert!(tree.iter().all(Process::is_alive), "it was renewed all the time");
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    gone(&tree).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_supervisor_leaves_nothing_behind_that_runs_past_the_lease() {
    let bench = Bench::new();
    let mut supervisor = lone_supervisor(&bench);
    let tree = tree(&bench).await;
    // What was renewed last, was renewed before this.
    kill(Pid::from_raw(supervisor.id().cast_signed()), Signal::SIGSTOP).unwrap();
    let latest_end = boot_time() + LEASE;
    let gone_at = gone(&tree).await;
    assert!(gone_at < latest_end, "{:?} too late", gone_at.checked_sub(latest_end));
    // When it wakes up it finds the end of the attempt, and nothing to do.
    kill(Pid::from_raw(supervisor.id().cast_signed()), Signal::SIGCONT).unwrap();
    let status = soon("the end of the supervisor", || supervisor.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(1), "the attempt did not finish");
    assert_eq!(fs::read_dir(bench.path("work")).unwrap().count(), 0, "its work directory is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_frozen_past_its_lease_ends_at_once_when_it_wakes_up() {
    let bench = Bench::new();
    let mut order = misbehave(deaf(&bench));
    // A long grace, which must not count any more.
    order.request.grace_ms = 20_000;
    order.request.lease = Some(Lease::from_now(LEASE));
    let (mut attempt, _) = bench.start(order).await;
    let tree = tree(&bench).await;
    let worker = Pid::from_raw(tree[0].pid);
    kill(worker, Signal::SIGSTOP).unwrap();
    tokio::time::sleep(LEASE).await; // sleep: the lease runs out in real time
    kill(worker, Signal::SIGCONT).unwrap();
    let woken = Instant::now();
    gone(&tree).await;
    assert!(woken.elapsed() < Duration::from_secs(2), "{:?}", woken.elapsed());
    let report = bench.end(&mut *attempt).await;
    assert!(matches!(report.end, AttemptEnd::Lost { .. } | AttemptEnd::Crashed { .. }), "{report:?}");
}
