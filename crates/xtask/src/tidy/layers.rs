//! The direction of dependencies: the one table of layers, and who alone may use what.
//! It sees edges, not code; what a crate does with an edge is for the reviewer.

use std::fs;

use anyhow::{Context, Result};

use super::{finding::Finding, manifests::line_of};
use crate::workspace::{Edge, EdgeKind, Member, Workspace};

/// Where each member stands: an edge points to a strictly lower layer.
const LAYERS: &[(u8, &[&str])] = &[
    (0, &["crates/model"]),
    (
        1,
        &[
            "crates/task",
            "crates/wire",
            "crates/processes",
            "crates/plugin-abi",
            "crates/config",
            "crates/credentials",
            "crates/finder",
            "crates/telemetry",
            "crates/store",
        ],
    ),
    (2, &["crates/supervisor", "crates/program", "crates/http", "crates/remote", "crates/xlsx"]),
    (3, &["crates/worker", "crates/notify", "crates/report", "crates/ipam", "crates/vm", "crates/engine"]),
    (4, &["crates/api", "examples/plugin-rust"]),
    (5, &["daemon"]),
];

/// All of `tasks/*` stands here.
const TASK_LAYER: u8 = 4;

/// What authors of kinds build upon; a task crate sees nothing else of ours.
const FOR_AUTHORS: &[&str] = &[
    "crates/task",
    "crates/program",
    "crates/http",
    "crates/remote",
    "crates/xlsx",
    "crates/notify",
    "crates/report",
    "crates/ipam",
    "crates/vm",
];

/// Never part of what is shipped. They may see everything; others see only the first two, and only in their tests.
const DEV: &[&str] = &["crates/testkit", "tests/simulators", "crates/xtask", "tests", "tests/plugin"];
const DEV_LIBRARIES: &[&str] = &["crates/testkit", "tests/simulators"];

/// Outside crates with one user, so that the mechanism behind them stays in one place.
const ONLY_USER: &[(&str, &str)] = &[("inventory", "crates/task"), ("libloading", "crates/worker")];

/// The list that makes the linker take the task crates.
const TASK_LIST: &str = "daemon/src/tasks.rs";

/// Checks every member and every edge.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        let manifest = member.manifest();
        let text = fs::read_to_string(workspace.root.join(&manifest))
            .with_context(|| format!("cannot read {manifest}"))?;
        let complaints =
            member.edges.iter().filter_map(|edge| Some((edge, judge(&member.folder, edge).err()?)));
        findings.extend(
            complaints
                .map(|(edge, complaint)| Finding::error(&manifest, line_of(&text, &edge.to), complaint)),
        );
        if Place::of(&member.folder).is_none() {
            findings.push(Finding::error(
                &manifest,
                1,
                "has no layer: add it to LAYERS in crates/xtask/src/tidy/layers.rs",
            ));
        }
    }
    let list = fs::read_to_string(workspace.root.join(TASK_LIST)).unwrap_or_default();
    findings.extend(check_task_list(&workspace.members, &list));
    Ok(findings)
}

/// A task crate that nothing names is not linked, and its kinds silently do not exist.
fn check_task_list(members: &[Member], list: &str) -> Vec<Finding> {
    let crates = members.iter().filter(|member| member.folder.starts_with("tasks/"));
    let lines = crates.map(|member| format!("use {} as _;", member.name.replace('-', "_")));
    let absent = lines.filter(|line| !list.contains(line.as_str()));
    absent
        .map(|line| Finding::error(TASK_LIST, 1, format!("does not link all of tasks/: add `{line}`")))
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Layer(u8),
    Task,
    Dev,
}

impl Place {
    fn of(folder: &str) -> Option<Self> {
        if DEV.contains(&folder) {
            return Some(Self::Dev);
        }
        if folder.starts_with("tasks/") {
            return Some(Self::Task);
        }
        LAYERS.iter().find(|(_, folders)| folders.contains(&folder)).map(|(layer, _)| Self::Layer(*layer))
    }

    fn layer(self) -> u8 {
        match self {
            Self::Layer(layer) => layer,
            Self::Task => TASK_LAYER,
            Self::Dev => u8::MAX,
        }
    }
}

/// Whether the member in `from` may have this edge; if not, why and what to do.
fn judge(from: &str, edge: &Edge) -> Result<(), String> {
    let Some(to) = edge.folder.as_deref() else { return judge_outside(from, &edge.to) };
    let (Some(from_place), Some(to_place)) = (Place::of(from), Place::of(to)) else { return Ok(()) };
    if from_place == Place::Dev {
        return Ok(());
    }
    if to_place == Place::Dev {
        return match edge.kind {
            EdgeKind::Dev if DEV_LIBRARIES.contains(&to) => Ok(()),
            EdgeKind::Normal if DEV_LIBRARIES.contains(&to) => {
                Err(format!("{to} is for tests only: move it to [dev-dependencies]"))
            }
            _ => Err(format!("nothing depends on {to}: move what is needed into a library")),
        };
    }
    if from_place == Place::Task && !FOR_AUTHORS.contains(&to) {
        return Err(format!("a task crate uses crates/task and the libraries for authors, not {to}"));
    }
    if to_place.layer() < from_place.layer() {
        return Ok(());
    }
    let (from_layer, to_layer) = (from_place.layer(), to_place.layer());
    Err(format!(
        "{from} (layer {from_layer}) must not depend on {to} (layer {to_layer}): \
         an edge points to a strictly lower layer; pass a trait or a function in from above instead"
    ))
}

fn judge_outside(from: &str, to: &str) -> Result<(), String> {
    match ONLY_USER.iter().find(|(name, user)| *name == to && *user != from) {
        Some((name, user)) => Err(format!("{name} is used only by {user}: go through it")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
