//! A folder with a configuration, and a store with a past: what the tests of the command line begin with. It starts no
//! daemon.

use std::{
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use clap::Parser as _;
use roundsman::cli::{args::Cli, failure::Failure, look::Look, output::Output};
use roundsman_model::{Clock, TaskDefinition, Timestamp};
use roundsman_store::{OpenOptions, Role, Store};

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

/// An instant.
pub(crate) fn at(text: &str) -> Timestamp {
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
    /// The lock by which a living daemon is known, while the past has one.
    daemon: Mutex<Option<std::fs::File>>,
}

impl Stage {
    /// A configuration, and no store yet.
    pub(crate) fn new() -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap(), daemon: Mutex::new(None) };
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
        let kinds = roundsman::kinds::Catalogue::compiled(&registry);
        let loaded =
            roundsman_config::load(Some(&self.path("roundsman.toml")), &kinds, &environment).unwrap();
        let mut daemon = self.daemon.lock().unwrap();
        drop(daemon.take());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.database().display());
            let store = roundsman_store::open(&url, OpenOptions::for_role(Role::Daemon)).await.unwrap();
            what(store.as_ref(), &loaded.tasks).await;
            store.close().await;
        });
        let lock = std::fs::File::open(self.path("state/roundsman.db.lock")).unwrap();
        lock.try_lock().unwrap();
        *daemon = Some(lock);
    }

    /// The daemon of the past ends without leaving.
    pub(crate) fn daemon_dies(&self) {
        drop(self.daemon.lock().unwrap().take());
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

    /// The exit code of a command that says with it what it found, and what it prints.
    pub(crate) fn ended(&self, line: &[&str]) -> (u8, String) {
        match self.ask(line) {
            (Ok(()), told, _) => (0, told),
            (Err(Failure::Told(code)), told, _) => (code, told),
            (Err(failure), told, _) => panic!("{line:?} failed: {}\n{told}", failure.message()),
        }
    }

    /// The exit code and the message of a command that fails.
    pub(crate) fn refused(&self, line: &[&str]) -> (u8, String) {
        match self.ask(line) {
            (Err(Failure::Usage(message)), ..) => (2, message),
            (Err(Failure::Failed(message)), ..) => (1, message),
            (Err(Failure::InTheWay(message)), ..) => (4, message),
            (other, told, _) => panic!("{line:?} was not refused: {other:?}\n{told}"),
        }
    }
}
