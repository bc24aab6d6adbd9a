//! Scripts that say more than anybody can hear.

use super::*;

/// What a flood may take in the worker and in us: the worker alone takes a third of it.
const MEMORY: u64 = 96 << 20;

/// The most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Runs a flood to its end; it must still be heard then.
async fn flood(text: &str) -> Arc<Notes> {
    let bench = Bench::new();
    let before = peak_memory();
    let (report, notes) =
        bench.run(bench.sh(&format!("{text}\necho '::outcome {{\"summary\": \"heard\"}}'"))).await;
    let AttemptEnd::Finished { outcome } = report.end else {
        panic!("{:?} {:?}", report.end, notes.texts().last())
    };
    assert_eq!(outcome.summary, "heard");
    let worker = report.usage.unwrap().max_rss.unwrap();
    assert!(worker < MEMORY, "the worker took {worker} bytes");
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < MEMORY, "{grown} bytes more here");
    notes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_on_the_channel_without_a_line_end() {
    let notes = flood("head -c 1G /dev/zero >&3").await;
    assert!(warnings(&notes)[0].contains("it has 1073741824 bytes"), "{:?}", warnings(&notes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_on_standard_output() {
    flood("line=$(head -c 8000 /dev/zero | tr '\\0' x); yes \"$line\" | head -n 134201").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_line_without_an_end() {
    let notes = flood("(printf '::progress '; head -c 200M /dev/zero; echo)").await;
    assert!(notes.progress.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_the_channel_that_nobody_understands() {
    let notes = flood("line=$(head -c 8000 /dev/zero | tr '\\0' x); yes \"$line\" | head -n 33000 >&3").await;
    let warnings = warnings(&notes);
    assert!(warnings.iter().any(|line| line.contains("more lines of descriptor 3")), "{warnings:?}");
    assert!(notes.lines.lock().unwrap().len() < 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_messages_than_are_kept() {
    let notes = flood(
        "yes '{\"type\":\"metric\",\"name\":\"a\",\"value\":1}' | head -n 50000 >&3
        yes '{\"type\":\"log\",\"message\":\"a\"}' | head -n 50000 >&3",
    )
    .await;
    let dropped = *notes.dropped.lock().unwrap();
    let heard = (notes.lines.lock().unwrap().len() as u64, notes.metrics.lock().unwrap().len() as u64);
    assert_eq!((heard.0 + dropped.0, heard.1 + dropped.1), (50_000, 50_000), "{heard:?} {dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_are_kept() {
    let notes = flood("echo x > file; yes '::artifact file' | head -n 5000").await;
    assert_eq!(notes.artifacts.lock().unwrap().len(), 1);
    let warnings = warnings(&notes);
    assert!(warnings.iter().any(|line| line.contains("more files were not kept")), "{warnings:?}");
    assert!(warnings.len() < 50, "{}", warnings.len());
}
