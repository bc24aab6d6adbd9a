//! Plugins in real workers: those of the examples, and those that misbehave in every way that C allows. There is no engine
//! and no store here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod describing;
mod examples;
mod hostile;
mod running;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use roundsman_engine::{Undescribed, describe};
use roundsman_model::{AttemptEnd, Clock, Code, KindDescription, Outcome};
use roundsman_processes::has_children;
use roundsman_supervisor::{Config, ProcessExecutor, prepare_daemon};
use roundsman_task::SystemClock;
use roundsman_tests::{
    attempts::{Notes, order},
    plugins::{Parts, compile},
};
use roundsman_wire::{AttemptOrder, Executor, Purpose};
use serde_json::Value;

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that is the daemon.
const PROGRAM: &str = env!("CARGO_BIN_EXE_roundsman-misbehave");

/// An executor, and a folder for plugins.
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

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A plugin of these parts.
    fn plugin(&self, parts: Parts<'_>) -> PathBuf {
        parts.compile(self.path(), "plugin")
    }

    /// What the plugin says it is, or what is said about it.
    async fn describe(&self, path: &Path) -> Result<KindDescription, String> {
        self.describe_within(path, PATIENCE).await
    }

    async fn describe_within(&self, path: &Path, within: Duration) -> Result<KindDescription, String> {
        let sha256 = hash(path);
        let plugin = Undescribed {
            path,
            sha256: &sha256,
            protected: &roundsman_model::Protected::default(),
            within,
            now: SystemClock.now(),
        };
        let described = tokio::time::timeout(PATIENCE, describe(&self.executor, plugin));
        let described = described.await.expect("an end in time");
        self.check_nothing_left();
        described.map_err(|no| no.why)
    }

    /// What is said about a plugin of these parts, which has no description.
    async fn complaint(&self, parts: Parts<'_>) -> String {
        let path = self.plugin(parts);
        self.describe(&path).await.expect_err("a complaint")
    }

    /// Runs it with this `with` table.
    async fn run(&self, path: &Path, with: Value) -> (AttemptEnd, Arc<Notes>) {
        self.carry_out(plugin_order(path, with)).await
    }

    async fn carry_out(&self, order: AttemptOrder) -> (AttemptEnd, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        let mut attempt = self.executor.start(order, notes.clone()).await.unwrap();
        let report = tokio::time::timeout(PATIENCE, attempt.wait()).await.expect("an end in time");
        self.check_nothing_left();
        (report.end, notes)
    }

    fn check_nothing_left(&self) {
        assert!(!has_children(), "a child is left");
        let left = fs::read_dir(self.path().join("work")).unwrap().count();
        assert_eq!(left, 0, "work directories are left");
    }
}

fn plugin_order(path: &Path, with: Value) -> AttemptOrder {
    let mut order = order("plugin", with);
    order.request.code = Code::Plugin { path: path.to_owned(), sha256: hash(path) };
    order
}

fn preflight_order(path: &Path, with: Value) -> AttemptOrder {
    let mut order = plugin_order(path, with);
    order.request.purpose = Purpose::Preflight;
    order
}

fn hash(path: &Path) -> String {
    roundsman_finder::hash_file(path).unwrap()
}

fn outcome(end: AttemptEnd) -> Outcome {
    match end {
        AttemptEnd::Finished { outcome } => outcome,
        other => panic!("{other:?}"),
    }
}
