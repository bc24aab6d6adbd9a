//! Processes that fall to the worker while its command still runs.

use serde_json::json;

use super::*;

/// Starts many processes whose parents end at once, so that all have fallen to the worker when the loop is over; waits until
/// each of them has ended and was reaped, and tells how many children the worker has besides this shell.
const SCRIPT: &str = r#"
i=0
while [ $i -lt 40 ]; do ( sleep 0.05 & ) ; i=$((i+1)); done
others() {
    echo $(( $(cat /proc/$PPID/task/*/children | wc -w) - 1 ))
}
tries=0
while [ "$(others)" != 0 ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries+1)); done
echo "waiting: $(others)"
exit 3
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_script_collects_no_zombies_and_its_own_end_is_seen() {
    let bench = Bench::new();
    let with = json!({ "shell": SCRIPT, "exit_codes": { "partial": [3] } });
    let (report, notes) = bench.run(order("command", with)).await;
    let report = outcome(report);
    assert_eq!(report.summary, "exit code 3: waiting: 0", "{:?}", notes.texts());
    assert_eq!(report.detail["exit_code"], 3);
}
