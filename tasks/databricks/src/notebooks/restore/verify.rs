//! Whether what is in the workspace is what was saved. The vendor writes some of it anew: the first line of sources, line ends,
//! whatever surrounds the cells of a Jupyter notebook; all else must be equal.

use std::borrow::Cow;

use roundsman_http::HttpError;
use serde_json::Value;

use super::{super::names::is_marker, found, sources::Source};
use crate::api::{Workspace, workspace_files::Format};

/// How two compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// They are the same.
    Same,
    /// They are not.
    Differs,
}

/// Exports what is there and compares it.
pub(super) async fn compare(
    workspace: &Workspace,
    source: &Source,
    target: &str,
    saved: &[u8],
) -> Result<Comparison, HttpError> {
    let Some(exported) = found(workspace.files().export(target, &source.format).await)? else {
        return Ok(Comparison::Differs);
    };
    let same = is_same(&source.format, saved, &exported.bytes);
    Ok(if same { Comparison::Same } else { Comparison::Differs })
}

fn is_same(format: &Format, saved: &[u8], there: &[u8]) -> bool {
    saved == there
        || match format {
            Format::Source => source_of(saved) == source_of(there),
            Format::Jupyter => cells_of(saved).is_some_and(|cells| Some(cells) == cells_of(there)),
            _ => false,
        }
}

/// A source without its first line if that says only what it is, its lines ended in one way.
fn source_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = match text.split_once('\n') {
        Some((first, rest)) if is_marker(first) => rest,
        None if is_marker(text) => "",
        _ => text,
    };
    even(text).trim_end_matches('\n').to_owned()
}

fn even(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

/// What kind each cell of a Jupyter notebook is, and what is in it.
fn cells_of(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let notebook: Value = serde_json::from_slice(bytes).ok()?;
    let cell = |cell: &Value| {
        let text = match &cell["source"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let kind = cell["cell_type"].as_str().unwrap_or("code").to_owned();
        (kind, even(&text).trim_end_matches('\n').to_owned())
    };
    Some(notebook["cells"].as_array()?.iter().map(cell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_vendor_writes_anew_makes_no_difference() {
        let check = |format: Format, saved: &str, there: &str, same: bool| {
            assert_eq!(is_same(&format, saved.as_bytes(), there.as_bytes()), same, "{saved:?} {there:?}");
            assert_eq!(is_same(&format, there.as_bytes(), saved.as_bytes()), same, "{there:?} {saved:?}");
        };
        let marker = "# Databricks notebook source\n";
        check(Format::Source, "a = 1\n", &format!("{marker}a = 1"), true);
        check(Format::Source, "a = 1\r\nb\r\n", &format!("{marker}a = 1\nb"), true);
        check(Format::Source, "select 1", "-- Databricks notebook source\nselect 1", true);
        check(Format::Source, "val a = 1", "// Databricks notebook source\r\nval a = 1", true);
        check(Format::Source, "", marker.trim_end(), true);
        check(Format::Source, "a", "Databricks notebook source\na", false);
        check(Format::Source, "a", "# other\na", false);
        check(Format::Source, "a = 1\n\nb", "a = 1\nb", false);
        check(Format::Source, " a", "a", false);
        let notebook =
            |source: &str, id: u8| format!(r#"{{"cells":[{{"source":{source}}}],"metadata":{{"id":{id}}}}}"#);
        check(Format::Jupyter, &notebook(r#"["a\n","b"]"#, 1), &notebook(r#""a\r\nb\n""#, 2), true);
        check(Format::Jupyter, &notebook(r#""a""#, 1), &notebook(r#""b""#, 1), false);
        check(Format::Jupyter, "{}", "{ }", false);
        check(Format::Auto, "a\n", "a", false);
    }
}
