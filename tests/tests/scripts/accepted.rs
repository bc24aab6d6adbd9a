//! What was accepted is what runs; dry runs; looks before the first run.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread::JoinHandle,
};

use roundsman_model::{Finding, FindingLevel};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::*;

/// A script that leaves a mark if it ever runs, changed by `change` after it was accepted.
async fn changed(change: impl FnOnce(&Path)) -> Outcome {
    let bench = Bench::new();
    let mark = bench.path("ran");
    let order = bench.sh(&format!("touch {}", mark.display()));
    change(&bench.path("script"));
    let (outcome, _) = bench.outcome(order).await;
    assert!(!mark.exists(), "it ran: {outcome:?}");
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_than_the_accepted_one_is_not_run() {
    let check = |outcome: Outcome, expected: &str| {
        assert_eq!(outcome.status, OutcomeStatus::Skipped);
        assert!(outcome.summary.starts_with("script changed: "), "{}", outcome.summary);
        assert!(outcome.summary.contains(expected), "{} does not say {expected:?}", outcome.summary);
    };
    let append = |path: &Path| fs::write(path, fs::read_to_string(path).unwrap() + "\n").unwrap();
    check(changed(append).await, "the accepted version has");
    check(changed(|path| fs::remove_file(path).unwrap()).await, "is gone");
    let seal = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    check(changed(seal).await, "may no longer be executed");
    let replace = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    check(changed(replace).await, "no regular file");
}

/// Exchanges two files as fast as it goes, until it is dropped.
struct Flip(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl Flip {
    fn begin(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let flip = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        Self(stop, Some(flip))
    }
}

impl Drop for Flip {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_place_of_the_accepted_version_in_the_last_moment_does_not_get_far() {
    let bench = Bench::new();
    let late = bench.path("late");
    // What is not accepted would take a while before it does harm.
    let other = bench.path("other");
    fs::write(&other, format!("#!/bin/sh\nsleep 0.2\ntouch {}\n", late.display())).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    let order = bench.sh("sleep 0.2");
    let flip = Flip::begin(bench.path("script"), other);
    let mut told = Vec::new();
    for _ in 0..20 {
        let (outcome, _) = bench.outcome(order.clone()).await;
        assert!(outcome.unstarted && outcome.summary.starts_with("script changed: "), "{outcome:?}");
        told.push(outcome.summary);
    }
    drop(flip);
    assert!(!late.exists(), "it went on: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_replaced_once_its_script_is_under_way_disturbs_nothing() {
    let bench = Bench::new();
    let script = bench.path("script");
    let order = bench.sh(&format!(
        "sleep 0.4; printf 'exit 9' > new; chmod +x new; mv new {}; echo old",
        script.display()
    ));
    let (outcome, notes) = bench.outcome(order).await;
    assert_eq!(
        (outcome.status, said(&notes, LogStream::Stdout)),
        (OutcomeStatus::Success, vec!["old".to_owned()])
    );
    assert_eq!(fs::read_to_string(script).unwrap(), "exit 9");
}

/// Somebody who is neither root nor runs the tests.
const NOBODY: u32 = 65_534;

#[tokio::test(flavor = "multi_thread")]
async fn what_others_may_write_is_not_run() {
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let refused = |outcome: Outcome, expected: &str| {
        assert_eq!((outcome.status, outcome.unstarted), (OutcomeStatus::Skipped, true));
        assert!(outcome.summary.starts_with("script changed: "), "{}", outcome.summary);
        assert!(outcome.summary.contains(expected), "{} does not say {expected:?}", outcome.summary);
    };
    refused(changed(|path| mode(path, 0o777)).await, "may be written by its group and all others");
    refused(changed(|path| mode(path.parent().unwrap(), 0o775)).await, "may be written by its group");
    // Whoever put it there could put another there, though nobody else may write to it.
    refused(changed(|path| mode(path.parent().unwrap(), 0o1777)).await, "(mode 1777)");
    let away =
        |path: &Path| std::os::unix::fs::chown(path, Some(NOBODY), None).expect("this test runs as root");
    refused(changed(away).await, "belongs to user 65534");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_the_user_it_runs_as_is_not_run_either() {
    let bench = Bench::new();
    fs::set_permissions(bench.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let order = || {
        let mut order = bench.sh("id -u");
        order.request.confinement.user = Some("nobody".into());
        order
    };
    let (outcome, notes) = bench.outcome(order()).await;
    assert_eq!(
        (outcome.status, said(&notes, LogStream::Stdout)),
        (OutcomeStatus::Success, vec!["65534".to_owned()])
    );
    let given = order();
    std::os::unix::fs::chown(bench.path("script"), Some(NOBODY), None).expect("this test runs as root");
    let (outcome, notes) = bench.outcome(given).await;
    assert!(outcome.unstarted && outcome.summary.contains("belongs to user 65534"), "{}", outcome.summary);
    assert!(said(&notes, LogStream::Stdout).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_starts_only_what_honours_it() {
    let bench = Bench::new();
    let mark = bench.path("ran");
    let order = |honours: bool| {
        let mut order = bench.sh(&format!("echo $ROUNDSMAN_DRY_RUN > {}", mark.display()));
        order.request.dry_run = true;
        if let Code::Script { dry_run, .. } = &mut order.request.code {
            *dry_run = honours;
        }
        order
    };
    let (outcome, _) = bench.outcome(order(false)).await;
    assert_eq!(outcome.status, OutcomeStatus::Skipped);
    assert!(outcome.summary.contains("does not say that it honours dry runs"), "{}", outcome.summary);
    assert!(!mark.exists());
    let (outcome, _) = bench.outcome(order(true)).await;
    assert_eq!(outcome.status, OutcomeStatus::Success);
    assert_eq!(fs::read_to_string(mark).unwrap(), "1\n");
}

async fn findings(bench: &Bench, mut order: AttemptOrder) -> Vec<Finding> {
    order.request.purpose = Purpose::Preflight;
    let (outcome, _) = bench.outcome(order).await;
    serde_json::from_value(outcome.detail).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_what_would_go_wrong() {
    let bench = Bench::new();
    let fine = findings(&bench, bench.script("#!/usr/bin/env sh\nexit 1\n")).await;
    assert!(fine.len() == 2 && fine.iter().all(|finding| finding.level == FindingLevel::Ok), "{fine:?}");
    for (text, level, expected) in [
        ("#!/no/such/python\n", FindingLevel::Failure, "/no/such/python is no program"),
        ("#!/usr/bin/env no-such-python\n", FindingLevel::Failure, "no-such-python is in no folder of PATH"),
        ("#!/bin/sh\r\nexit\r\n", FindingLevel::Failure, "carriage return"),
        ("echo hello\n", FindingLevel::Warning, "/bin/sh runs the script"),
    ] {
        let found = findings(&bench, bench.script(text)).await;
        let last = found.last().unwrap();
        assert_eq!(last.level, level, "{last:?}");
        assert!(last.found.contains(expected) && last.advice.is_some(), "{last:?}");
    }
    let order = bench.sh("exit 0");
    fs::write(bench.path("script"), "#!/bin/sh\nexit 1\n").unwrap();
    let found = findings(&bench, order).await;
    assert_eq!(found[0].level, FindingLevel::Failure, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_says_why() {
    let bench = Bench::new();
    let (error, _) = bench.error(bench.script("#!/no/such/python\n")).await;
    let TaskError::Config { cause } = error else { panic!("{error:?}") };
    assert!(cause.contains("names an interpreter that does not exist"), "{cause}");
}
