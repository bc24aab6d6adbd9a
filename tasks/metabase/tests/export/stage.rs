//! A simulated server, a folder, and a task that exports from one to the other. It judges nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use roundsman_metabase::{config::Checked, kind::MetabaseExport};
use roundsman_simulators::metabase::{CardSetup, Metabase, MetabaseScenario, Release, Rows};
use roundsman_task::{Kind as _, Outcome, OutcomeStatus, TaskError};
use roundsman_testkit::{FakeClock, TestContext, TestContextBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The slot of all runs.
pub(crate) const SLOT: &str = "2026-11-20T08:00:00Z";
/// What it is called in names.
pub(crate) const TS: &str = "20261120_080000";

/// Everything that an export needs.
pub(crate) struct Stage {
    pub(crate) sim: Metabase,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) dir: TempDir,
    pub(crate) with: Value,
}

impl Stage {
    /// A server of today with these things, and a task with these items.
    pub(crate) async fn new(scenario: MetabaseScenario, items: Value) -> Self {
        let clock = Arc::new(FakeClock::at(SLOT));
        let sim = Metabase::start(clock.clone(), scenario).await.unwrap();
        let dir = TempDir::new().unwrap();
        let with = json!({
            "base_url": sim.url(),
            "output_dir": dir.path().join("out"),
            "min_free_bytes": "0",
            "requests_per_second": 1000.0,
            "burst": 100,
            "item": items,
        });
        Self { sim, clock, dir, with }
    }

    /// A server with question 12, that has so many plain rows, exported as it comes.
    pub(crate) async fn of_rows(rows: u64) -> Self {
        let card = CardSetup::native(12, "Orders").rows(Rows::plain(rows));
        Self::new(MetabaseScenario::new(Release::V56).card(card), json!([{ "name": "orders", "card": 12 }]))
            .await
    }

    /// The same with other keys.
    #[must_use]
    pub(crate) fn set(mut self, keys: Value) -> Self {
        self.change(keys);
        self
    }

    pub(crate) fn change(&mut self, keys: Value) {
        for (key, value) in keys.as_object().unwrap() {
            self.with[key] = value.clone();
        }
    }

    /// The same with other keys of its first item.
    #[must_use]
    pub(crate) fn set_item(mut self, keys: Value) -> Self {
        for (key, value) in keys.as_object().unwrap() {
            self.with["item"][0][key] = value.clone();
        }
        self
    }

    pub(crate) fn builder(&self) -> TestContextBuilder {
        TestContext::builder()
            .virtual_time(&self.clock)
            .task("reports")
            .slot(SLOT.parse().unwrap())
            .time_left(Duration::from_secs(7_200))
            .credential("metabase", "api_key", self.sim.api_key())
    }

    pub(crate) fn config(&self) -> Checked {
        serde_json::from_value(self.with.clone()).unwrap()
    }

    pub(crate) async fn run(&self, test: &TestContext) -> Result<Outcome, TaskError> {
        let cx = test.cx().declaring(MetabaseExport::INFO.budgets);
        let ended = MetabaseExport::run(&cx, self.config()).await;
        assert_eq!(test.undeclared_metrics(&MetabaseExport::INFO), []);
        ended
    }

    /// A first run, which must go well.
    pub(crate) async fn good(&self) -> (TestContext, Outcome) {
        let test = self.builder().build();
        let outcome = self.run(&test).await.unwrap();
        assert_eq!(outcome.status, OutcomeStatus::Success, "{}", outcome.summary);
        (test, outcome)
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    /// The folder of the first run for the slot.
    pub(crate) fn folder(&self) -> PathBuf {
        self.out().join(TS)
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        let path = self.folder().join(name);
        fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; there are {:?}", path.display(), self.files()))
    }

    /// All files below the output folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect(&self.out(), &self.out(), &mut files);
        files.sort();
        files
    }

    pub(crate) fn manifest(&self) -> Value {
        serde_json::from_slice(&self.file("manifest.json")).unwrap()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().unwrap())).unwrap();
        if kind.is_dir() {
            collect(root, &path, files);
        } else {
            let link = fs::read_link(&path).map(|to| format!(" -> {}", to.display())).unwrap_or_default();
            files.push(format!("{}{link}", path.strip_prefix(root).unwrap().display()));
        }
    }
}

/// The SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A block of requests that ran a query.
pub(crate) fn queries(sim: &Metabase) -> usize {
    sim.asked("POST *").len()
}
