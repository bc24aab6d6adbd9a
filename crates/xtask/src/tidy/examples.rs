//! The files in config/: each is accepted by the program, as it stands and with every commented key switched on.
//! It knows no key itself.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::finding::Finding;
use crate::{docs::Roundsman, workspace::Workspace};

const FOLDER: &str = "config";

/// Lets the program read every example.
pub(crate) fn check(workspace: &Workspace, roundsman: &Roundsman) -> Result<Vec<Finding>> {
    let scratch = workspace.target.join("tidy");
    fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
    let mut findings = Vec::new();
    for file in toml_files(&workspace.root.join(FOLDER))? {
        let name = file.file_name().expect("found in a folder").to_string_lossy().into_owned();
        let path = format!("{FOLDER}/{name}");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?;
        if let Some(complaint) = refusal(roundsman, &scratch, &file)? {
            findings.push(Finding::error(&path, 1, format!("is refused:\n{complaint}")));
            continue;
        }
        let full = scratch.join(&name);
        fs::write(&full, switch_on(&text)).with_context(|| format!("cannot write {}", full.display()))?;
        if let Some(complaint) = refusal(roundsman, &scratch, &full)? {
            let text =
                format!("is refused with every commented key switched on ({}):\n{complaint}", full.display());
            findings.push(Finding::error(&path, 1, text));
        }
    }
    Ok(findings)
}

/// What `config check` says against this file.
fn refusal(roundsman: &Roundsman, state: &Path, file: &Path) -> Result<Option<String>> {
    let mut command = roundsman.command();
    command.args(["config", "check", "--config"]).arg(file).env("ROUNDSMAN_STATE_DIR", state.join("state"));
    let output = command.output().context("cannot start the roundsman just built")?;
    let said = [output.stdout, output.stderr].concat();
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned()))
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

/// Switches commented keys and tables on. Where a key is written twice as an alternative, the one that is on
/// already counts, else the first.
fn switch_on(text: &str) -> String {
    let lines: Vec<Line<'_>> = lines(text);
    let mut on: BTreeSet<&Place> =
        lines.iter().filter(|line| !line.commented).filter_map(|line| line.place.as_ref()).collect();
    let mut result = String::new();
    for line in &lines {
        let switched = line.commented && line.place.as_ref().is_some_and(|place| on.insert(place));
        result.push_str(if switched { line.content } else { line.written });
        result.push('\n');
    }
    result
}

/// A table, and a key in it unless it is the table's own header.
type Place = (String, Option<String>);

struct Line<'a> {
    written: &'a str,
    content: &'a str,
    commented: bool,
    place: Option<Place>,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut table = String::new();
    let read = |written| {
        let comment: Option<&str> =
            str::strip_prefix(written, "#").map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
        let content = comment.unwrap_or(written);
        let place = match statement(content) {
            Some(Statement::Table(name)) => {
                table.clone_from(&name);
                Some((name, None))
            }
            Some(Statement::Key(key)) => Some((table.clone(), Some(key))),
            None => None,
        };
        Line { written, content, commented: comment.is_some(), place }
    };
    text.lines().map(read).collect()
}

#[derive(Debug, PartialEq)]
enum Statement {
    Table(String),
    Key(String),
}

/// Reads one line as TOML; prose is not.
fn statement(line: &str) -> Option<Statement> {
    let parsed: Table = line.parse().ok()?;
    if line.trim_start().starts_with('[') {
        return Some(Statement::Table(line.split('#').next()?.trim().to_owned()));
    }
    let (key, value) = parsed.into_iter().next()?;
    Some(Statement::Key(dotted(key, &value, line)))
}

/// `a.b = 1` is the key `a.b`; `a = { b = 1 }` is the key `a`.
fn dotted(key: String, value: &Value, line: &str) -> String {
    let written = line.split('=').next().unwrap_or_default().trim();
    if value.is_table() && written.contains('.') { written.to_owned() } else { key }
}

#[cfg(test)]
mod tests;
