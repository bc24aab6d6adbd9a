//! Processes that try to outlive their attempt.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use roundsman_wire::CancelReason;
use serde_json::json;

use super::*;

/// A script that starts a process in a session of its own, without environment, by a parent that exits at once, deaf to
/// TERM; and that writes its number to a file.
fn runaway(file: &Path) -> String {
    let deaf = format!("trap \"\" TERM HUP INT; echo $$ > {}; while :; do sleep 0.05; done", file.display());
    format!("( setsid env -i PATH=/usr/bin:/bin /bin/sh -c '{deaf}' & ) & exit 0")
}

fn with_runaway(bench: &Bench, then: &serde_json::Value) -> AttemptOrder {
    let file = bench.path("runaway");
    let mut order = misbehave(json!({ "scripts": [runaway(&file)], "wait_for": file, "then": then }));
    order.request.grace_ms = 400;
    order
}

/// The number that a runaway wrote. It may be gone already: some attempts end as soon as it has begun.
async fn begun(file: &Path) -> i32 {
    soon("a runaway that has begun", || fs::read_to_string(file).ok()?.trim().parse().ok()).await
}

/// Whether this number is still the runaway's, which has the name of its file on its command line.
fn is_runaway(pid: i32, bench: &Bench) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains(&bench.path("runaway").display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_an_attempt_however_it_ends() {
    let bench = Bench::new();
    // Where the worker's own guard ends the tree at the end of the grace, nobody is left to tell how many there were.
    for (then, limit_ms, counted) in [
        (json!("succeed"), 20_000, true),
        (json!("panic"), 20_000, true),
        (json!("abort"), 20_000, true),
        (json!({ "exit": 0 }), 20_000, true),
        (json!("block"), 3_000, false),
        (json!("ignore"), 3_000, false),
        (json!("garbage"), 20_000, false),
        (json!("stop"), 3_000, false),
    ] {
        let mut order = with_runaway(&bench, &then);
        order.request.time_limit_ms = limit_ms;
        let (mut attempt, _) = bench.start(order).await;
        let begun = begun(&bench.path("runaway")).await;
        let report = bench.end(&mut *attempt).await;
        assert!(!is_runaway(begun, &bench), "{then}");
        assert!(!counted || report.leftovers >= 1, "{then}: {report:?}");
        fs::remove_file(bench.path("runaway")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_worker_that_is_killed_from_outside() {
    let bench = Bench::new();
    let (mut attempt, _) = bench.start(with_runaway(&bench, &json!("block"))).await;
    let runaway = told_by(&bench.path("runaway")).await;
    kill(Pid::from_raw(attempt.pid().unwrap().cast_signed()), Signal::SIGKILL).unwrap();
    let report = bench.end(&mut *attempt).await;
    assert!(matches!(report.end, AttemptEnd::Crashed { signal: Some(9), .. }), "{report:?}");
    assert!(!runaway.is_alive());
    assert!(report.leftovers >= 1, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_only_its_own_tree() {
    let bench = Bench::new();
    let spared = bench.path("spared");
    let (mut neighbour, _) = bench.start(misbehave(json!({ "pid_file": spared, "then": "obey" }))).await;
    let worker = told_by(&spared).await;
    #[expect(clippy::disallowed_methods, reason = "a child of the daemon's own, in its own session")]
    let mut own = std::process::Command::new("sleep").arg("60").spawn().unwrap();

    let (mut attempt, _) = bench.start(with_runaway(&bench, &json!("abort"))).await;
    let begun = begun(&bench.path("runaway")).await;
    attempt.wait().await;
    assert!(!is_runaway(begun, &bench));
    assert!(worker.is_alive());
    assert_eq!(own.try_wait().unwrap(), None);

    own.kill().unwrap();
    own.wait().unwrap();
    neighbour.cancel(CancelReason::Person);
    bench.end(&mut *neighbour).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_may_clean_up_within_the_grace() {
    let bench = Bench::new();
    let (ready, cleaned) = (bench.path("ready"), bench.path("cleaned"));
    let handler = format!("sleep 0.2; echo once >> {}; exit", cleaned.display());
    let script =
        format!("trap '{handler}' TERM; echo $$ > {}; while :; do sleep 0.05; done", ready.display());
    let mut order = misbehave(json!({ "scripts": [script], "wait_for": ready, "then": "ignore" }));
    order.request.grace_ms = 3_000;
    let (mut attempt, _) = bench.start(order).await;
    told_by(&ready).await;
    attempt.cancel(CancelReason::Person);
    bench.end(&mut *attempt).await;
    assert_eq!(fs::read_to_string(cleaned).unwrap(), "once\n", "TERM came exactly once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_held_from_outside_does_not_hold_the_attempt() {
    let bench = Bench::new();
    let ready = bench.path("ready");
    let gate = bench.path("gate");
    let order = misbehave(json!({ "pid_file": ready, "wait_for": gate, "then": "succeed" }));
    let (mut attempt, _) = bench.start(order).await;
    let worker = told_by(&ready).await;
    // Someone outside of the tree gets hold of the writing end.
    let held: Vec<fs::File> = [1, 2]
        .map(|fd| fs::OpenOptions::new().write(true).open(format!("/proc/{}/fd/{fd}", worker.pid)).unwrap())
        .into();
    fs::write(gate, "").unwrap();
    let begun = Instant::now();
    let report = bench.end(&mut *attempt).await;
    assert!(matches!(report.end, AttemptEnd::Finished { .. }), "{report:?}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_grows_while_it_is_killed_still_ends() {
    let bench = Bench::new();
    let ready = bench.path("ready");
    let grow = format!(
        "echo $$ > {}; trap '' TERM; i=0; while [ $i -lt 3000 ]; do setsid sleep 30 & i=$((i+1)); done; wait",
        ready.display()
    );
    let mut order = misbehave(json!({ "scripts": [grow], "wait_for": ready, "then": "block" }));
    order.request.grace_ms = 50;
    let mark = order.mark.clone();
    let (mut attempt, _) = bench.start(order).await;
    told_by(&ready).await;
    attempt.cancel(CancelReason::Person);
    bench.end(&mut *attempt).await;
    assert_eq!(carriers_of(&mark), 0);
}
