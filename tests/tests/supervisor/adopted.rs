//! Processes that fall to the worker while its command still runs.

use serde_json::json;

use super::*;

/// Starts many processes whose parents end at once, waits until they have ended too, and tells how many of the worker's
/// children only wait to be reaped.
const SCRIPT: &str = r#"
i=0
while [ $i -lt 40 ]; do ( sleep 0.05 & ) ; i=$((i+1)); done
waiting() {
    count=0
    for pid in $(cat /proc/$PPID/task/*/children); do
        grep -q '^State:.Z' /proc/$pid/status 2>/dev/null && count=$((count+1))
    done
    echo $count
}
tries=0
while [ "$(waiting)" != 0 ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries+1)); done
echo "waiting: $(waiting)"
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
