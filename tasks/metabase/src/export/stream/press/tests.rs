//! Bytes reach the file, the hash and the scanner whole and in their order, however they come and whoever stops waiting.

use std::{fs, time::Duration};

use futures::FutureExt as _;
use tempfile::TempDir;

use super::*;
use crate::{
    export::part::{Part, Writer},
    scan::{CsvScanner, Scanned},
};

const WRITER: Writer = Writer { run: 1, attempt: 1, tried: 1 };

fn press(dir: &TempDir) -> (Press, Part) {
    let mut part = Part::create(&dir.path().join("a.csv"), WRITER, 0).unwrap();
    let pen = part.lend().unwrap();
    (Press::new(Box::new(CsvScanner::default()), pen), part)
}

fn export() -> Vec<u8> {
    let row = |at: usize| format!("{at},\"a\"\"b\n{at}\"\n");
    ("id,text\n".to_owned() + &(0..200_000).map(row).collect::<String>()).into_bytes()
}

#[tokio::test]
async fn everything_arrives_in_its_order() {
    let export = export();
    for length in [1_000, 64 << 10, 700_000, export.len()] {
        let dir = TempDir::new().unwrap();
        let (mut press, mut part) = press(&dir);
        for piece in export.chunks(length) {
            press.put(piece).await.unwrap();
            // Whoever waits may be called away at any time.
            assert!(press.through().now_or_never().is_none_or(|through| through.is_ok()));
        }
        let (mut funnel, hash) = press.end().await.unwrap();
        let Scanned { rows, bytes, .. } = funnel.scanner.finish().unwrap();
        assert_eq!((rows, bytes, funnel.bytes), (Some(200_000), export.len() as u64, export.len() as u64));
        assert_eq!(hash.finalize(), Sha256::digest(&export));
        assert_eq!(funnel.head, export[..EXCERPT]);
        part.take_back(funnel.pen);
        part.close().unwrap();
        assert!(fs::read(part.path()).unwrap() == export, "in pieces of {length}");
    }
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let dir = TempDir::new().unwrap();
    let (mut press, _part) = press(&dir);
    press.put(b"a\n").await.unwrap();
    for _ in 0..1_000 {
        press.put(&b"0123456\n".repeat(8 << 10)).await.unwrap();
        assert!(press.waiting.len() <= BATCH, "{}", press.waiting.len());
    }
}

#[tokio::test]
async fn a_flaw_among_what_waits_is_told_before_what_broke_behind_it() {
    let dir = TempDir::new().unwrap();
    let broken = || UnitFailure::disk("the connection broke off");
    for (behind, says) in [
        ("2\n{\"error\":\"no such table\"}", "no such table"),
        ("2\n3", "the connection broke off"),
        ("2\n", "the connection broke off"),
    ] {
        let (mut press, _part) = press(&dir);
        press.put(b"a\n1\n").await.unwrap();
        press.put(behind.as_bytes()).await.unwrap();
        let told = press.broken(broken()).await.to_string();
        assert!(told.contains(says), "{behind}: {told}");
    }
}

#[tokio::test]
async fn a_file_that_was_given_up_is_gone_while_its_writer_still_writes() {
    let dir = TempDir::new().unwrap();
    let (mut press, part) = press(&dir);
    press.put(&b"0123456\n".repeat(1 << 20)).await.unwrap();
    assert!(press.is_working());
    drop(part);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    tokio::time::timeout(Duration::from_secs(60), press.end()).await.unwrap().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_whose_pen_is_away_gets_no_name() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("a.csv");
    let mut part = Part::create(&target, WRITER, 0).unwrap();
    let _pen = part.lend().unwrap();
    assert!(part.write(b"x").is_err() && part.lend().is_err());
    part.publish(&target, 0o640).unwrap_err();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
