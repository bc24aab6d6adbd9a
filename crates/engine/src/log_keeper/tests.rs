//! What is kept of short and endless logs.

use super::*;

fn line(text: String) -> LogLine {
    let at = "2026-11-20T02:00:00Z".parse().unwrap();
    LogLine { at, stream: LogStream::Stdout, level: "info".into(), text }
}

fn all(keeper: &mut LogKeeper) -> Vec<LogLine> {
    let chunks = std::iter::from_fn(|| keeper.take_chunk());
    chunks
        .flat_map(|chunk| chunk.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn a_short_log_is_kept_whole() {
    let mut keeper = LogKeeper::of_attempt(1);
    (0..1_000).for_each(|n| keeper.push(&line(format!("line {n}"))));
    keeper.finish("2026-11-20T02:00:01Z".parse().unwrap());
    let kept = all(&mut keeper);
    assert_eq!(kept.len(), 1_000);
    assert_eq!(kept[999].text, "line 999");
}

#[test]
fn a_long_log_keeps_head_and_tail_and_marks_the_cut() {
    let mut keeper = LogKeeper::of_attempt(1);
    let total = 100_000;
    (0..total).for_each(|n| keeper.push(&line(format!("line {n}"))));
    keeper.dropped(7);
    keeper.finish("2026-11-20T02:00:01Z".parse().unwrap());
    let kept = all(&mut keeper);
    let bytes: usize = kept.iter().map(|line| serde_json::to_string(line).unwrap().len()).sum();
    assert!(bytes <= 2 * FIRST_PART + 500, "{bytes} bytes are kept");
    assert_eq!((kept[0].text.as_str(), kept.last().unwrap().text.as_str()), ("line 0", "line 99999"));
    let cut = kept.iter().find(|line| line.stream == LogStream::Roundsman).unwrap();
    let missing = total + 7 - (kept.len() - 1);
    assert!(cut.text.contains(&format!("{missing} lines")), "{} of {missing}", cut.text);
}

#[test]
fn chunks_are_bounded() {
    let mut keeper = LogKeeper::of_attempt(1);
    (0..5_000).for_each(|n| keeper.push(&line(format!("line {n}"))));
    while let Some(chunk) = keeper.take_chunk() {
        assert!(chunk.len() <= CHUNK_BYTES + 200);
    }
}

#[test]
fn a_run_that_is_tried_often_keeps_less_of_each_attempt() {
    let kept = |attempt| {
        let mut keeper = LogKeeper::of_attempt(attempt);
        (0..20_000).for_each(|n| keeper.push(&line(format!("line {n} {}", "x".repeat(100)))));
        keeper.finish("2026-11-20T02:00:01Z".parse().unwrap());
        std::iter::from_fn(|| keeper.take_chunk()).map(|chunk| chunk.len()).sum::<usize>()
    };
    let bytes: Vec<_> = [1, 2, 3, 100, 4_000_000_000].into_iter().map(kept).collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b), "{bytes:?}");
    assert!(bytes[4] > LEAST_PART && bytes[4] < 3 * LEAST_PART, "{bytes:?}");
    assert!(bytes[0] + bytes[1] + bytes[2] < 4 * FIRST_PART, "{bytes:?}");
}
