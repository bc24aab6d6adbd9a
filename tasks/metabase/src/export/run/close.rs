//! The end of a run: the manifest, the link to the last good one, what is no longer kept, and what is said of it. No unit is
//! exported any more.

use std::{collections::BTreeSet, path::Path};

use roundsman_task::{Counts, Outcome, OutcomeStatus, TaskError};
use serde_json::{Value, json};

use super::{
    all::{All, Ended},
    prepare::Prepared,
};
use crate::{
    config::{FailRunIf, Unchanged},
    export::{
        failure::{Class, UnitFailure},
        folder::{LATEST, Limits, below, expired, latest, point_latest, remove},
        ledger::DoneRow,
        manifest::{Fate, Manifest, SCHEMA},
        names::MANIFEST,
    },
    server::FailureClass,
};

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Success,
    Partial,
    Failed,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// Ends the run.
pub(super) async fn close(mut run: Prepared<'_>, all: All) -> Result<Outcome, TaskError> {
    if let Some(wait) = all.stopped.clone().filter(is_wait) {
        // What is done is remembered: the attempt after the pause exports only the rest.
        return Err(wait.into_task());
    }
    let status = status(&all.units);
    let manifest = manifest(&run, &all.units, status);
    let bytes = manifest.to_bytes();
    run.cx.artifact(MANIFEST, "application/json", bytes).await?;
    if status == Status::Failed {
        return Err(failed(all));
    }
    if manifest.units.iter().any(|unit| is_in(unit.path.as_deref(), &run.row.folder)) {
        let folder = run.root.join(&run.row.folder);
        let written = manifest.write(&folder, run.writer(), run.config.mode());
        written.map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
        point(&run, status);
    }
    remember(&mut run, &manifest, status).await?;
    if status == Status::Success {
        clear(&run, &manifest).await?;
    }
    Ok(outcome(&run, all, &manifest, status))
}

/// Whether the run comes back later instead of failing.
fn is_wait(failure: &UnitFailure) -> bool {
    use FailureClass::{Busy, Cancelled, Throttled};
    matches!(failure.class, Class::Server(Busy | Cancelled | Throttled))
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
    Manifest {
        schema: SCHEMA,
        task: run.cx.task().to_string(),
        run_id: run.cx.run_id().0,
        slot: run.cx.slot(),
        base_url: run.server.base_url(),
        server_version: run.server_version.clone(),
        started_at: run.row.started_at,
        finished_at: run.cx.now(),
        status: status.as_str().to_owned(),
        units: units.iter().map(|unit| unit.entry.clone()).collect(),
    }
}

/// What the run ends with when nothing came of it.
fn failed(all: All) -> TaskError {
    let count = all.units.len();
    let failures: Vec<UnitFailure> = all.units.into_iter().filter_map(|unit| unit.failure).collect();
    let not_before = failures.iter().filter_map(|failure| failure.not_before).max();
    let may_go_well = failures.iter().any(|failure| !failure.is_permanent());
    let Some(first) = all.stopped.or_else(|| failures.into_iter().next()) else {
        return TaskError::permanent("there was nothing to export");
    };
    if first.ends_run() || count == 1 {
        return first.into_task();
    }
    let cause = format!("none of {count} files was exported; the first: {first} ({})", first.class.hint());
    if may_go_well { TaskError::Retry { cause, not_before } } else { TaskError::Permanent { cause } }
}

/// Lets the link point to this run, where it may. It is a convenience: that it cannot be made is told, and no failure.
fn point(run: &Prepared<'_>, status: Status) {
    let may = status == Status::Success || run.config.latest_on_partial;
    if !run.config.latest || !run.is_whole || !may {
        return;
    }
    if let Err(error) = point_latest(&run.root, &run.row.folder, run.cx.run_id()) {
        tracing::warn!("cannot let {} point to this run: {error}", run.root.join(LATEST).display());
    }
}

/// Whether a path below the output folder is in this folder of a run.
fn is_in(path: Option<&str>, folder: &str) -> bool {
    path.is_some_and(|path| Path::new(path).starts_with(folder))
}

async fn remember(run: &mut Prepared<'_>, manifest: &Manifest, status: Status) -> Result<(), TaskError> {
    let own = |path: &Option<String>| is_in(path.as_deref(), &run.row.folder);
    let bytes = manifest.units.iter().filter(|unit| own(&unit.path)).filter_map(|unit| unit.bytes).sum();
    let elsewhere = manifest.units.iter().filter_map(|unit| unit.path.as_deref());
    let elsewhere: BTreeSet<String> =
        elsewhere.filter_map(first_folder).filter(|folder| *folder != run.row.folder).collect();
    run.row.bytes = bytes;
    run.row.refers_to = elsewhere.into_iter().collect();
    run.row.status = Some(status.as_str().to_owned());
    run.ledger.put_run(&run.slot, &run.row).await
}

fn first_folder(path: &str) -> Option<String> {
    path.split_once('/').map(|(folder, _)| folder.to_owned())
}

/// Removes what is no longer kept: files that this run took the place of, and folders of old runs.
async fn clear(run: &Prepared<'_>, manifest: &Manifest) -> Result<(), TaskError> {
    let config = run.config;
    let runs = run.ledger.runs().await?;
    let pointed = latest(&run.root);
    if config.unchanged == Unchanged::Replace {
        for (unit, entry) in run.units.iter().zip(&manifest.units) {
            if let Some(last) = run.last.get(&unit.place()) {
                replace(
                    run,
                    entry.status,
                    entry.content_sha256.as_ref().or(entry.sha256.as_ref()),
                    last,
                    pointed.as_deref(),
                );
            }
        }
    }
    let mut kept: BTreeSet<String> = pointed.into_iter().chain([run.row.folder.clone()]).collect();
    let referred = runs.iter().filter(|(_, row)| kept.contains(&row.folder));
    let referred: Vec<String> = referred.flat_map(|(_, row)| row.refers_to.clone()).collect();
    kept.extend(referred);
    let limits =
        Limits { runs: config.keep_runs, days: config.keep_days, bytes: config.max_total_bytes.bytes() };
    for key in expired(&runs, &run.row.output_dir, &kept, limits, run.cx.now()) {
        let Some((_, row)) = runs.iter().find(|(own, _)| *own == key) else { continue };
        match remove(&run.root, &row.folder) {
            Ok(()) => run.ledger.forget(&key).await?,
            Err(error) => tracing::warn!("cannot remove {}: {error}", run.root.join(&row.folder).display()),
        }
    }
    Ok(())
}

/// Removes the file of last time where the new one is the same, unless the link leads to it.
fn replace(run: &Prepared<'_>, fate: Fate, content: Option<&String>, last: &DoneRow, pointed: Option<&str>) {
    let same = fate == Fate::Ok && content == Some(&last.content_sha256);
    let in_use = is_in(Some(&last.path), &run.row.folder) || is_in(Some(&last.path), pointed.unwrap_or("\0"));
    if let Some(path) = below(&run.root, &last.path).filter(|_| same && !in_use)
        && let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("cannot remove {}, which is the same as the new one: {error}", path.display());
    }
}

fn outcome(run: &Prepared<'_>, all: All, manifest: &Manifest, status: Status) -> Outcome {
    let of = |fate: Fate| manifest.units.iter().filter(|unit| unit.status == fate).count() as u64;
    let counts = Counts {
        processed: manifest.units.len() as u64,
        ok: of(Fate::Ok) + of(Fate::SkippedDone) + of(Fate::Unchanged),
        failed: of(Fate::Failed),
        skipped: of(Fate::SkippedDone),
        changed: of(Fate::Ok),
        unchanged: of(Fate::Unchanged),
        ..Counts::default()
    };
    let rows: u64 = manifest.units.iter().filter_map(|unit| unit.rows).sum();
    let All { units, stopped } = all;
    let failures: Vec<UnitFailure> = units.into_iter().filter_map(|unit| unit.failure).collect();
    let is_failure = counts_as_failure(run.config.fail_run_if, failures.len(), manifest.units.len());
    // What ended the run for good, such as a full disk, would end the next attempt too.
    let hopeless = stopped.is_some_and(|why| why.is_permanent());
    let again = is_failure && !hopeless && failures.iter().any(|failure| !failure.is_permanent());
    let mut summary = format!("{} of {} files, {rows} rows", counts.ok, counts.processed);
    if let Some(first) = failures.first() {
        summary = format!("{summary}; {} failed, the first: {first}", failures.len());
    }
    crate::export::metrics::of_run(run.cx, is_failure, rows);
    let status = if status == Status::Success { OutcomeStatus::Success } else { OutcomeStatus::Partial };
    let detail = detail(run, manifest, is_failure);
    Outcome { status, again, ..Outcome::success(summary) }.with_counts(counts).with_detail(detail)
}

/// Whether so many failures are one of the run.
fn counts_as_failure(rule: FailRunIf, failed: usize, of: usize) -> bool {
    match rule {
        _ if failed == 0 => false,
        FailRunIf::Any => true,
        FailRunIf::All => failed == of,
        FailRunIf::Percent(percent) => failed * 100 > usize::from(percent) * of,
    }
}

/// What a following task needs: where the files are, whole paths, with their hashes and columns.
fn detail(run: &Prepared<'_>, manifest: &Manifest, is_failure: bool) -> Value {
    let absolute = |path: &str| run.root.join(path).to_string_lossy().into_owned();
    let units = run.units.iter().zip(&manifest.units).map(|(unit, entry)| {
        let columns = entry.columns.as_ref().map(|titles| unit.columns(titles));
        let mut told = json!(entry);
        told["path"] = json!(entry.path.as_deref().map(absolute));
        told["columns"] = json!(columns);
        told
    });
    let units: Vec<Value> = units.collect();
    let folder = run.root.join(&run.row.folder);
    let manifest_path = folder.join(MANIFEST);
    json!({
        "output_dir": run.root,
        "folder": folder,
        "manifest": manifest_path.is_file().then_some(manifest_path),
        "base_url": manifest.base_url,
        "server_version": manifest.server_version,
        "status": manifest.status,
        "counts_as_failure": is_failure,
        "units": units,
    })
}
