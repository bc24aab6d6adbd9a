//! Scripts in real workers, from those that know the protocol well to those that abuse it. There is no engine and no store
//! here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod accepted;
mod ends;
mod examples;
mod floods;
mod ported;
mod protocol;
mod surroundings;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use roundsman_finder::{Header, hash_file};
use roundsman_model::{AttemptEnd, Code, ExitCodes, Outcome, OutcomeStatus, TaskError};
use roundsman_processes::has_children;
use roundsman_supervisor::{Config, ProcessExecutor, prepare_daemon};
use roundsman_task::SystemClock;
use roundsman_tests::{
    attempts::{Notes, order},
    daemon::program,
};
use roundsman_wire::{AttemptOrder, AttemptReport, Executor, LogStream, Purpose};
use serde_json::{Value, json};

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(25);

/// An executor with the program that is shipped, and a folder for scripts.
struct Bench {
    executor: ProcessExecutor,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        prepare_daemon().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("work"), Arc::new(SystemClock));
        config.exe = program("roundsman");
        Self { executor: ProcessExecutor::new(config).unwrap(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A script of its own, for which an attempt is ordered.
    fn script(&self, text: &str) -> AttemptOrder {
        let path = self.path("script");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        accepted(&path, ExitCodes::default())
    }

    /// A shell script.
    fn sh(&self, text: &str) -> AttemptOrder {
        self.script(&format!("#!/bin/sh\n{text}\n"))
    }

    /// Runs an attempt to its end, and checks that nothing of it is left.
    async fn run(&self, order: AttemptOrder) -> (AttemptReport, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        let mut attempt = self.executor.start(order, notes.clone()).await.unwrap();
        let report = tokio::time::timeout(PATIENCE, attempt.wait()).await.expect("an end in time");
        assert!(!has_children(), "a child is left");
        assert_eq!(fs::read_dir(self.path("work")).unwrap().count(), 0, "work directories are left");
        (report, notes)
    }

    /// Runs an attempt that ends with an outcome.
    async fn outcome(&self, order: AttemptOrder) -> (Outcome, Arc<Notes>) {
        let (report, notes) = self.run(order).await;
        match report.end {
            AttemptEnd::Finished { outcome } => (outcome, notes),
            other => panic!("no outcome but {other:?}\n{}", notes.texts().join("\n")),
        }
    }

    /// Runs an attempt that ends with an error.
    async fn error(&self, order: AttemptOrder) -> (TaskError, Arc<Notes>) {
        let (report, notes) = self.run(order).await;
        match report.end {
            AttemptEnd::Erred { error } => (error, notes),
            other => panic!("no error but {other:?}\n{}", notes.texts().join("\n")),
        }
    }
}

/// An order for a script as it is now.
fn accepted(path: &Path, exit_codes: ExitCodes) -> AttemptOrder {
    let mut order = order("script", json!({}));
    let sha256 = hash_file(path).unwrap();
    order.request.code =
        Code::Script { path: path.to_owned(), sha256, exit_codes, dry_run: false, defaults: Value::Null };
    order
}

/// An order for a script with a header, as the daemon would give it: with what the header says.
fn with_header(path: &Path, with: Value) -> AttemptOrder {
    let header = Header::in_script(path, &fs::read(path).unwrap()).unwrap().expect("a header");
    let name = "script".parse().unwrap();
    let description = header.describe(name, "general", path, &hash_file(path).unwrap());
    let mut order = order("script", with);
    order.request.code = description.code;
    order
}

fn said(notes: &Notes, stream: LogStream) -> Vec<String> {
    let lines = notes.lines.lock().unwrap();
    lines.iter().filter(|line| line.stream == stream).map(|line| line.text.clone()).collect()
}

/// Lines of the log that are warnings.
fn warnings(notes: &Notes) -> Vec<String> {
    let lines = notes.lines.lock().unwrap();
    lines.iter().filter(|line| line.level == "warn").map(|line| line.text.clone()).collect()
}
