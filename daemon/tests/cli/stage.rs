//! A folder with a configuration, and a store with a past: what the tests of the command line begin with. It starts no
//! daemon.

use std::{
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use clap::Parser as _;
use roundsman::cli::{args::Cli, failure::Failure, look::Look, output::Output};
use roundsman_model::{
    AttemptEnd, BootId, Clock, Counts, NodeId, Outcome, Overlap, Reason, Run, SlotRange, TaskDefinition,
    TaskError, Timestamp, Transition, Verdict,
};
use roundsman_store::{
    Firing, Holder, LogChunk, NodeEntry, OpenOptions, Role, RunLease, Settlement, SlotToRun, Store,
};

/// Two tasks of the kind that runs programs; none is run here.
pub(crate) const CONFIG: &str = r#"
[daemon]
timezone = "Europe/Berlin"
state_dir = "state"
store = "sqlite:roundsman.db"

[tasks.backup]
uses = "command"
schedule = "0 2 * * *"
with = { argv = ["true"] }

[tasks.five]
uses = "command"
schedule = "*/5 * * * *"
with = { argv = ["false"] }
"#;

/// The time in all tests: 13:48 in Berlin.
const NOW: &str = "2026-11-21T12:48:00Z";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What was written so far, for several to read.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A folder with a configuration and perhaps a store.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// A configuration, and no store yet.
    pub(crate) fn new() -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(stage.path("state")).unwrap();
        stage.configure(CONFIG);
        stage
    }

    /// A configuration and a store with a past.
    pub(crate) fn with(past: impl AsyncFn(&dyn Store, &[TaskDefinition])) -> Self {
        let stage = Self::new();
        stage.happens(past);
        stage
    }

    /// Lets something happen in the store.
    pub(crate) fn happens(&self, what: impl AsyncFn(&dyn Store, &[TaskDefinition])) {
        let registry = roundsman_task::Registry::collect().unwrap();
        let environment = roundsman_config::Environment::of_process();
        let kinds = roundsman::kinds::CompiledKinds(registry);
        let loaded =
            roundsman_config::load(Some(&self.path("roundsman.toml")), &kinds, &environment).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.database().display());
            let store = roundsman_store::open(&url, OpenOptions::for_role(Role::Daemon)).await.unwrap();
            what(store.as_ref(), &loaded.tasks).await;
            store.close().await;
        });
    }

    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.path("roundsman.toml"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("state/roundsman.db")
    }

    fn ask(&self, line: &[&str]) -> (Result<(), Failure>, String, String) {
        let answer = Buffer::default();
        let (result, notes) = self.ask_into(line, &answer);
        (result, answer.text(), notes)
    }

    /// Asks, and lets others read the answer while it is being written.
    pub(crate) fn ask_into(&self, line: &[&str], answer: &Buffer) -> (Result<(), Failure>, String) {
        let config = self.path("roundsman.toml");
        let words =
            ["roundsman", "--config", config.to_str().unwrap()].into_iter().chain(line.iter().copied());
        let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let notes = Buffer::default();
        let mut out = Output::new(Box::new(answer.clone()), Box::new(notes.clone()), Look::PLAIN);
        let result = roundsman::cli::answer(cli.command, &cli.globals, Arc::new(Fixed), &mut out);
        (result, notes.text())
    }

    /// What a command prints, and what it notes beside that.
    pub(crate) fn told_and_noted(&self, line: &[&str]) -> (String, String) {
        let (result, told, notes) = self.ask(line);
        if let Err(failure) = result {
            panic!("{line:?} failed: {}\n{told}", failure.message());
        }
        (told, notes)
    }

    /// What a command prints.
    pub(crate) fn told(&self, line: &[&str]) -> String {
        self.told_and_noted(line).0
    }

    /// What a command prints, as JSON.
    pub(crate) fn json(&self, line: &[&str]) -> serde_json::Value {
        let told = self.told(line);
        serde_json::from_str(&told)
            .unwrap_or_else(|error| panic!("{line:?} printed no JSON: {error}\n{told}"))
    }

    /// The exit code and the message of a command that fails.
    pub(crate) fn refused(&self, line: &[&str]) -> (u8, String) {
        match self.ask(line) {
            (Err(Failure::Usage(message)), ..) => (2, message),
            (Err(Failure::Failed(message)), ..) => (1, message),
            (other, told, _) => panic!("{line:?} was not refused: {other:?}\n{told}"),
        }
    }
}

fn me() -> Holder {
    Holder { node: NodeId::new("node-a"), boot: BootId::new("boot-1") }
}

/// One good run, an outage, one failed run, and one that is running.
pub(crate) async fn past(store: &dyn Store, tasks: &[TaskDefinition]) {
    let begun = at("2026-11-20T20:00:00Z");
    let node = NodeEntry {
        holder: me(),
        name: "host-a".to_owned(),
        one_shot: false,
        pid: 4711,
        version: "0.1.0".to_owned(),
        listen: Some("127.0.0.1:9464".to_owned()),
    };
    store.enter(&node, begun).await.unwrap();
    store.install(tasks, begun).await.unwrap();
    let [backup, five] = tasks else { panic!("two tasks are configured") };
    let run = slot(store, backup, "2026-11-21T01:00:00Z", Vec::new()).await;
    leave_things(store, &run).await;
    let counts = Counts { processed: 3, ok: 3, ..Counts::default() };
    let outcome = Outcome::success("dumped 3 databases").with_counts(counts);
    end(store, &run, AttemptEnd::Finished { outcome }).await;
    let outage = SlotRange {
        task: five.name.clone(),
        first: at("2026-11-21T02:05:00Z"),
        last: at("2026-11-21T09:00:00Z"),
        count: 84,
        verdict: Verdict::Missed,
        reason: Some(Reason::Down),
        detail: Some("daemon down from 03:01 to 10:02".to_owned()),
        run: None,
        decided_at: at("2026-11-21T09:02:00Z"),
    };
    let run = slot(store, five, "2026-11-21T12:40:00Z", vec![outage]).await;
    end(store, &run, AttemptEnd::Erred { error: TaskError::permanent("exit code 1") }).await;
    slot(store, five, "2026-11-21T12:45:00Z", Vec::new()).await;
    store.beat(&me(), &[], at("2026-11-21T12:47:58Z")).await.unwrap();
}

/// Fires a slot and begins its run.
async fn slot(store: &dyn Store, task: &TaskDefinition, slot: &str, passed: Vec<SlotRange>) -> Run {
    let slot = at(slot);
    let rows = store.tasks().await.unwrap();
    let row = rows.iter().find(|row| row.definition.name == task.name).unwrap();
    let firing = Firing {
        task: task.name.clone(),
        kind: task.kind.clone(),
        definition: task.hash(),
        overlap: Overlap::Skip,
        ledger_was: row.ledger_until,
        ledger_until: slot,
        passed,
        run: vec![SlotToRun { slot: Some(slot), due_at: slot }],
    };
    store.fire(vec![firing], slot).await.unwrap();
    let started = slot + chrono::TimeDelta::milliseconds(40);
    store.claim(&me(), 10, started).await.unwrap().pop().expect("the run that was just queued")
}

fn lease(run: &Run) -> RunLease {
    RunLease { run: run.id, attempt: run.attempt, holder: me() }
}

/// Adds a line to the log of a run.
pub(crate) async fn log(store: &dyn Store, run: &Run, seq: i64, at: &str, stream: &str, text: &str) {
    let line = serde_json::json!({ "at": at, "stream": stream, "level": "info", "text": text });
    let chunk = LogChunk { run: run.id, attempt: run.attempt, seq, lines: line.to_string() };
    store.append_log(chunk).await.unwrap();
}

async fn leave_things(store: &dyn Store, run: &Run) {
    log(store, run, 1, "2026-11-21T01:00:00.100Z", "log", "begins").await;
    log(store, run, 2, "2026-11-21T01:00:00.200Z", "stdout", "hello").await;
    let bytes = b"dumped\n".to_vec();
    let artifact = roundsman_model::Artifact {
        name: "dump.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        size: bytes.len() as u64,
        sha256: "68adce0b4ab1e8ee1d3dcd9ff6bd5c0e2ba5bb5c6b9f8d2b6a2f7a4b7b7e0d11".to_owned(),
    };
    assert!(store.put_artifact(&lease(run), &artifact, bytes, run.started_at.unwrap()).await.unwrap());
}

/// Ends a run.
pub(crate) async fn end(store: &dyn Store, run: &Run, end: AttemptEnd) {
    let at = run.started_at.unwrap() + chrono::TimeDelta::milliseconds(1200);
    let transition: Transition =
        roundsman_model::settle(run, end.clone(), &roundsman_model::RetryPolicy::never(), at, 0.5);
    let settlement = Settlement {
        lease: lease(run),
        end,
        transition,
        metrics: Vec::new(),
        cpu_ms: Some(3),
        max_rss: None,
        at,
    };
    store.settle(settlement).await.unwrap();
}
