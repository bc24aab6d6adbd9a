//! Dry runs of exports on request: which files there would be, with which requests, and what could not be. Nothing is made.

use std::path::Path;

use roundsman_task::{Counts, Outcome};
use serde_json::{Value, json};

use super::{Place, noted, ready::target};
use crate::{
    config::{Checked, Item},
    export::{expand::Expanded, failure::UnitFailure, unit::Unit},
};

/// What the server was asked about.
pub(super) fn planned(config: &Checked, root: &Path, expanded: &Expanded) -> Outcome {
    let Expanded { units, notes } = expanded;
    let path = |unit: &Unit| target(config, root, unit).to_string_lossy().into_owned();
    let request = |unit: &Unit| format!("POST /{}", unit.request.path());
    let rows: Vec<Value> = units
        .iter()
        .map(|unit| match &unit.refused {
            None => json!([unit.card_id, unit.name, request(unit), path(unit), Value::Null]),
            Some(refused) => {
                let note = format!("it would fail: {refused} ({})", refused.class.hint());
                json!([unit.card_id, unit.name, Value::Null, Value::Null, note])
            }
        })
        .collect();
    let detail: Vec<Value> = units
        .iter()
        .map(|unit| {
            json!({
                "card_id": unit.card_id,
                "name": unit.name,
                "format": unit.request.format.as_str(),
                "path": path(unit),
                "request": request(unit),
                "parameters": unit.request.parameters,
                "refused": unit.refused.as_ref().map(UnitFailure::told),
            })
        })
        .collect();
    let (all, refused) =
        (units.len() as u64, units.iter().filter(|unit| unit.refused.is_some()).count() as u64);
    let counts = Counts { processed: all, planned: all - refused, failed: refused, ..Counts::default() };
    let print = json!({ "columns": ["id", "name", "request", "file", "note"], "rows": rows });
    let first = units.iter().find_map(|unit| unit.refused.as_ref());
    let refusal =
        first.map(|first| format!("; {refused} would fail, the first: {first}")).unwrap_or_default();
    let summary = noted(format!("would export {} of {all} files{refusal}", all - refused), notes);
    let outcome = Outcome::success(summary).with_counts(counts);
    Outcome { print, ..outcome.with_detail(detail) }
}

/// What was asked for, where a dry run asks nothing.
pub(super) fn unasked(config: &Checked, item: &Item, place: &Place) -> Outcome {
    let Place { folder, file } = place;
    let format = item.format.unwrap_or(config.format).as_str();
    let to = file.as_ref().map_or_else(|| folder.clone(), |file| folder.join(file));
    let summary = format!(
        "would export {} as {format} to {}; nothing was asked (dry_run_probe = false)",
        item.name,
        to.display()
    );
    let detail = json!({ "item": item.name, "format": format, "to": to, "asked_nothing": true });
    let counts = Counts { planned: 1, ..Counts::default() };
    let outcome = Outcome::success(summary.clone()).with_counts(counts).with_detail(detail);
    Outcome { print: summary.into(), ..outcome }
}
