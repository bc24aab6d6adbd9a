//! The load that installations under attack carry: short tasks of every second under each overlap rule, which write marks
//! to a file. It attacks nothing itself.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use crate::daemon::{Daemon, Site, eventually, marked_processes};

/// Writes begin and end marks; two at the same time are an overlap, proved by a lock that ends with its holders.
const SCRIPT: &str = r#"#!/bin/sh
exec 9> "FOLDER/$1.lock"
flock -n 9 || echo "$1 $ROUNDSMAN_ATTEMPT" >> FOLDER/overlaps
echo "begin $1 $ROUNDSMAN_ATTEMPT" >> FOLDER/marks
sleep "$2"
echo "end $1 $ROUNDSMAN_ATTEMPT" >> FOLDER/marks
"#;

/// A task: its name, how long it takes, its overlap rule, its misfire rule.
type Task = (&'static str, &'static str, &'static str, &'static str);

const TASKS: [Task; 6] = [
    ("brief", "0.05", "\"skip\"", "latest"),
    ("none", "0.3", "\"skip\"", "none"),
    ("long", "1.6", "\"skip\"", "latest"),
    ("queue", "1.2", "\"queue\"", "latest"),
    ("replace", "1.5", "\"replace\"", "latest"),
    ("allow", "1.5", "{ allow = 2 }", "latest"),
];

/// Tasks whose attempts must never overlap.
const ALONE: [&str; 5] = ["brief", "none", "long", "queue", "replace"];

/// Writes the script into a folder and returns the configuration of the tasks.
pub(super) fn tasks(folder: &Path) -> Result<String> {
    let script = folder.join("mark.sh");
    std::fs::write(&script, SCRIPT.replace("FOLDER", path(folder)?))?;
    let script = path(&script)?;
    let task = |(name, secs, overlap, misfire): &Task| {
        let lock = if ALONE.contains(name) { *name } else { "$ROUNDSMAN_ATTEMPT" };
        format!(
            "[tasks.{name}]\nuses = \"command\"\nevery = \"1s\"\ntimeout = \"20s\"\ngrace = \"1s\"\noverlap = {overlap}\n\
             misfire = \"{misfire}\"\nretry = {{ attempts = 3, backoff = \"10ms\", retry_on = [\"error\", \"lost\"] }}\n\
             with = {{ shell = \"sh {script} {lock} {secs}\" }}\n"
        )
    };
    Ok(TASKS.iter().map(task).collect())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the temporary folder has a name in UTF-8")
}

/// Whether tasks overlapped that must not, and that they ran at all.
pub(super) fn check_marks(folder: &Path) -> Result<usize> {
    let overlaps = std::fs::read_to_string(folder.join("overlaps")).unwrap_or_default();
    ensure!(overlaps.is_empty(), "attempts overlapped:\n{overlaps}");
    let marks = std::fs::read_to_string(folder.join("marks")).context("no task ever ran")?;
    Ok(marks.lines().filter(|line| line.starts_with("begin ")).count())
}

/// Ends a daemon in good order.
pub(super) fn stop(mut daemon: Daemon) -> Result<()> {
    daemon.signal(Signal::SIGTERM);
    let code = daemon.wait();
    ensure!(code == Some(0), "the daemon ended with {code:?}:\n{}", daemon.log());
    Ok(())
}

/// That no process of any attempt of this store is left.
pub(super) fn nothing_is_left(url: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let id = runtime.block_on(async {
        let role = roundsman_store::OpenOptions::for_role(roundsman_store::Role::Reader);
        let store = roundsman_store::open(url, role).await?;
        let id = store.id();
        store.close().await;
        anyhow::Ok(id)
    })?;
    let mark = format!("{id}:");
    eventually("no process of any attempt is left", std::time::Duration::from_secs(15), || {
        marked_processes(&mark).is_empty().then_some(())
    });
    Ok(())
}

/// The URL of a site's store.
pub(super) fn url_of(site: &Site, postgres: Option<&str>) -> String {
    postgres.map_or_else(
        || format!("sqlite:{}", site.path("state").join("roundsman.db").display()),
        str::to_owned,
    )
}
