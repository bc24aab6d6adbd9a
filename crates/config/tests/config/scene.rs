//! A folder with files and an environment to load them in. It judges nothing.

use std::fs;

use roundsman_config::{Environment, Loaded, Problems, load};

use crate::kinds::TestKinds;

pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) env: Environment,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: Environment::with([("HOME", "/home/ada")]) }
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.env.variables.insert(name.into(), value.into());
        self
    }

    pub(crate) fn load(&self) -> Result<Loaded, Problems> {
        self.load_file("roundsman.toml")
    }

    pub(crate) fn load_file(&self, name: &str) -> Result<Loaded, Problems> {
        load(Some(&self.folder.path().join(name)), &TestKinds, &self.env)
    }

    pub(crate) fn load_found(&self) -> Result<Loaded, Problems> {
        load(None, &TestKinds, &self.env)
    }

    /// A text in which the folder is called `/cfg`.
    pub(crate) fn plain(&self, text: impl ToString) -> String {
        text.to_string().replace(&self.folder.path().display().to_string(), "/cfg")
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// Loads one file that must not load, and gives what is said about it.
pub(crate) fn refused(text: &str) -> String {
    let scene = Scene::new().file("roundsman.toml", text);
    match scene.load() {
        Ok(_) => "it loads".into(),
        Err(problems) => scene.plain(problems),
    }
}

/// Holds what is said about a file that must not load against what should be said.
pub(crate) fn check(text: &str, expected: expect_test::Expect) {
    expected.assert_eq(&refused(text));
}

/// A task of the kind `command` with one more line in it.
pub(crate) fn task(line: &str) -> String {
    format!("[tasks.backup]\nuses = \"command\"\nwith = {{ argv = [\"true\"] }}\n{line}\n")
}

/// Every row of `config show`.
pub(crate) fn shown(scene: &Scene, loaded: &Loaded) -> String {
    let line = |row: &roundsman_config::Row| format!("{} = {}  [{}]\n", row.key, row.value, row.origin);
    scene.plain(loaded.show().iter().map(line).collect::<String>())
}
