//! An export on request: one item, straight into a folder. It leaves nothing behind but the files, and remembers nothing.

use std::path::Path;

use futures::{StreamExt as _, stream};
use roundsman_task::{Counts, Outcome, TaskContext, TaskError};
use serde_json::{Value, json};

use super::{
    board::Board,
    expand::Expander,
    failure::UnitFailure,
    finish,
    folder::words,
    metrics,
    one::{Exporter, Tried},
    part::{look_for_space, make_folder},
    unit::Unit,
};
use crate::{
    config::{Checked, Item},
    params::Days,
    server::Server,
};

/// What came of a unit: the row for people and the object for programs.
struct Told {
    row: Value,
    object: Value,
    failure: Option<UnitFailure>,
}

/// Exports an item into a folder; to the file of this name, if one is given.
pub async fn export(
    cx: &TaskContext,
    config: &Checked,
    item: Item,
    root: &Path,
    name: Option<&Path>,
) -> Result<Outcome, TaskError> {
    let server = Server::open(cx, config).await?;
    let told = into(cx, config, &server, item, root, name).await;
    server.close().await;
    metrics::of_server(cx, &server);
    told
}

async fn into(
    cx: &TaskContext,
    config: &Checked,
    server: &Server,
    item: Item,
    root: &Path,
    name: Option<&Path>,
) -> Result<Outcome, TaskError> {
    server.wait_ready().await?;
    let limit = server.properties().await?.download_row_limit;
    let run = &words(cx, cx.now());
    let expander = Expander { config, server, run, days: Days::of(cx), download_row_limit: limit };
    let mut units = expander.units(&[item]).await?;
    if let (Some(name), [unit]) = (name, units.as_mut_slice()) {
        name.clone_into(&mut unit.path);
    }
    if cx.dry_run() {
        return Ok(planned(config, root, &units));
    }
    let ready = make_folder(root).and_then(|()| look_for_space(root, config.min_free_bytes.bytes()));
    ready.map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
    let board = &Board::new(cx, units.len(), None);
    let exporter = &Exporter { cx, config, server, root, folder: "", board };
    let at_once = config.max_concurrent_exports.get() as usize;
    let ended =
        stream::iter(units.iter().enumerate()).map(|(at, unit)| one(exporter, at, unit)).buffered(at_once);
    let ended: Vec<Result<Told, TaskError>> = ended.collect().await;
    outcome(ended.into_iter().collect::<Result<_, _>>()?)
}

async fn one(exporter: &Exporter<'_>, at: usize, unit: &Unit) -> Result<Told, TaskError> {
    let end = if let Some(refused) = &unit.refused {
        Err(refused.clone())
    } else {
        let Tried { end, .. } = exporter.export(at, unit, None).await?;
        end
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
        Err(failure) => Told {
            row: json!([unit.card_id, unit.name, failure.to_string(), Value::Null, Value::Null, Value::Null]),
            object: json!({ "card_id": unit.card_id, "name": unit.name, "status": "failed", "error": failure.told() }),
            failure: Some(failure),
        },
    })
}

fn outcome(told: Vec<Told>) -> Result<Outcome, TaskError> {
    let (all, failed) = (told.len() as u64, told.iter().filter(|told| told.failure.is_some()).count() as u64);
    let counts =
        Counts { processed: all, ok: all - failed, failed, changed: all - failed, ..Counts::default() };
    let first = told.iter().find_map(|told| told.failure.clone());
    let rows: Vec<&Value> = told.iter().map(|told| &told.row).collect();
    let print = json!({ "columns": ["id", "name", "status", "rows", "bytes", "file"], "rows": rows });
    let detail: Vec<&Value> = told.iter().map(|told| &told.object).collect();
    let summary = format!("{} of {all} files", all - failed);
    let outcome = match first {
        Some(first) if failed == all => return Err(first.into_task()),
        Some(first) => Outcome::partial(format!("{summary}; the first that failed: {first}")),
        None => Outcome::success(summary),
    };
    Ok(Outcome { print, ..outcome.with_counts(counts).with_detail(detail) })
}

fn planned(config: &Checked, root: &Path, units: &[Unit]) -> Outcome {
    let path = |unit: &Unit| root.join(finish::named(&unit.path, config)).to_string_lossy().into_owned();
    let rows: Vec<Value> = units
        .iter()
        .map(|unit| json!([unit.card_id, unit.name, format!("POST /{}", unit.request.path()), path(unit)]))
        .collect();
    let counts = Counts { processed: units.len() as u64, planned: units.len() as u64, ..Counts::default() };
    let print = json!({ "columns": ["id", "name", "request", "file"], "rows": rows });
    let outcome = Outcome::success(format!("would export {} files", units.len())).with_counts(counts);
    Outcome { print, ..outcome.with_detail(rows) }
}
