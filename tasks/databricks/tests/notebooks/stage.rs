//! A workspace with notebooks in it, a folder on disk, and who saves and puts back. It says nothing of what is saved.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use roundsman_databricks::{
    api::{Access, Workspace, WorkspaceSettings},
    notebooks::{
        BackupFormat, BackupReport, BackupSettings, RestoreReport, RestoreSettings, backup, restore,
    },
};
use roundsman_simulators::{Databricks, FileSetup, Scenario};
use roundsman_task::{CredentialField, TaskError};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::Value;
use tempfile::TempDir;

/// A workspace, a folder, and somebody in front of both.
pub(crate) struct Stage {
    pub(crate) test: TestContext,
    pub(crate) sim: Databricks,
    pub(crate) workspace: Workspace,
    pub(crate) saving: BackupSettings,
    pub(crate) restoring: RestoreSettings,
    folder: Arc<TempDir>,
    clock: Arc<FakeClock>,
}

impl Stage {
    /// Eight in the morning of a Monday in Jerusalem; each attempt has six hours.
    pub(crate) async fn of(scenario: Scenario) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::over(scenario, folder).await
    }

    async fn over(scenario: Scenario, folder: Arc<TempDir>) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let test = TestContext::builder().virtual_time(&clock).time_left(Duration::from_hours(6)).build();
        let workspace = workspace(&test, &sim);
        let out_dir = folder.path().join("backup");
        let saving = BackupSettings {
            roots: vec!["/Users".to_owned(), "/Shared".to_owned()],
            out_dir: out_dir.clone(),
            format: BackupFormat::Source,
            files: true,
            overwrite: false,
        };
        let restoring = RestoreSettings {
            dir: out_dir,
            map_prefix: "/Users=/Users".parse().unwrap(),
            only_user: None,
            overwrite: false,
            plan: false,
            verify: true,
        };
        Self { test, sim, workspace, saving, restoring, folder, clock }
    }

    /// The same folder before another workspace.
    pub(crate) async fn before(&self, scenario: Scenario) -> Self {
        Self::over(scenario, self.folder.clone()).await
    }

    /// Another attempt.
    pub(crate) fn again(&mut self) {
        self.attempt(self.test.next_run());
    }

    /// Another attempt that writes nothing.
    pub(crate) fn dry(&mut self) {
        self.attempt(self.test.next_dry_run());
    }

    /// The attempt has only so long left.
    pub(crate) fn leave(&self, left: Duration) {
        self.clock.advance(Duration::from_hours(6).checked_sub(left).unwrap());
    }

    fn attempt(&mut self, test: TestContext) {
        self.sim.clear_journal();
        self.clock.advance(Duration::from_mins(1));
        self.test = test;
        self.workspace = workspace(&self.test, &self.sim);
    }

    pub(crate) async fn try_save(&self) -> Result<BackupReport, TaskError> {
        backup(self.test.cx(), &self.workspace, &self.saving).await
    }

    pub(crate) async fn save(&self) -> BackupReport {
        self.try_save().await.unwrap()
    }

    pub(crate) async fn try_restore(&self) -> Result<RestoreReport, TaskError> {
        restore(self.test.cx(), &self.workspace, &self.restoring).await
    }

    pub(crate) async fn restore(&self) -> RestoreReport {
        self.try_restore().await.unwrap()
    }

    /// Puts something into the workspace, in place of what is there.
    pub(crate) fn put(&self, path: &str, language: Option<&str>, text: &str) {
        let setup = file(path, language, text);
        self.sim.world(|world| world.add_file(&setup)).unwrap();
    }

    /// What is in the workspace besides folders.
    pub(crate) fn there(&self) -> BTreeMap<String, String> {
        self.sim.world(|world| {
            let paths = world.paths();
            let is_folder = |path: &str| paths.iter().any(|other| other.starts_with(&format!("{path}/")));
            let files = paths.iter().filter(|path| !is_folder(path));
            let text = |path: &String| String::from_utf8(world.file(path).unwrap()).unwrap();
            let all = files.map(|path| (path.clone(), text(path)));
            all.filter(|(path, text)| !text.is_empty() && path.matches('/').count() > 1).collect()
        })
    }

    /// The files in the folder, with what is in them, but not the folder's own.
    pub(crate) fn saved(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        walk(&self.saving.out_dir, "", &mut files);
        files.retain(|name, _| name != "manifest.jsonl" && name != ".backup.lock");
        files
    }

    pub(crate) fn saved_names(&self) -> Vec<String> {
        self.saved().into_keys().collect()
    }

    /// The lines of the manifest.
    pub(crate) fn manifest(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.saving.out_dir.join("manifest.jsonl")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last line about a path.
    pub(crate) fn line(&self, path: &str) -> Value {
        let of_path = self.manifest().into_iter().rfind(|line| line["path"] == path);
        of_path.unwrap_or_else(|| panic!("there is no line about {path}"))
    }

    /// How often something was asked in this attempt.
    pub(crate) fn asked(&self, pattern: &str) -> usize {
        self.sim.asked(pattern).len()
    }

    pub(crate) fn exports(&self) -> usize {
        self.asked("GET */workspace/export")
    }

    /// Returns once nobody writes to the folder any more: what was begun goes on when an attempt ends.
    pub(crate) async fn settled(&self) {
        let Ok(lock) = fs::File::open(self.saving.out_dir.join(".backup.lock")) else {
            return;
        };
        while lock.try_lock().is_err() {
            // sleep: a lock cannot be waited for without blocking
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Something in the workspace.
pub(crate) fn file(path: &str, language: Option<&str>, text: &str) -> FileSetup {
    FileSetup {
        path: path.to_owned(),
        language: language.map(str::to_owned),
        text: text.to_owned(),
        object_type: None,
    }
}

/// A workspace of two students and something they share.
pub(crate) fn lab() -> Scenario {
    people()
        .file("/Users/s1@example.edu/first", Some("PYTHON"), "print('ä')\n")
        .file("/Users/s1@example.edu/deep/er/second", Some("SCALA"), "val a = 1")
        .file("/Users/s2@example.edu/query", Some("SQL"), "select 1\n")
        .file("/Users/s2@example.edu/plot", Some("R"), "plot(1)\r\nplot(2)\r\n")
        .file("/Shared/table.csv", None, "a,b\n1,2\n")
        .file("/Shared/all/notes.txt", None, "# Databricks\n")
}

/// The same without anything in it.
pub(crate) fn people() -> Scenario {
    Scenario::at("2026-11-16 08:00").user("s1@example.edu").user("s2@example.edu")
}

fn workspace(test: &TestContext, sim: &Databricks) -> Workspace {
    let access = Access::Pat { token: CredentialField::new(sim.token()) };
    Workspace::new(test.cx(), &WorkspaceSettings::new(&sim.url(), access)).unwrap()
}

fn walk(root: &Path, below: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(root.join(below)).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let local = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            let before = files.len();
            walk(root, &local, files);
            assert!(files.len() > before, "{local} is empty");
        } else {
            files
                .insert(local.clone(), String::from_utf8_lossy(&fs::read(root.join(&local)).unwrap()).into());
        }
    }
}
