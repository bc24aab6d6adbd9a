//! The kind `stale-files`, as an example of a plugin in Rust: counts files that nobody changed for some days, and removes
//! them where the task says so. It follows no links.

mod search;

use std::{fs, path::PathBuf};

use roundsman_plugin_abi::{Failure, Host, Plugin, Request, Value, export_plugin, json};
use serde::Deserialize;

use search::{Found, Stale, search};

/// The collection in which it keeps how much it found last time, by folder.
const LAST: &str = "last";
/// The most rows that an action prints.
const MAX_ROWS: usize = 1_000;

/// The task's `with` table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    folders: Vec<PathBuf>,
    #[serde(default = "thirty")]
    days: u64,
    #[serde(default)]
    remove: bool,
}

const fn thirty() -> u64 {
    30
}

struct StaleFiles;

impl Plugin for StaleFiles {
    fn describe() -> Value {
        json!({
            "name": "stale-files",
            "about": "counts files that nobody changed for some days, and removes them if told to",
            "category": "housekeeping",
            "timeout_ms": 900_000,
            "repeatable": true,
            "schema": {
                "type": "object",
                "additionalProperties": false,
                "required": ["folders"],
                "properties": {
                    "folders": {
                        "type": "array",
                        "minItems": 1,
                        "items": { "type": "string" },
                        "description": "The folders to look at, with all below them.",
                    },
                    "days": {
                        "type": "integer",
                        "minimum": 1,
                        "default": 30,
                        "description": "For how many days nobody has changed a stale file.",
                    },
                    "remove": {
                        "type": "boolean",
                        "default": false,
                        "description": "Whether stale files are removed.",
                    },
                },
            },
            "actions": [{
                "name": "list",
                "about": "prints the stale files, largest first",
                "exclusive": false,
                "writes": false,
            }],
            "metrics": [
                { "name": "stale_files", "help": "Files that nobody changed for some days.", "labels": ["folder"] },
                { "name": "stale_files_bytes", "help": "Bytes of these files.", "labels": ["folder"] },
            ],
        })
    }

    fn run(host: &Host<'_>, request: &Request) -> Result<Value, Failure> {
        let config: Config = request.config()?;
        let found = look(host, &config)?;
        match request.action.as_deref() {
            Some("list") => Ok(list(&found)),
            Some(other) => Err(Failure::config(format!("there is no action {other:?}"))),
            None => sweep(host, &config, request.dry_run, found),
        }
    }

    fn preflight(_: &Host<'_>, request: &Request) -> Result<Value, Failure> {
        let config: Config = request.config()?;
        let findings = config.folders.iter().map(|folder| {
            let what = format!("read {}", folder.display());
            match fs::read_dir(folder) {
                Ok(_) => json!({ "level": "ok", "what": what, "found": "it can be read" }),
                Err(error) => json!({
                    "level": "failure",
                    "what": what,
                    "found": error.to_string(),
                    "advice": "correct `folders`, or let the worker's user read it",
                }),
            }
        });
        Ok(findings.collect())
    }
}

export_plugin!(StaleFiles);

/// Looks at all folders; one that cannot be read is counted and told, and ends nothing.
fn look(host: &Host<'_>, config: &Config) -> Result<Vec<Found>, Failure> {
    let total = config.folders.len() as u64;
    let mut all = Vec::new();
    for (done, folder) in config.folders.iter().enumerate() {
        let shown = folder.display().to_string();
        host.progress(done as u64, Some(total), &shown);
        let found = search(folder, config.days, &|| host.is_cancelled())
            .ok_or_else(|| Failure::retry("stopped before all folders were looked at"))?;
        for trouble in &found.troubles {
            host.warn(trouble);
        }
        host.metric("stale_files", &[("folder", &shown)], found.stale.len() as f64)?;
        host.metric("stale_files_bytes", &[("folder", &shown)], found.bytes() as f64)?;
        all.push(found);
    }
    host.progress(total, Some(total), "");
    Ok(all)
}

fn list(found: &[Found]) -> Value {
    let mut stale: Vec<&Stale> = found.iter().flat_map(|found| &found.stale).collect();
    stale.sort_by_key(|file| std::cmp::Reverse(file.bytes));
    let rows: Vec<Value> = stale
        .iter()
        .take(MAX_ROWS)
        .map(
            |file| json!({ "file": file.path.display().to_string(), "bytes": file.bytes, "days": file.days }),
        )
        .collect();
    json!({ "summary": format!("{} stale files", stale.len()), "print": rows })
}

/// Removes what is stale if it is to, plans it in a dry run, and says what changed since last time.
fn sweep(host: &Host<'_>, config: &Config, dry_run: bool, found: Vec<Found>) -> Result<Value, Failure> {
    let (mut removed, mut failed) = (0_u64, 0_u64);
    let stale: u64 = found.iter().map(|found| found.stale.len() as u64).sum();
    let troubles: u64 = found.iter().map(|found| found.troubles.len() as u64).sum();
    if config.remove && dry_run {
        let files = found.iter().flat_map(|found| &found.stale);
        let plan: String = files.map(|file| format!("remove {}\n", file.path.display())).collect();
        host.artifact("plan.txt", "text/plain", plan.as_bytes())?;
    } else if config.remove {
        for file in found.iter().flat_map(|found| &found.stale) {
            if host.is_cancelled() {
                return Err(Failure::retry(format!("stopped after {removed} of {stale} files")));
            }
            match fs::remove_file(&file.path) {
                Ok(()) => removed += 1,
                Err(error) => {
                    host.warn(&format!("{} cannot be removed: {error}", file.path.display()));
                    failed += 1;
                }
            }
        }
    }
    let (changed, folders) = compare(host, dry_run, &found)?;
    let bytes: u64 = found.iter().map(Found::bytes).sum();
    Ok(json!({
        "status": if failed + troubles > 0 { "partial" } else { "success" },
        "summary": format!("{stale} stale files, {bytes} bytes; {removed} removed, {} failed", failed + troubles),
        "counts": {
            "processed": found.iter().map(|found| found.seen).sum::<u64>(),
            "ok": stale - failed,
            "failed": failed + troubles,
            "changed": changed,
            "unchanged": found.len() as u64 - changed,
            "planned": if config.remove && dry_run { stale } else { 0 },
        },
        "detail": { "folders": folders },
    }))
}

/// How many folders have another number of stale files than last time, and the numbers themselves.
fn compare(host: &Host<'_>, dry_run: bool, found: &[Found]) -> Result<(u64, Vec<Value>), Failure> {
    let (mut changed, mut folders) = (0, Vec::new());
    for found in found {
        let folder = found.folder.display().to_string();
        let now = json!({ "files": found.stale.len(), "bytes": found.bytes() });
        // A key has at most 512 bytes, a path may have more.
        let key: String = folder.chars().take(120).collect();
        let before = host.get(LAST, &key)?;
        if before.as_ref() != Some(&now) {
            changed += 1;
            if !dry_run {
                host.put(LAST, &key, &now)?;
            }
        }
        folders.push(json!({ "folder": folder, "now": now, "before": before }));
    }
    Ok((changed, folders))
}
