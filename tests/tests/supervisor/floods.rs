//! Output without measure: it is neither waited for nor kept.

use roundsman_wire::LogStream;
use serde_json::json;

use super::*;

/// Bytes of whole lines, far more than is kept.
const FLOOD: usize = 40 * 6_000_000;

/// The most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_on_standard_output_is_read_and_not_kept() {
    let bench = Bench::new();
    let before = peak_memory();
    let begun = Instant::now();
    let (report, notes) = bench.run(misbehave(json!({ "then": { "flood": FLOOD } }))).await;
    let took = begun.elapsed();
    assert_eq!(outcome(report).summary, "misbehaved");
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < 96 << 20, "{grown} bytes more");
    assert!(took < Duration::from_secs(15), "{took:?}");

    let lines = notes.lines.lock().unwrap();
    let kept: usize = lines.iter().map(|line| line.text.len() + 1).sum();
    assert!((8 << 20) - (100 << 10) < kept && kept < (8 << 20) + (100 << 10), "{kept}");
    let cut: Vec<_> = lines.iter().filter(|line| line.stream == LogStream::Roundsman).collect();
    assert_eq!(cut.len(), 1);
    assert!(cut[0].text.ends_with("bytes of standard output are left out here"), "{}", cut[0].text);
    assert!(lines.last().unwrap().text.ends_with("dull, dull log!"), "the end is kept");
    let dropped = notes.dropped.lock().unwrap().0;
    let all = FLOOD as u64 / 40;
    assert!(dropped > all * 9 / 10, "{dropped} of {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_become_lines_that_are() {
    let bench = Bench::new();
    let (report, notes) = bench.run(misbehave(json!({ "then": { "binary": 1 << 20 } }))).await;
    assert_eq!(outcome(report).summary, "misbehaved");
    let texts = notes.texts();
    assert!(texts.len() >= 64, "{}", texts.len());
    assert!(
        texts.iter().all(|text| text.len() <= 3 * (16 << 10) && !text.contains(|c: char| c.is_control()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_dropped_and_counted_and_the_outcome_arrives() {
    let bench = Bench::new();
    let (report, notes) = bench.run(misbehave(json!({ "then": { "log": 400_000 } }))).await;
    assert_eq!(outcome(report).summary, "misbehaved");
    let kept = notes.lines.lock().unwrap().len() as u64;
    let dropped = notes.dropped.lock().unwrap().0;
    assert_eq!(kept + dropped, 400_000);
    assert!(dropped > 0 && kept > 1_000, "{kept} kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_thinned_out_and_ends_with_the_last() {
    let bench = Bench::new();
    let (report, notes) = bench.run(misbehave(json!({ "then": { "progress": 200_000 } }))).await;
    assert_eq!(outcome(report).summary, "misbehaved");
    let progress = notes.progress.lock().unwrap();
    assert_eq!(progress.last().unwrap().0, 199_999);
    assert!(progress.len() < 1_000, "{}", progress.len());
}
