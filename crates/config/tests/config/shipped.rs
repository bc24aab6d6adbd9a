//! The files in `config/`: they load, and the shipped one is what `config init` prints. What is in a kind's own `with`
//! is checked where the kinds are.

use std::{fs, path::Path, path::PathBuf, time::Duration};

use roundsman_config::{Environment, KindFacts, Kinds, init_text, load};
use serde_json::json;

/// The names of the shipped kinds, with configs that take anything.
struct ShippedKinds;

impl Kinds for ShippedKinds {
    fn names(&self) -> Vec<String> {
        let names =
            ["command", "databricks-end-of-day", "databricks-quota", "dns-availability", "hardware-refresh"];
        names.map(str::to_owned).to_vec()
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        self.names().iter().any(|known| known == name).then(|| KindFacts {
            code: roundsman_model::Code::Compiled,
            credentials: Vec::new(),
            header: None,
            about: "does something".into(),
            schema: json!({ "type": "object" }),
            timeout: Duration::from_mins(1),
            repeatable: name != "command",
            default_schedule: (name != "command").then(|| "@hourly".into()),
            scopes: Box::new(|_| Ok(std::collections::BTreeMap::new())),
            check: Box::new(|_| Ok(())),
        })
    }
}

/// No kinds at all: what is left is the same in every program.
struct NoKinds;

impl Kinds for NoKinds {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn kind(&self, _: &str) -> Option<KindFacts> {
        None
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").canonicalize().unwrap()
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(toml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_file_loads() {
    let env = Environment::with([
        ("HOME", "/home/ada"),
        ("DB_PASSWORD", "a made-up password"),
        ("BACKUP_TARGET", "backup.example.com:/srv/backup"),
    ]);
    let files = toml_files(&folder());
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        if let Err(problems) = load(Some(&file), &ShippedKinds, &env) {
            panic!("{problems}");
        }
    }
}

#[test]
fn the_shipped_file_begins_with_what_config_init_prints() {
    let file = folder().join("roundsman.toml");
    let general = init_text(&NoKinds);
    let shipped = fs::read_to_string(&file).unwrap();
    if shipped.starts_with(&general) {
        return;
    }
    let line = general.lines().zip(shipped.lines()).position(|(a, b)| a != b).map_or(1, |line| line + 1);
    panic!("{}:{line} is stale: run `cargo run -- config init > config/roundsman.toml`", file.display());
}
