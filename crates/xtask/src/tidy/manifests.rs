//! What members' Cargo.toml may say: shared lints, and dependencies named but described only at the root.
//! The direction of the edges is judged in `layers`.

use std::fs;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{finding::Finding, names};
use crate::workspace::Workspace;

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Checks the manifest of every member.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        let path = member.manifest();
        let text =
            fs::read_to_string(workspace.root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        findings.extend(check_manifest(&path, &text)?);
        let complaint = names::complain_about_crate(&member.name);
        findings.extend(complaint.map(|complaint| Finding::error(&path, line_of(&text, "name"), complaint)));
    }
    Ok(findings)
}

fn check_manifest(path: &str, text: &str) -> Result<Vec<Finding>> {
    let manifest: Table = text.parse().with_context(|| format!("cannot read {path}"))?;
    let mut findings = Vec::new();
    let inherits_lints =
        manifest.get("lints").and_then(|lints| lints.get("workspace")) == Some(&Value::Boolean(true));
    if !inherits_lints {
        findings.push(Finding::error(
            path,
            1,
            "does not share the lints: add `[lints]` with `workspace = true`",
        ));
    }
    for (name, dependency) in dependencies(&manifest) {
        if let Some(complaint) = complain(name, dependency) {
            findings.push(Finding::error(path, line_of(text, name), complaint));
        }
    }
    Ok(findings)
}

/// All dependencies, those for one platform included.
fn dependencies(manifest: &Table) -> Vec<(&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let holders = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    let tables =
        holders.flat_map(|holder| DEPENDENCY_TABLES.iter().filter_map(|name| holder.get(*name)?.as_table()));
    tables.flatten().collect()
}

fn complain(name: &str, dependency: &Value) -> Option<String> {
    if dependency.get("workspace") != Some(&Value::Boolean(true)) {
        return Some(format!(
            "write `{name}.workspace = true`, and the version in [workspace.dependencies] at the root"
        ));
    }
    let extra = ["features", "default-features"].into_iter().find(|key| dependency.get(*key).is_some())?;
    Some(format!(
        "write the {extra} of {name} in [workspace.dependencies] at the root, so that it is built once"
    ))
}

/// The line where this key stands; the first if it is not found.
pub(crate) fn line_of(text: &str, key: &str) -> usize {
    let begins = |line: &str| {
        let rest = line
            .trim_start()
            .strip_prefix(key)
            .or_else(|| line.trim_start().strip_prefix('"')?.strip_prefix(key));
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '=', '"']))
    };
    text.lines().position(begins).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests;
