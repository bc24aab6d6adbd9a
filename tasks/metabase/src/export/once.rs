//! An export on request: one item, straight into a folder. It leaves nothing behind but the files, and remembers nothing.

mod plan;
mod ready;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use futures::{StreamExt as _, stream};
use roundsman_task::{Counts, Outcome, TaskContext, TaskError};
use serde_json::{Value, json};

use super::{
    board::Board,
    expand::{Expanded, Expander},
    failure::UnitFailure,
    folder::words,
    metrics,
    one::{Exporter, Tried},
    unit::Unit,
};
use crate::{
    config::{Checked, Item},
    params::Days,
    server::Server,
};

/// Where files on request go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// The name of the file in it, if somebody chose one.
    pub file: Option<PathBuf>,
}

/// What came of a unit: the row for people and the object for programs.
struct Told {
    row: Value,
    object: Value,
    failure: Option<UnitFailure>,
}

/// Exports an item to a place.
pub async fn export(
    cx: &TaskContext,
    config: &Checked,
    item: Item,
    place: &Place,
) -> Result<Outcome, TaskError> {
    if cx.dry_run() && !config.dry_run_probe {
        return Ok(plan::unasked(config, &item, place));
    }
    let server = Server::open(cx, config).await?;
    let told = into(cx, config, &server, item, place).await;
    server.close().await;
    metrics::of_server(cx, &server);
    told
}

async fn into(
    cx: &TaskContext,
    config: &Checked,
    server: &Server,
    item: Item,
    place: &Place,
) -> Result<Outcome, TaskError> {
    server.wait_ready().await?;
    let limit = server.properties().await?.download_row_limit;
    let run = &words(cx, cx.now());
    let expander = Expander { config, server, run, days: Days::of(cx), download_row_limit: limit };
    let mut expanded = expander.units(&[item]).await?;
    if let (Some(file), [unit]) = (&place.file, expanded.units.as_mut_slice()) {
        file.clone_into(&mut unit.path);
    }
    let root: &Path = &place.folder;
    ready::look_what_is_there(config, root, &mut expanded.units);
    if cx.dry_run() {
        return Ok(plan::planned(config, root, &expanded));
    }
    let Expanded { units, notes } = expanded;
    if units.is_empty() {
        return Err(TaskError::permanent(noted("there was nothing to export".to_owned(), &notes)));
    }
    let made = ready::make_ready(cx, config, root, &units);
    let made = made.map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
    let board = &Board::new(cx, units.len(), None);
    let exporter = &Exporter { cx, config, server, root, folder: "", board };
    let at_once = config.max_concurrent_exports.get() as usize;
    let stopped = &OnceLock::new();
    let ended = stream::iter(units.iter().enumerate())
        .map(async |(at, unit)| (at, one(exporter, at, unit, stopped).await))
        .buffer_unordered(at_once);
    let mut ended: Vec<(usize, Result<Told, TaskError>)> = ended.collect().await;
    ended.sort_by_key(|(at, _)| *at);
    drop(made);
    outcome(ended.into_iter().map(|(_, told)| told).collect::<Result<_, _>>()?, &notes)
}

/// One unit, unless an earlier one met what every other would meet too.
async fn one(
    exporter: &Exporter<'_>,
    at: usize,
    unit: &Unit,
    stopped: &OnceLock<UnitFailure>,
) -> Result<Told, TaskError> {
    let end = match (&unit.refused, stopped.get()) {
        (Some(refused), _) => Err(refused.clone()),
        (None, Some(why)) => Err(UnitFailure::not_tried(format!("the run was given up: {why}"))),
        (None, None) => {
            let Tried { end, .. } = exporter.export(at, unit, None).await?;
            end
        }
    };
    exporter.board.over(&unit.name);
    Ok(match end {
        Ok(good) => {
            let path = exporter.root.join(&good.row.path);
            let path = path.to_string_lossy();
            let columns = good.row.columns.as_ref().map(|titles| unit.columns(titles));
            Told {
                row: json!([unit.card_id, unit.name, "ok", good.row.rows, good.row.bytes, path]),
                object: json!({
                    "card_id": unit.card_id, "name": unit.name, "status": "ok", "path": path, "rows": good.row.rows,
                    "bytes": good.row.bytes, "sha256": good.row.sha256, "columns": columns,
                    "format": unit.request.format.as_str(), "verification": good.row.verification,
                }),
                failure: None,
            }
        }
        Err(failure) => {
            tracing::warn!("{}: {failure} ({})", unit.title(), failure.class.hint());
            if failure.ends_run() {
                // Whoever was first tells why.
                let _ = stopped.set(failure.clone());
            }
            Told {
                row: json!([
                    unit.card_id,
                    unit.name,
                    failure.to_string(),
                    Value::Null,
                    Value::Null,
                    Value::Null
                ]),
                object: json!({ "card_id": unit.card_id, "name": unit.name, "status": "failed", "error": failure.told() }),
                failure: Some(failure),
            }
        }
    })
}

fn outcome(told: Vec<Told>, notes: &[String]) -> Result<Outcome, TaskError> {
    let (all, failed) = (told.len() as u64, told.iter().filter(|told| told.failure.is_some()).count() as u64);
    let counts =
        Counts { processed: all, ok: all - failed, failed, changed: all - failed, ..Counts::default() };
    let first = told.iter().find_map(|told| told.failure.clone());
    let rows: Vec<&Value> = told.iter().map(|told| &told.row).collect();
    let print = json!({ "columns": ["id", "name", "status", "rows", "bytes", "file"], "rows": rows });
    let detail: Vec<&Value> = told.iter().map(|told| &told.object).collect();
    let summary = noted(format!("{} of {all} files", all - failed), notes);
    let outcome = match first {
        Some(first) if failed == all => return Err(first.into_task()),
        Some(first) => Outcome::partial(format!("{summary}; the first that failed: {first}")),
        None => Outcome::success(summary),
    };
    Ok(Outcome { print, ..outcome.with_counts(counts).with_detail(detail) })
}

/// A summary with what else a person should know.
fn noted(summary: String, notes: &[String]) -> String {
    notes.iter().fold(summary, |summary, note| format!("{summary}; {note}"))
}
