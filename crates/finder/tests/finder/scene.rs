//! Headers and folders for tests, and what is found in them as people read it.

use std::{
    error::Error as _,
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use expect_test::Expect;
use roundsman_finder::{Header, scan_scripts};
use tempfile::TempDir;

/// Somebody who is neither root nor runs the tests.
pub(crate) const STRANGER: u32 = 65_534;

/// Reads a script and compares what is understood, or what is said.
pub(crate) fn check(script: &str, expected: Expect) {
    expected.assert_eq(&read(script.as_bytes()));
}

/// What is understood of a script, or what is said of it.
pub(crate) fn read(script: &[u8]) -> String {
    match Header::in_script(Path::new("/srv/backup.sh"), script) {
        Ok(None) => "no header".into(),
        Ok(Some(header)) => shown(&header),
        Err(problems) => problems.to_string(),
    }
}

/// A header, each part on a line of its own, and the keys of a task with the numbers of their lines.
pub(crate) fn shown(header: &Header) -> String {
    let mut text = String::new();
    let name = "backup".parse().unwrap();
    let kind = header.describe(name, "scripts", Path::new("/srv/backup.sh"), "00");
    writeln!(text, "{} [{}] timeout {:?}", kind.about, kind.category, kind.timeout()).unwrap();
    let with = serde_json::to_string(&kind.schema).unwrap();
    writeln!(text, "with {with}").unwrap();
    if let roundsman_model::Code::Script { exit_codes, dry_run, .. } = &kind.code {
        writeln!(text, "exit codes {}", serde_json::to_string(exit_codes).unwrap()).unwrap();
        writeln!(text, "repeatable {}, dry run {dry_run}", kind.repeatable).unwrap();
    }
    for action in &kind.actions {
        writeln!(text, "action {}", serde_json::to_string(action).unwrap()).unwrap();
    }
    for metric in &kind.metrics {
        writeln!(text, "metric {}", serde_json::to_string(metric).unwrap()).unwrap();
    }
    let roles: Vec<&str> = kind.credentials.iter().map(|wish| wish.name.as_str()).collect();
    writeln!(text, "credentials {roles:?}").unwrap();
    if let Some(keys) = &header.keys {
        writeln!(text, "task, scheduled {}:", keys.scheduled).unwrap();
        for (at, line) in keys.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            writeln!(text, "{:>3} |{line}", at + 1).unwrap();
        }
    }
    text
}

/// A folder of scripts that goes with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// An executable file.
    pub(crate) fn script(&self, name: &str, content: &str) -> PathBuf {
        self.file(name, content, 0o755)
    }

    /// A file of this mode, its folders made as needed.
    pub(crate) fn file(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        chmod(&path, mode);
        path
    }

    /// What is found, one file on a line, with the folder's own path left out.
    pub(crate) fn found(&self) -> String {
        let own = format!("{}/", self.path().display());
        let scripts = match scan_scripts(self.path()) {
            Ok(scripts) => scripts,
            Err(error) => {
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                return format!("{error}{cause}").replace(&own, "").replace(own.trim_end_matches('/'), ".");
            }
        };
        let mut text = String::new();
        for script in scripts {
            let name = script.name.as_ref().map_or("-", |name| name.as_str());
            let said = match &script.kind {
                Ok(kind) => format!("[{}] {}", kind.description.category, kind.description.about),
                Err(broken) => format!("broken: {}", broken.reason()),
            };
            writeln!(text, "{}: {name}: {said}", script.path.display()).unwrap();
        }
        text.replace(&own, "")
    }

    pub(crate) fn check(&self, expected: Expect) {
        expected.assert_eq(&self.found());
    }
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Gives a file away.
pub(crate) fn chown(path: &Path, owner: u32) {
    let owner = rustix::fs::Uid::from_raw(owner);
    rustix::fs::chown(path, Some(owner), None).expect("tests of owners run as root");
}
