//! How attempts end, and that they end.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_model::TaskError;
use roundsman_wire::{CancelReason, Lease};
use serde_json::json;

use super::*;

fn crash(report: AttemptReport) -> (Option<i32>, Option<i32>, String, String) {
    match report.end {
        AttemptEnd::Crashed { signal, exit, message, stderr } => (signal, exit, message, stderr),
        other => panic!("no crash but {other:?}"),
    }
}

fn within(mut order: AttemptOrder, limit_ms: u64) -> AttemptOrder {
    order.request.time_limit_ms = limit_ms;
    order.request.grace_ms = 400;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_crash_with_its_message_and_place() {
    let bench = Bench::new();
    let (report, notes) = bench.run(misbehave(json!({ "then": "panic" }))).await;
    let (signal, exit, message, _) = crash(report);
    assert_eq!((signal, exit), (None, Some(101)));
    assert!(message.starts_with("panicked at tests/src/kinds/misbehave.rs:"), "{message}");
    assert!(message.ends_with(": as was ordered"), "{message}");
    assert!(notes.texts().contains(&message));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_that_the_kind_handles_is_only_logged() {
    let bench = Bench::new();
    let (report, notes) = bench.run(misbehave(json!({ "then": "panic_aside" }))).await;
    assert_eq!(outcome(report).summary, "handled: true");
    assert!(notes.texts().iter().any(|text| text.ends_with(": aside")), "{:?}", notes.texts());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_and_an_exit_are_crashes() {
    let bench = Bench::new();
    let (report, _) = bench.run(misbehave(json!({ "then": "abort" }))).await;
    assert_eq!(crash(report).0, Some(6));
    for code in [0, 7] {
        let scripts = ["echo last words >&2; touch said"];
        let said = json!({ "scripts": scripts, "wait_for": "said", "then": { "exit": code } });
        let (report, _) = bench.run(misbehave(said)).await;
        let (signal, exit, message, stderr) = crash(report);
        assert_eq!((signal, exit, message.as_str(), stderr.as_str()), (None, Some(code), "", "last words\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_kind_does_it_ends_at_its_time_limit() {
    let bench = Bench::new();
    for deed in ["block", "spin", "ignore", "obey", "succeed_when_stopped", "stop"] {
        let begun = Instant::now();
        let (report, _) = bench.run(within(misbehave(json!({ "then": deed })), 300)).await;
        assert_eq!(report.end, AttemptEnd::TimedOut { after: Duration::from_millis(300) }, "{deed}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{deed}: {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_attempt_ends_as_it_was_cancelled() {
    let bench = Bench::new();
    let cancelled = AttemptEnd::Erred { error: TaskError::Cancelled };
    let interrupted = AttemptEnd::Erred { error: TaskError::Interrupted };
    let finished = AttemptEnd::Finished { outcome: Outcome::success("misbehaved") };
    for (deed, reason, expected) in [
        ("obey", CancelReason::Person, &cancelled),
        ("obey", CancelReason::Drain, &interrupted),
        ("block", CancelReason::Person, &cancelled),
        ("ignore", CancelReason::Drain, &interrupted),
        ("succeed_when_stopped", CancelReason::Drain, &finished),
    ] {
        let ready = bench.path("ready");
        let order = within(misbehave(json!({ "pid_file": ready, "then": deed })), 20_000);
        let (mut attempt, _) = bench.start(order).await;
        told_by(&ready).await;
        attempt.cancel(reason);
        let report = bench.end(&mut *attempt).await;
        assert_eq!(&report.end, expected, "{deed}, {reason:?}");
        assert_eq!(attempt.wait().await, report, "a second wait says the same");
        fs::remove_file(ready).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_at_once_it_never_gets_far() {
    let bench = Bench::new();
    let (mut attempt, _) = bench.start(misbehave(json!({ "then": "block" }))).await;
    attempt.cancel(CancelReason::Person);
    let report = bench.end(&mut *attempt).await;
    assert_eq!(report.end, AttemptEnd::Erred { error: TaskError::Cancelled });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_from_outside_is_a_crash_by_that_signal() {
    let bench = Bench::new();
    let ready = bench.path("ready");
    let (mut attempt, _) = bench.start(misbehave(json!({ "pid_file": ready, "then": "block" }))).await;
    told_by(&ready).await;
    kill(Pid::from_raw(attempt.pid().unwrap().cast_signed()), Signal::SIGKILL).unwrap();
    assert_eq!(crash(bench.end(&mut *attempt).await).0, Some(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_told_to_end_from_outside_goes_back_to_the_queue() {
    let bench = Bench::new();
    let ready = bench.path("ready");
    for deed in ["obey", "ignore"] {
        let order = within(misbehave(json!({ "pid_file": ready, "then": deed })), 20_000);
        let (mut attempt, _) = bench.start(order).await;
        told_by(&ready).await;
        kill(Pid::from_raw(attempt.pid().unwrap().cast_signed()), Signal::SIGTERM).unwrap();
        let report = bench.end(&mut *attempt).await;
        assert_eq!(report.end, AttemptEnd::Erred { error: TaskError::Interrupted }, "{deed}");
        fs::remove_file(&ready).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_wire_ends_the_attempt_and_is_named() {
    let bench = Bench::new();
    let (report, _) = bench.run(within(misbehave(json!({ "then": "garbage" })), 20_000)).await;
    let message = crash(report).2;
    assert!(
        message.starts_with("the worker broke the protocol: a frame claims 4294967295 bytes"),
        "{message}"
    );
    let (report, _) = bench.run(within(misbehave(json!({ "then": "half_frame" })), 600)).await;
    assert!(matches!(report.end, AttemptEnd::TimedOut { .. }), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_goes_on_only_as_long_as_its_lease() {
    let bench = Bench::new();
    let mut order = within(misbehave(json!({ "then": "ignore" })), 20_000);
    order.request.lease = Some(Lease::from_now(Duration::from_secs(2)));
    let begun = Instant::now();
    let (mut attempt, _) = bench.start(order).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await; // sleep: real leases are renewed in real time
        attempt.renew(Lease::from_now(Duration::from_secs(2)));
    }
    let report = bench.end(&mut *attempt).await;
    assert!(matches!(report.end, AttemptEnd::Lost { .. }), "{report:?}");
    assert!(begun.elapsed() > Duration::from_secs(2), "it was renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_attempt_ends_with_its_whole_tree() {
    let bench = Bench::new();
    let ready = bench.path("ready");
    let (attempt, _) = bench.start(misbehave(json!({ "pid_file": ready, "then": "block" }))).await;
    let worker = told_by(&ready).await;
    drop(attempt);
    soon("the end of the worker", || (!worker.is_alive() && !has_children()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_takes_all_descriptors_cannot_keep_its_tree_alive() {
    let bench = Bench::new();
    let script =
        format!("echo $$ > {}; trap '' TERM; while :; do sleep 1; done", bench.path("script").display());
    let with =
        json!({ "scripts": [script], "wait_for": bench.path("script"), "then": { "open_files": 100_000 } });
    let mut order = within(misbehave(with), 20_000);
    order.request.confinement.sandbox.open_files = Some(64);
    order.request.lease = Some(Lease::from_now(Duration::from_millis(2_500)));
    let (mut attempt, _) = bench.start(order).await;
    let script = told_by(&bench.path("script")).await;
    let report = bench.end(&mut *attempt).await;
    assert!(matches!(report.end, AttemptEnd::Lost { .. }), "{report:?}");
    assert!(!script.is_alive());
}
