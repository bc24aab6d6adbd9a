//! Hostile scripts in real workers: what each rule of the sandbox keeps them from. There is no engine and no store here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod again;
mod anyone;
mod limits;
mod network;
mod others;
mod users;

use std::{
    fmt::Write as _,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use roundsman_model::{AttemptEnd, Sandbox};
use roundsman_supervisor::{Config, ProcessExecutor, abilities, prepare_daemon};
use roundsman_task::SystemClock;
use roundsman_tests::attempts::{Notes, order};
use roundsman_wire::{AttemptOrder, AttemptReport, Executor};
use serde_json::json;

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(40);

/// A program with the kind `command`.
const PROGRAM: &str = env!("CARGO_BIN_EXE_roundsman-misbehave");

/// The interpreter of the system: others may be where not everybody may go.
const PYTHON: &str = "/usr/bin/python3";

/// A daemon's folders, as they are on a host, and things beside them.
struct House {
    folder: tempfile::TempDir,
    executor: ProcessExecutor,
}

impl House {
    fn new() -> Self {
        Self::with_user_work("user-work")
    }

    /// A house with the work directories of other users in this folder of it.
    fn with_user_work(name: &str) -> Self {
        prepare_daemon().unwrap();
        assert!(Path::new(PYTHON).exists(), "{PYTHON} is missing: apt-get install python3");
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        for made in ["state/spool", "etc/conf.d", "etc/scripts", "open/deep", "shut"] {
            fs::create_dir_all(folder.path().join(made)).unwrap();
        }
        fs::set_permissions(folder.path().join("state"), Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(folder.path().join("open"), Permissions::from_mode(0o777)).unwrap();
        for (made, text) in [
            ("state/roundsman.db", "the store"),
            ("state/spool/1.json", "a result"),
            ("etc/roundsman.toml", "the configuration"),
            ("etc/conf.d/more.toml", "more of it"),
            ("etc/vault", "the vault"),
            ("etc/hosts", "a neighbour"),
            ("open/notes", "ordinary"),
            ("shut/secret", "not for this task"),
        ] {
            fs::write(folder.path().join(made), text).unwrap();
        }
        let mut config = Config::new(folder.path().join("state/work"), Arc::new(SystemClock));
        config.exe = PROGRAM.into();
        config.user_root = folder.path().join(name);
        Self { executor: ProcessExecutor::new(config).unwrap(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What belongs to the daemon.
    fn protected(&self) -> Vec<PathBuf> {
        ["state", "etc/roundsman.toml", "etc/conf.d", "etc/vault", "etc/vault.key"]
            .map(|name| self.path(name))
            .to_vec()
    }

    /// A shell script in the house's folder, with what belongs to the daemon out of reach. `$H` is the folder, `$D` the
    /// daemon's process.
    fn script(&self, text: &str) -> AttemptOrder {
        self.program(&["/bin/sh", "-c", text])
    }

    fn python(&self, text: &str) -> AttemptOrder {
        self.program(&[PYTHON, "-u", "-c", text])
    }

    fn program(&self, argv: &[&str]) -> AttemptOrder {
        let env = json!({ "H": self.folder.path(), "D": std::process::id().to_string() });
        let mut order = order("command", json!({ "argv": argv, "env": env, "tail_lines": 200 }));
        order.request.confinement.protected.closed = self.protected();
        order
    }

    async fn run(&self, order: AttemptOrder) -> (AttemptReport, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        let mut attempt = self.executor.start(order, notes.clone()).await.unwrap();
        let report = tokio::time::timeout(PATIENCE, attempt.wait()).await.expect("an end in time");
        for root in ["state/work", "user-work"] {
            let left = fs::read_dir(self.path(root)).map_or(0, Iterator::count);
            assert_eq!(left, 0, "work directories are left in {root}");
        }
        (report, notes)
    }

    /// Runs it to success and gives the lines it printed.
    async fn lines(&self, order: AttemptOrder) -> Vec<String> {
        let (report, notes) = self.run(order).await;
        let texts = notes.texts();
        match report.end {
            AttemptEnd::Finished { .. } => texts,
            other => panic!("no outcome but {other:?}: {texts:#?}"),
        }
    }

    /// Runs a script in which each line is something that must be refused, and one at the end that must work.
    async fn all_refused(&self, sandbox: Sandbox, deeds: &[&str]) {
        let mut text = String::new();
        for deed in deeds {
            let shown = deed.replace('"', "'").replace('$', "");
            writeln!(text, "( {deed} ) >/dev/null 2>&1 && echo \"DONE: {shown}\"").unwrap();
        }
        text.push_str("echo the end");
        let mut order = self.script(&text);
        order.request.confinement.sandbox = sandbox;
        assert_eq!(self.lines(order).await, ["the end"]);
    }

    /// Runs a script in which each line must work.
    async fn all_done(&self, sandbox: Sandbox, deeds: &[&str]) {
        let text = deeds.join(" || exit 1\n") + " || exit 1\n";
        let mut order = self.script(&format!("set -x\n{text}"));
        order.request.confinement.sandbox = sandbox;
        self.lines(order).await;
    }

    /// The text of a file of the house.
    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// That nothing of the daemon's was touched.
    fn assert_untouched(&self) {
        for (name, text) in [
            ("state/roundsman.db", "the store"),
            ("state/spool/1.json", "a result"),
            ("etc/roundsman.toml", "the configuration"),
            ("etc/conf.d/more.toml", "more of it"),
            ("etc/vault", "the vault"),
        ] {
            assert_eq!(self.text(name), text, "{name}");
        }
        let names = |folder: &str| -> Vec<_> {
            let mut names: Vec<_> =
                fs::read_dir(self.path(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names("state"), ["roundsman.db", "spool", "work"]);
        assert_eq!(names("etc"), ["conf.d", "hosts", "roundsman.toml", "scripts", "vault"]);
        assert_eq!(names("etc/conf.d"), ["more.toml"]);
    }
}

/// The tests need a kernel that has what they test.
fn need_landlock(version: u32) {
    let found = abilities();
    assert!(
        found.landlock >= version,
        "this test needs Landlock {version}, and the kernel offers {}: {}",
        found.landlock,
        found.without_landlock
    );
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
