//! The end of a run: the manifest, what is remembered, and the link to the last good one. No unit is exported any more.

use std::collections::BTreeSet;

use roundsman_task::{Outcome, OutcomeStatus, TaskContext, TaskError};

use super::{
    all::{All, Ended},
    clear::clear,
    prepare::Prepared,
    told::{self, Told},
};
use crate::{
    config::FailRunIf,
    export::{
        failure::{Class, UnitFailure},
        folder::{LATEST, is_in, latest, newest, point_latest},
        ledger::RunRow,
        manifest::{Entry, Manifest},
        metrics,
        names::MANIFEST,
        unit::title,
    },
};

/// The most bytes of an artifact.
const LARGEST: usize = 16 << 20;

/// What a run is remembered as that came to no file at all.
const EMPTY: &str = "empty";

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Partial,
    Failed,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// Ends the run.
pub(super) async fn close(mut run: Prepared<'_>, all: All) -> Result<Outcome, TaskError> {
    if let Some(wait) = all.stopped.clone().filter(UnitFailure::is_wait) {
        // What is done is remembered: the attempt after the pause exports only the rest.
        return Err(wait.into_task());
    }
    let status = status(&all.units);
    let manifest = manifest(&run, &all.units, status);
    keep(run.cx, &manifest).await?;
    if status == Status::Failed {
        return Err(failed(all));
    }
    // Also where no file is new: what belongs to the run is found in its folder, and stays as long as that does.
    let written = manifest.write(&run.folder(), run.writer(), run.config.mode());
    written.map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
    remember(&mut run.row, &manifest.units, status);
    run.ledger.put_run(&run.slot, &run.row).await?;
    // A run that comes to no file at all takes the place of none.
    if !manifest.units.is_empty()
        && let Err(error) = leave(&run, &manifest, status).await
    {
        tracing::warn!("the run is done, but what it leaves behind could not be put in order: {error}");
    }
    Ok(outcome(&run, all, &manifest))
}

fn status(units: &[Ended]) -> Status {
    let failed = units.iter().filter(|unit| unit.failure.is_some()).count();
    match failed {
        0 => Status::Success,
        some if some < units.len() => Status::Partial,
        _ => Status::Failed,
    }
}

fn manifest(run: &Prepared<'_>, units: &[Ended], status: Status) -> Manifest {
    let server = (run.server.base_url(), run.server_version.clone());
    let entries = units.iter().map(|unit| unit.entry.clone()).collect();
    Manifest::of(run.cx, &run.row, server, status.as_str(), entries)
}

/// Keeps the manifest with the run, too. One that is too large for that is in the folder only.
pub(super) async fn keep(cx: &TaskContext, manifest: &Manifest) -> Result<(), TaskError> {
    let mut bytes = manifest.to_bytes();
    if bytes.len() > LARGEST {
        bytes = manifest.to_dense_bytes();
    }
    if bytes.len() > LARGEST {
        tracing::warn!("{MANIFEST} has {} MiB: it is not kept with the run", bytes.len() >> 20);
        return Ok(());
    }
    cx.artifact(MANIFEST, "application/json", bytes).await?;
    Ok(())
}

/// What the run ends with when nothing came of it.
fn failed(all: All) -> TaskError {
    let count = all.units.len();
    let told = first_failure(&all.units);
    let failures: Vec<UnitFailure> = all.units.into_iter().filter_map(|unit| unit.failure).collect();
    let not_before = failures.iter().filter_map(|failure| failure.not_before).max();
    let may_go_well = failures.iter().any(|failure| !failure.is_permanent());
    let Some(first) = all.stopped.or_else(|| failures.into_iter().next()) else {
        return TaskError::permanent("there was nothing to export");
    };
    if first.ends_run() || count == 1 {
        return first.into_task();
    }
    let told = told.map(|told| format!("; the first: {told}")).unwrap_or_default();
    let cause = format!("none of {count} files was exported{told}");
    if may_go_well { TaskError::Retry { cause, not_before } } else { TaskError::Permanent { cause } }
}

/// The first of the failures that says why, and whose it is.
fn first_failure(units: &[Ended]) -> Option<String> {
    let failures = units.iter().filter_map(|Ended { entry, failure }| Some((entry, failure.as_ref()?)));
    let (Entry { card_id, name, item, .. }, failure) =
        failures.min_by_key(|(_, failure)| failure.class == Class::NotTried)?;
    Some(format!("{}: {failure} ({})", title(*card_id, name, item), failure.class.hint()))
}

/// What is remembered of a run with these units.
pub(super) fn remember(row: &mut RunRow, units: &[Entry], status: Status) {
    let own = |path: &Option<String>| is_in(path.as_deref(), &row.folder);
    row.bytes = units.iter().filter(|unit| own(&unit.path)).filter_map(|unit| unit.bytes).sum();
    let folders = units.iter().filter_map(|unit| unit.path.as_deref()?.split_once('/'));
    let others: BTreeSet<&str> =
        folders.map(|(folder, _)| folder).filter(|folder| *folder != row.folder).collect();
    row.refers_to = others.into_iter().map(str::to_owned).collect();
    let status = if units.is_empty() { EMPTY } else { status.as_str() };
    row.status = Some(status.to_owned());
}

/// The link, and what is no longer kept.
async fn leave(run: &Prepared<'_>, manifest: &Manifest, status: Status) -> Result<(), TaskError> {
    point(run, status).await?;
    if status == Status::Success { clear(run, manifest).await } else { Ok(()) }
}

/// Lets the link point to this run, where it may, unless there is one for a newer slot. The link is a convenience: that it
/// cannot be made is told, and no failure.
async fn point(run: &Prepared<'_>, status: Status) -> Result<(), TaskError> {
    let may = status == Status::Success || run.config.latest_on_partial;
    if !run.config.latest || !run.is_whole() || !may {
        return Ok(());
    }
    let runs = run.ledger.runs().await?;
    let pointed = latest(&run.root);
    let Some(folder) = newest(&runs, &run.root, pointed.as_deref(), run.config.latest_on_partial) else {
        return Ok(());
    };
    if folder != run.row.folder {
        tracing::info!("{LATEST} leads to {folder}, which is of a newer slot");
    }
    if pointed.as_deref() != Some(folder)
        && let Err(error) = point_latest(&run.root, folder, run.cx.run_id())
    {
        tracing::warn!("cannot let {} point to {folder}: {error}", run.root.join(LATEST).display());
    }
    Ok(())
}

fn outcome(run: &Prepared<'_>, all: All, manifest: &Manifest) -> Outcome {
    let All { units, stopped } = all;
    let first = first_failure(&units);
    let failures: Vec<UnitFailure> = units.into_iter().filter_map(|unit| unit.failure).collect();
    let is_failure = counts_as_failure(run.config.fail_run_if, failures.len(), manifest.units.len());
    // What ended the run for good, such as a full disk, would end the next attempt too.
    let hopeless = stopped.is_some_and(|why| why.is_permanent());
    let again = is_failure && !hopeless && failures.iter().any(|failure| !failure.is_permanent());
    let (counts, rows) = (told::counts(&manifest.units), told::rows(&manifest.units));
    let mut summary = format!("{} of {} files, {rows} rows", counts.ok, counts.processed);
    if let Some(first) = first {
        summary = format!("{summary}; {} failed, the first: {first}", failures.len());
    }
    let summary = run.notes.iter().fold(summary, |summary, note| format!("{summary}; {note}"));
    metrics::of_run(run.cx, is_failure, rows);
    let status = if failures.is_empty() { OutcomeStatus::Success } else { OutcomeStatus::Partial };
    let told = Told {
        root: &run.root,
        folder: &run.row.folder,
        manifest,
        is_failure,
        notes: &run.notes,
        error: None,
    };
    Outcome { status, again, ..Outcome::success(summary) }.with_counts(counts).with_detail(told.detail())
}

/// Whether so many failures are one of the run.
pub(super) fn counts_as_failure(rule: FailRunIf, failed: usize, of: usize) -> bool {
    match rule {
        _ if failed == 0 => false,
        FailRunIf::Any => true,
        FailRunIf::All => failed == of,
        FailRunIf::Percent(percent) => failed * 100 > usize::from(percent) * of,
    }
}
