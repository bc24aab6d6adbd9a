//! Scripts that end, or do not, in ways of their own.

use roundsman_wire::CancelReason;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn one_that_closes_everything_at_once() {
    let bench = Bench::new();
    let (outcome, _) = bench.outcome(bench.sh("exec 0<&- 1>&- 2>&- 3>&-; sleep 0.2; exit 0")).await;
    assert!(outcome.summary.starts_with("exit code 0 after 0."), "{}", outcome.summary);
    let (error, _) = bench.error(bench.sh("exec 0<&- 1>&- 2>&- 3>&-; exit 9")).await;
    assert_eq!(error, TaskError::permanent("exit code 9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grandchild_that_keeps_the_channels_open_does_not_hold_the_run() {
    let bench = Bench::new();
    let order = bench.sh("sleep 600 & setsid sleep 600 & echo '::outcome {\"summary\": \"done\"}'");
    let begun = Instant::now();
    let (report, _) = bench.run(order).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(report.leftovers, 2);
    let AttemptEnd::Finished { outcome } = report.end else { panic!("{:?}", report.end) };
    assert_eq!(outcome.summary, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_grandchild_says_while_the_script_lives_counts() {
    let bench = Bench::new();
    let order = bench.sh("( (echo '{\"type\":\"progress\",\"done\":7}' >&3) & wait ); echo end");
    let (_, notes) = bench.outcome(order).await;
    assert_eq!(notes.progress.lock().unwrap().last().unwrap().0, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_tells_the_script_and_waits() {
    let bench = Bench::new();
    let (ready, told) = (bench.path("ready"), bench.path("told"));
    let order = bench.sh(&format!(
        "trap 'echo told > {}; exit 0' TERM; touch {}; while :; do sleep 0.05; done",
        told.display(),
        ready.display()
    ));
    let notes = Arc::new(Notes::default());
    let mut attempt = bench.executor.start(order, notes).await.unwrap();
    let begun = Instant::now();
    while !ready.exists() {
        assert!(begun.elapsed() < PATIENCE, "it never began");
        tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
    }
    attempt.cancel(CancelReason::Person);
    let report = tokio::time::timeout(PATIENCE, attempt.wait()).await.unwrap();
    assert!(told.exists(), "{:?}", report.end);
    assert!(matches!(report.end, AttemptEnd::Erred { error: TaskError::Cancelled }), "{:?}", report.end);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_without_a_first_line_is_run_by_the_shell() {
    let bench = Bench::new();
    let (outcome, _) = bench.outcome(bench.script("echo hello\n")).await;
    assert_eq!(outcome.detail["stdout"], json!(["hello"]));
}
