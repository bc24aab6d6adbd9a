//! An attempt that ended with an error before it could tell of its files. What earlier attempts published is there
//! nevertheless, and told. It asks the server nothing.

use roundsman_task::{Outcome, TaskContext, TaskError};
use serde_json::json;

use super::{
    Wish,
    close::{Status, counts_as_failure, keep, remember},
    prepare::{counting, output_dir, row},
    told::{self, Told},
};
use crate::{
    config::{Checked, FailRunIf},
    export::{
        ledger::Ledger,
        manifest::{Entry, Fate, Manifest},
        metrics,
        one::is_there,
    },
};

/// What the run ends with: `partial` where files of it are there, else the error.
pub(super) async fn end(
    cx: &TaskContext,
    config: &Checked,
    wish: &Wish,
    error: TaskError,
) -> Result<Outcome, TaskError> {
    if matches!(error, TaskError::Snooze { .. } | TaskError::Cancelled | TaskError::Interrupted) {
        return Err(error);
    }
    match published(cx, config, wish, &error).await {
        Ok(Some(outcome)) => return Ok(outcome),
        Ok(None) => {}
        Err(unknown) => tracing::warn!("cannot look for what was published before: {unknown}"),
    }
    metrics::of_failed_run(cx);
    Err(error)
}

async fn published(
    cx: &TaskContext,
    config: &Checked,
    wish: &Wish,
    error: &TaskError,
) -> Result<Option<Outcome>, TaskError> {
    let Ok(root) = output_dir(config) else { return Ok(None) };
    let ledger = Ledger::new(cx);
    let (slot, mut row, is_new) = row(cx, &ledger, &root, wish).await?;
    if is_new {
        return Ok(None);
    }
    let mut there = Vec::new();
    for unit in counting(ledger.done(&slot).await?, cx, wish).into_values() {
        if is_there(cx, &root, &unit.done).await {
            there.push(Entry { status: Fate::SkippedDone, ..unit.told() });
        }
    }
    if there.is_empty() {
        return Ok(None);
    }
    let written = Manifest::read(&root.join(&row.folder));
    if row.status.is_none() {
        remember(&mut row, &there, Status::Partial);
        ledger.put_run(&slot, &row).await?;
    }
    let base_url = || config.base_url.trim_end_matches('/').to_owned();
    let server = (
        written.as_ref().map_or_else(base_url, |written| written.base_url.clone()),
        written.as_ref().and_then(|written| written.server_version.clone()),
    );
    let units = with_failures(there, written.map(|written| written.units).unwrap_or_default());
    let manifest = Manifest::of(cx, &row, server, Status::Partial.as_str(), units);
    keep(cx, &manifest).await?;
    Ok(Some(outcome(cx, config, &manifest, (&root, &row.folder, row.units), error)))
}

/// Those that are there, in the order of the manifest that was written last, and those that it knows to have failed.
fn with_failures(mut there: Vec<Entry>, written: Vec<Entry>) -> Vec<Entry> {
    let at =
        |entry: &Entry| written.iter().position(|other| other.is_of_the_same(entry)).unwrap_or(usize::MAX);
    there.sort_by_key(|entry| (at(entry), entry.path.clone()));
    let is_missing = |failed: &Entry| !there.iter().any(|entry| entry.is_of_the_same(failed));
    let missing: Vec<_> =
        written.iter().filter(|entry| entry.status == Fate::Failed && is_missing(entry)).cloned().collect();
    there.into_iter().chain(missing).collect()
}

fn outcome(
    cx: &TaskContext,
    config: &Checked,
    manifest: &Manifest,
    (root, folder, all): (&std::path::Path, &str, u64),
    error: &TaskError,
) -> Outcome {
    let (mut counts, rows) = (told::counts(&manifest.units), told::rows(&manifest.units));
    // Some may never have been tried.
    counts.processed = counts.processed.max(all);
    counts.failed = counts.processed - counts.ok;
    // The run did not end as it should, even where no file is known to be missing.
    let is_failure = config.fail_run_if == FailRunIf::Any
        || counts_as_failure(config.fail_run_if, counts.failed as usize, counts.processed as usize);
    let may_go_well = matches!(error, TaskError::Retry { .. });
    metrics::of_run(cx, is_failure, rows);
    let summary = format!(
        "{} of {} files, {rows} rows, all from before; this attempt ended early: {error}",
        counts.ok, counts.processed
    );
    let told = json!({ "message": error.to_string(), "permanent": !may_go_well });
    let detail = Told { root, folder, manifest, is_failure, notes: &[], error: Some(told) }.detail();
    let outcome = Outcome { again: is_failure && may_go_well, ..Outcome::partial(summary) };
    outcome.with_counts(counts).with_detail(detail)
}
