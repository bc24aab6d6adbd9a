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
    plugins::compile,
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
        compile(self.path(), "plugin", &parts.text())
    }

    /// What the plugin says it is, or what is said about it.
    async fn describe(&self, path: &Path) -> Result<KindDescription, String> {
        self.describe_within(path, PATIENCE).await
    }

    async fn describe_within(&self, path: &Path, within: Duration) -> Result<KindDescription, String> {
        let sha256 = hash(path);
        let plugin = Undescribed { path, sha256: &sha256, protected: &[], within, now: SystemClock.now() };
        let described = tokio::time::timeout(PATIENCE, describe(&self.executor, plugin));
        let described = described.await.expect("an end in time");
        self.check_nothing_left();
        described
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

/// A plugin in C, put together from its parts; each has a default that is in order.
#[derive(Clone, Copy)]
struct Parts<'a> {
    /// What stands before the functions.
    before: &'a str,
    /// The body of `describe`.
    describe: &'a str,
    /// The body of `run`.
    run: &'a str,
    /// The body of `roundsman_plugin`.
    locate: &'a str,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            before: "",
            describe: r#"return host->answer(host, roundsman_text("{\"name\": \"small\", \"about\": \"does little\"}"));"#,
            run: r#"return host->answer(host, roundsman_text("{\"summary\": \"done\"}"));"#,
            locate: "static const roundsman_descriptor d = {ROUNDSMAN_MAGIC, ROUNDSMAN_ABI_VERSION, sizeof(d), describe, run, NULL}; return &d;",
        }
    }
}

impl Parts<'_> {
    fn text(&self) -> String {
        let Self { before, describe, run, locate } = self;
        let head = "#define _GNU_SOURCE\n#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n\
                    #include <unistd.h>\n#include \"roundsman_plugin.h\"\n";
        let function = |name: &str, body: &str| {
            format!(
                "static int32_t {name}(const roundsman_host *host, roundsman_bytes request) {{\n(void)host; (void)request;\n{body}\n}}\n"
            )
        };
        format!(
            "{head}{before}\n{}{}const roundsman_descriptor *roundsman_plugin(void) {{\n(void)describe; (void)run;\n{locate}\n}}\n",
            function("describe", describe),
            function("run", run),
        )
    }
}
