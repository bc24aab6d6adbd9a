//! The supervisor against real workers, most of which misbehave. There is no engine and no store here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod adopted;
mod ends;
mod escapes;
mod floods;
mod leases;
mod many;
mod namespaces;
mod ordinary;
mod orphans;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use roundsman_model::{AttemptEnd, Outcome};
use roundsman_processes::{Process, has_children, marked};
use roundsman_supervisor::{Config, ProcessExecutor, prepare_daemon};
use roundsman_task::SystemClock;
use roundsman_tests::attempts::{Notes, order};
use roundsman_wire::{AttemptOrder, AttemptReport, Executor, RunningAttempt};
use serde_json::Value;

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program whose kinds misbehave.
const PROGRAM: &str = env!("CARGO_BIN_EXE_roundsman-misbehave");

/// An executor, and a folder for what kinds and tests tell each other.
struct Bench {
    executor: ProcessExecutor,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        prepare_daemon().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("work"), Arc::new(SystemClock));
        config.exe = PROGRAM.into();
        Self { executor: ProcessExecutor::new(config).unwrap(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn start(&self, order: AttemptOrder) -> (Box<dyn RunningAttempt>, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        (self.executor.start(order, notes.clone()).await.unwrap(), notes)
    }

    /// Runs an attempt to its end, and checks that nothing of it is left.
    async fn run(&self, order: AttemptOrder) -> (AttemptReport, Arc<Notes>) {
        let (mut attempt, notes) = self.start(order).await;
        let report = self.end(&mut *attempt).await;
        (report, notes)
    }

    /// Waits for the end of the only attempt, and checks that nothing of it is left.
    async fn end(&self, attempt: &mut dyn RunningAttempt) -> AttemptReport {
        let report = tokio::time::timeout(PATIENCE, attempt.wait()).await.expect("an end in time");
        assert!(!has_children(), "a child is left");
        let left = fs::read_dir(self.path("work")).unwrap().count();
        assert_eq!(left, 0, "work directories are left");
        report
    }
}

fn misbehave(with: Value) -> AttemptOrder {
    order("misbehave", with)
}

fn outcome(report: AttemptReport) -> Outcome {
    match report.end {
        AttemptEnd::Finished { outcome } => outcome,
        other => panic!("no outcome but {other:?}"),
    }
}

async fn soon<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await; // sleep: the pace of polling another process
    }
}

/// The process whose number a file tells.
async fn told_by(file: &Path) -> Process {
    soon(&format!("a process told by {}", file.display()), || {
        Process::read(fs::read_to_string(file).ok()?.trim().parse().ok()?)
    })
    .await
}

fn carriers_of(mark: &str) -> usize {
    marked().unwrap().iter().filter(|(_, own)| own == mark).count()
}
