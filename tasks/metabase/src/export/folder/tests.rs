//! Folders of runs: their names, the link, what is kept.

use std::collections::BTreeSet;

use roundsman_testkit::TestContext;
use tempfile::TempDir;

use super::*;
use crate::export::ledger::RunRow;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn keys_sort_by_time() {
    let slot = slot_key(Some(at("2026-11-20T08:00:00Z")), at("2026-11-21T00:00:00Z"), RunId(9));
    assert_eq!(slot, "2026-11-20T08:00:00Z");
    let by_hand = slot_key(None, at("2026-11-20T08:00:00Z"), RunId(9));
    assert!(
        by_hand > slot
            && by_hand < slot_key(Some(at("2026-11-20T08:00:01Z")), at("2026-11-20T08:00:00Z"), RunId(1))
    );
}

#[test]
fn words_are_of_the_zone() {
    let test =
        TestContext::builder().timezone(chrono_tz::Europe::Berlin).slot(at("2026-07-01T22:00:00Z")).build();
    let words = words(test.cx(), at("2026-07-01T22:00:05Z"));
    assert_eq!((words.ts.as_str(), words.date.as_str()), ("20260702_000005", "20260702"));
    assert_eq!((words.slot.as_str(), words.run_id.as_str()), ("20260701T220000Z", "1"));
}

#[test]
fn a_name_that_is_taken() {
    let dir = TempDir::new().unwrap();
    let words = RunWords { ts: "20260702_000005".to_owned(), run_id: "7".to_owned(), ..RunWords::default() };
    assert_eq!(free_name(dir.path(), &words, &[]), "20260702_000005");
    fs::create_dir(dir.path().join("20260702_000005")).unwrap();
    assert_eq!(free_name(dir.path(), &words, &[]), "20260702_000005_7");
    assert_eq!(free_name(dir.path(), &words, &["20260702_000005_7".to_owned()]), "20260702_000005_7_2");
}

#[test]
fn the_link_is_swapped() {
    let dir = TempDir::new().unwrap();
    assert_eq!(latest(dir.path()), None);
    for folder in ["a", "b"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
        point_latest(dir.path(), folder, RunId(1)).unwrap();
        assert_eq!(latest(dir.path()).as_deref(), Some(folder));
        assert_eq!(fs::read_link(dir.path().join("latest")).unwrap(), Path::new(folder));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left of the swap");
}

#[test]
fn a_folder_of_somebody_else_is_not_replaced_by_the_link() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("latest")).unwrap();
    point_latest(dir.path(), "a", RunId(1)).unwrap_err();
    assert!(dir.path().join("latest").is_dir());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

fn run(day: u32, bytes: u64) -> (String, RunRow) {
    let started_at = at(&format!("2026-11-{day:02}T08:00:00Z"));
    let row = RunRow {
        started_at,
        output_dir: "/data".to_owned(),
        folder: format!("f{day}"),
        status: Some("success".to_owned()),
        bytes,
        ..RunRow::default()
    };
    (stamp(started_at), row)
}

fn gone(limits: Limits, protected: &[&str]) -> Vec<String> {
    let mut runs: Vec<_> = (1..=5).map(|day| run(day, 100)).collect();
    runs[0].1.output_dir = "/elsewhere".to_owned();
    let protected: BTreeSet<_> = protected.iter().map(|name| (*name).to_owned()).collect();
    let keys = expired(&runs, "/data", &protected, limits, at("2026-11-05T09:00:00Z"));
    let folder = |key: &String| runs.iter().find(|(own, _)| own == key).unwrap().1.folder.clone();
    keys.iter().map(folder).collect()
}

#[test]
fn what_is_kept() {
    assert_eq!(gone(Limits::default(), &[]), Vec::<String>::new());
    assert_eq!(gone(Limits { runs: 2, ..Limits::default() }, &[]), ["f3", "f2"]);
    assert_eq!(gone(Limits { days: 3, ..Limits::default() }, &[]), ["f2"]);
    assert_eq!(gone(Limits { bytes: 250, ..Limits::default() }, &[]), ["f3", "f2"]);
    assert_eq!(gone(Limits { runs: 1, ..Limits::default() }, &["f3"]), ["f4", "f2"]);
}

#[test]
fn runs_that_published_nothing_take_no_place_and_late_ones_count_as_new() {
    let mut runs: Vec<_> = (1..=6).map(|day| run(day, 100)).collect();
    for (at, status) in [(3, Some("failed")), (4, None), (5, Some("failed"))] {
        runs[at].1.status = status.map(str::to_owned);
    }
    let limits = Limits { runs: 3, ..Limits::default() };
    let now = at("2026-11-06T09:00:00Z");
    assert_eq!(expired(&runs, "/data", &BTreeSet::new(), limits, now), Vec::<String>::new());
    // The slot is long past, and the run is the latest of all.
    let (_, late) = run(7, 100);
    runs.insert(0, ("2026-10-01T00:00:00Z".to_owned(), late));
    let (first, _) = run(1, 0);
    assert_eq!(expired(&runs, "/data", &BTreeSet::new(), limits, now), [first]);
}

#[test]
fn only_folders_of_runs_are_removed() {
    let dir = TempDir::new().unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir_all(outside.join("x")).unwrap();
    let output = dir.path().join("output");
    fs::create_dir_all(output.join("a/b")).unwrap();
    symlink(&outside, output.join("link")).unwrap();
    for folder in ["", ".", "..", "../outside", "/", "a/b", "link", "none", "latest"] {
        remove(&output, folder).unwrap();
    }
    assert!(outside.join("x").is_dir() && output.join("a/b").is_dir());
    remove(&output, "a").unwrap();
    assert!(!output.join("a").exists());
}

#[test]
fn paths_of_documents_stay_below() {
    let dir = Path::new("/data");
    assert_eq!(below(dir, "a/b.csv"), Some(PathBuf::from("/data/a/b.csv")));
    for wrong in ["", "..", "a/../../b", "/etc/passwd", "./.."] {
        assert_eq!(below(dir, wrong), None, "{wrong:?}");
    }
}
