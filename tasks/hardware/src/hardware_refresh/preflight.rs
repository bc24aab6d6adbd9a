//! Whether this host can be read: which sources are there, and which of them this user may not read. It keeps nothing of
//! what it reads.

use std::path::Path;

use roundsman_task::{Finding, TaskContext};

use super::{Config, check_root, collect};
use crate::record::{HwRecord, ReadProblem};

/// So many paths are named in one line.
const NAMED: usize = 3;

/// What a record is made of: what it says, and where that stands; one of the places is enough.
const SOURCES: [(&str, &[&str]); 6] = [
    (
        "maker, model and serial number",
        &["sys/class/dmi/id", "sys/firmware/devicetree/base", "proc/device-tree"],
    ),
    ("processors", &["proc/cpuinfo"]),
    ("memory", &["proc/meminfo"]),
    ("disks", &["sys/block"]),
    ("network interfaces", &["sys/class/net"]),
    ("file systems", &["proc/1/mountinfo", "proc/self/mountinfo"]),
];

/// Reads everything once and tells what is missing.
pub(super) async fn preflight(cx: &TaskContext, config: &Config) -> Vec<Finding> {
    let what = format!("read {}", config.root.display());
    if let Err(error) = check_root(&config.root) {
        return vec![Finding::failure(what, error.to_string(), "correct `root` in the task's `with` table")];
    }
    match collect(cx, config).await {
        Ok(record) if record.completeness.is_empty() && record.errors.is_empty() => vec![Finding::failure(
            what,
            "nothing about this host can be read there",
            "write / for `root`, or where a container has the file system of the host, with proc and sys",
        )],
        Ok(record) => findings(&config.root, &record),
        Err(error) => {
            vec![Finding::failure(what, error.to_string(), "see the log of a run of this task")]
        }
    }
}

fn findings(root: &Path, record: &HwRecord) -> Vec<Finding> {
    let mut found: Vec<Finding> = SOURCES.iter().map(|(says, places)| source(root, says, places)).collect();
    let (forbidden, broken): (Vec<_>, Vec<_>) =
        record.errors.iter().partition(|problem| problem.class == "forbidden");
    if let Some((many, first)) = named(root, &forbidden) {
        found.push(Finding::warning(
            "read what only root may",
            format!("{many} may not be read by this user: {first}"),
            "run the daemon as root, or do without these: serial numbers and memory modules are mostly among them",
        ));
    }
    if let Some((many, first)) = named(root, &broken) {
        let messages: Vec<&str> = broken.iter().take(NAMED).map(|problem| problem.message.as_str()).collect();
        found.push(Finding::warning(
            "read everything there is",
            format!("{many} cannot be used ({first}): {}", messages.join("; ")),
            "what they say is missing from the record; the kernel or the firmware of this host is the place to look",
        ));
    }
    found
}

fn source(root: &Path, says: &str, places: &[&str]) -> Finding {
    match places.iter().map(|place| root.join(place)).find(|path| path.exists()) {
        Some(path) => Finding::ok(format!("read {says}"), format!("{} is there", path.display())),
        None => Finding::warning(
            format!("read {says}"),
            format!("{} is not there, so that they stay unknown", root.join(places[0]).display()),
            "a virtual machine or container may have none; mount proc and sys of the host and set `root` to read the host",
        ),
    }
}

/// How many sources, and the first of them by path.
fn named(root: &Path, problems: &[&ReadProblem]) -> Option<(String, String)> {
    let many = match problems.len() {
        0 => return None,
        1 => "1 source".to_owned(),
        many => format!("{many} sources"),
    };
    let path =
        |problem: &&ReadProblem| root.join(problem.source.trim_start_matches('/')).display().to_string();
    let mut paths: Vec<String> = problems.iter().take(NAMED).map(path).collect();
    if problems.len() > NAMED {
        paths.push("…".to_owned());
    }
    Some((many, paths.join(", ")))
}
