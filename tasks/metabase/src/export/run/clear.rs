//! What a good run lets go: files that it took the place of, folders of old runs, and what is remembered of exports that
//! nobody configures any more. Only after a success, and only what the task made.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use roundsman_task::TaskError;

use super::prepare::Prepared;
use crate::{
    config::Unchanged,
    export::{
        folder::{Limits, below, expired, instant_of, is_in, latest, remove},
        ledger::{DoneRow, RunRow},
        manifest::{Entry, Fate, Manifest},
    },
};

/// So long is remembered what an export was that is configured no more, where runs are kept for any time.
const REMEMBERED_DAYS: u32 = 90;

/// Removes what is no longer kept.
pub(super) async fn clear(run: &Prepared<'_>, manifest: &Manifest) -> Result<(), TaskError> {
    let config = run.config;
    let mut runs = run.ledger.runs().await?;
    let pointed = latest(&run.root);
    if config.unchanged == Unchanged::Replace {
        for (unit, entry) in run.units.iter().zip(&manifest.units) {
            if let Some(last) = run.last.get(&unit.place()) {
                replace(run, entry, last, pointed.as_deref(), &runs);
            }
        }
    }
    let protected: BTreeSet<String> = pointed.into_iter().chain([run.row.folder.clone()]).collect();
    let limits =
        Limits { runs: config.keep_runs, days: config.keep_days, bytes: config.max_total_bytes.bytes() };
    for key in expired(&runs, &run.row.output_dir, &protected, limits, run.cx.now()) {
        let Some(at) = runs.iter().position(|(own, _)| *own == key) else { continue };
        let RunRow { folder, is_gone, .. } = &runs[at].1;
        // Who has the name of a folder that went is somebody else.
        match if *is_gone { Ok(true) } else { remove(&run.root, folder) } {
            Ok(true) => {
                run.ledger.forget(&key).await?;
                runs.remove(at);
            }
            Ok(false) => tracing::info!("{folder} stays: a run is at work in it"),
            Err(error) => tracing::warn!("cannot remove {}: {error}", run.root.join(folder).display()),
        }
    }
    forget(run, &runs).await
}

/// Removes the file of last time where the new one is the same, unless the link leads to it, it is of a newer slot, or
/// the manifest of another run names it.
fn replace(
    run: &Prepared<'_>,
    entry: &Entry,
    last: &DoneRow,
    pointed: Option<&str>,
    runs: &[(String, RunRow)],
) {
    let content = entry.content_sha256.as_ref().or(entry.sha256.as_ref());
    let is_same = entry.status == Fate::Ok && content == Some(&last.content_sha256);
    let is_within = |folder: &str| is_in(Some(&last.path), folder);
    let is_newer =
        runs.iter().any(|(key, row)| is_within(&row.folder) && instant_of(key) > instant_of(&run.slot));
    let is_named = runs
        .iter()
        .any(|(_, row)| row.folder != run.row.folder && row.refers_to.iter().any(|folder| is_within(folder)));
    let is_in_use = is_within(&run.row.folder) || pointed.is_some_and(is_within) || is_newer || is_named;
    if let Some(path) = below(&run.root, &last.path).filter(|_| is_same && !is_in_use)
        && let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("cannot remove {}, which is the same as the new one: {error}", path.display());
    }
}

/// Forgets what was last good at places that no item leads to any more, after as long as runs are kept. As long as there is
/// the run that made it, it may be compared with.
async fn forget(run: &Prepared<'_>, runs: &[(String, RunRow)]) -> Result<(), TaskError> {
    if !run.is_whole() {
        return Ok(());
    }
    let days = if run.config.keep_days > 0 { run.config.keep_days } else { REMEMBERED_DAYS };
    let places: BTreeSet<String> = run.units.iter().map(crate::export::unit::Unit::place).collect();
    for (place, last) in &run.last {
        let is_old = run.cx.now() - last.finished_at > TimeDelta::days(i64::from(days));
        let is_kept = || runs.iter().any(|(_, row)| is_in(Some(&last.path), &row.folder));
        if is_old && !places.contains(place) && !is_kept() {
            run.ledger.forget_last(place).await?;
        }
    }
    Ok(())
}
