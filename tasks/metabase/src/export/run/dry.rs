//! A dry run: which files would be exported with which requests. Only reads are asked for, or nothing at all; neither a file
//! nor a folder is made, and nothing is remembered of exports. Where it has to log in, the session is shared as ever.

use roundsman_task::{Counts, Outcome, TaskContext, TaskError};
use serde_json::{Value, json};

use super::{
    Wish,
    prepare::{expanded, output_dir, row},
    wanted,
};
use crate::{
    config::{CardRef, Checked, What},
    export::{
        expand::Expanded,
        failure::UnitFailure,
        finish,
        ledger::Ledger,
        part::{free_space, look_for_space},
        unit::Unit,
    },
    server::Server,
};

/// The name of the plan.
const PLAN: &str = "plan.json";

/// What a run would do.
pub(super) async fn plan(cx: &TaskContext, config: &Checked, wish: &Wish) -> Result<Outcome, TaskError> {
    if !config.dry_run_probe {
        return unasked(cx, config).await;
    }
    let server = Server::open(cx, config).await?;
    let planned = asked(cx, config, &server, wish).await;
    server.close().await;
    planned
}

async fn asked(
    cx: &TaskContext,
    config: &Checked,
    server: &Server,
    wish: &Wish,
) -> Result<Outcome, TaskError> {
    let root = output_dir(config)?;
    let (_, row, _) = row(cx, &Ledger::new(cx), &root, wish).await?;
    server.wait_ready().await?;
    let properties = server.properties().await?;
    let user = server.current_user().await?;
    let Expanded { units, notes } =
        expanded(cx, config, server, &wanted(config, wish), row.started_at, properties.download_row_limit)
            .await?;
    let space = look_for_space(&root, config.min_free_bytes.bytes());
    space.map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
    let folder = root.join(&row.folder);
    let path = |unit: &Unit| folder.join(finish::named(&unit.path, config));
    let files: Vec<Value> = units.iter().map(|unit| file(unit, &path(unit).to_string_lossy())).collect();
    let refused = units.iter().filter(|unit| unit.refused.is_some()).count() as u64;
    let free = free_space(&root).unwrap_or_default();
    let plan = json!({
        "base_url": server.base_url(),
        "server_version": properties.tag,
        "user": user.common_name,
        "folder": folder,
        "free_bytes": free,
        "files": files,
        "notes": notes,
    });
    let rows: Vec<Value> = units.iter().map(|unit| shown(unit, &path(unit).to_string_lossy())).collect();
    let print = json!({ "columns": ["item", "question", "format", "file", "note"], "rows": rows });
    let counts = Counts {
        processed: units.len() as u64,
        planned: units.len() as u64 - refused,
        failed: refused,
        ..Counts::default()
    };
    done(cx, plan, print, counts).await
}

/// The plan as the configuration alone tells it.
async fn unasked(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let root = output_dir(config)?;
    let items: Vec<Value> = config.item.iter().map(|item| {
        let (what, of) = described(item.what());
        json!({ "item": item.name, "exports": what, "of": of, "format": item.format.unwrap_or(config.format).as_str() })
    }).collect();
    let plan =
        json!({ "base_url": config.base_url, "output_dir": root, "asked_nothing": true, "items": items });
    let planned = config.item.len() as u64;
    let counts = Counts { processed: planned, planned, ..Counts::default() };
    done(cx, plan, json!(items), counts).await
}

async fn done(cx: &TaskContext, plan: Value, print: Value, counts: Counts) -> Result<Outcome, TaskError> {
    let bytes = serde_json::to_vec_pretty(&plan).map_err(TaskError::permanent)?;
    cx.artifact(PLAN, "application/json", bytes).await?;
    let notes = plan["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let summary = format!("would export {} of {}", counts.planned, counts.processed);
    let summary = notes.fold(summary, |summary, note| format!("{summary}; {note}"));
    let outcome = Outcome::success(summary).with_counts(counts).with_detail(plan);
    Ok(Outcome { print, ..outcome })
}

fn file(unit: &Unit, path: &str) -> Value {
    json!({
        "item": unit.item,
        "card_id": unit.card_id,
        "name": unit.name,
        "format": unit.request.format.as_str(),
        "path": path,
        "request": format!("POST /{}", unit.request.path()),
        "parameters": unit.request.parameters,
        "refused": unit.refused.as_ref().map(UnitFailure::told),
    })
}

fn shown(unit: &Unit, path: &str) -> Value {
    let note = unit.refused.as_ref().map(ToString::to_string).unwrap_or_default();
    json!([unit.item, unit.name, unit.request.format.as_str(), path, note])
}

fn described(what: Option<What<'_>>) -> (&'static str, Value) {
    let one = |of: &CardRef| json!(of);
    match what {
        Some(What::Card(card)) => ("card", one(card)),
        Some(What::Cards(cards)) => ("cards", json!(cards)),
        Some(What::Dashboard(dashboard)) => ("dashboard", one(dashboard)),
        Some(What::Collection(collection)) => ("collection", one(collection)),
        Some(What::Sql(sql)) => ("sql", json!(sql.database)),
        None => ("nothing", Value::Null),
    }
}
