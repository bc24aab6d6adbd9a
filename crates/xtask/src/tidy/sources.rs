//! What can be said of a source file without understanding it: its length and its first line.
//! It does not parse; that is `syntax`.

use std::path::Path;

use anyhow::{Context, Result};
use walkdir::{DirEntry, WalkDir};

use super::finding::Finding;

/// Over this, a file is worth a thought.
const MANY_LINES: usize = 400;
/// Over this, it is split.
const TOO_MANY_LINES: usize = 600;

/// All Rust files of the workspace, relative to the root, sorted.
pub(crate) fn all(root: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_ours) {
        let entry = entry.context("cannot list the sources")?;
        let path = entry.path().strip_prefix(root).expect("found below it");
        if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned());
        }
    }
    Ok(paths)
}

/// Not what cargo and git keep for themselves.
fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0 || !(name.starts_with('.') || (name == "target" && entry.file_type().is_dir()))
}

/// Checks length and head.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > TOO_MANY_LINES {
        findings.push(Finding::error(
            path,
            lines,
            format!("has {lines} lines: split it (limit {TOO_MANY_LINES})"),
        ));
    } else if lines > MANY_LINES {
        findings.push(Finding::warning(
            path,
            lines,
            format!("has {lines} lines: does it own more than one thing?"),
        ));
    }
    let first = text.lines().next().unwrap_or_default();
    if !first.starts_with("//!") && !first.starts_with("// @generated") {
        let advice =
            "begins without `//!`: say what this module owns, and one thing it deliberately does not do";
        findings.push(Finding::error(path, 1, advice));
    }
    findings
}

#[cfg(test)]
mod tests;
