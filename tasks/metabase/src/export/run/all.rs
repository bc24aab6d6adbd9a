//! All units of a run, some at a time. One that fails stops no other, unless it concerns all of them.

use std::sync::{Mutex, PoisonError};

use futures::{StreamExt as _, stream};
use roundsman_task::TaskError;

use super::prepare::Prepared;
use crate::export::{
    failure::UnitFailure,
    ledger::DoneRow,
    manifest::{Entry, Fate},
    metrics,
    one::{Exporter, Good, Tried},
    unit::Unit,
};

/// What became of a unit.
pub(super) struct Ended {
    pub(super) entry: Entry,
    pub(super) failure: Option<UnitFailure>,
}

/// Why no further unit is begun, and how many failed in a row by the server's fault.
#[derive(Default)]
struct Course {
    in_a_row: u32,
    stopped: Option<UnitFailure>,
}

/// What became of all of them.
pub(super) struct All {
    pub(super) units: Vec<Ended>,
    /// What ended the run before its time.
    pub(super) stopped: Option<UnitFailure>,
}

/// Exports all units, in their order, as many at a time as may be under way.
pub(super) async fn export_all(run: &Prepared<'_>) -> Result<All, TaskError> {
    let course = Mutex::new(Course::default());
    let at_once = run.config.max_concurrent_exports.get() as usize;
    let ended = stream::iter(run.units.iter().enumerate())
        .map(|(at, unit)| one(run, at, unit, &course))
        .buffered(at_once.max(1));
    let ended: Vec<Result<Ended, TaskError>> = ended.collect().await;
    let units = ended.into_iter().collect::<Result<_, _>>()?;
    let course = course.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(All { units, stopped: course.stopped })
}

async fn one(run: &Prepared<'_>, at: usize, unit: &Unit, course: &Mutex<Course>) -> Result<Ended, TaskError> {
    if let Some(why) = stopped(course) {
        return Ok(failed(unit, UnitFailure::not_tried(format!("the run was given up: {why}")), 0));
    }
    if let Some(refused) = &unit.refused {
        run.board.over(&unit.name);
        return Ok(failed(unit, refused.clone(), 0));
    }
    let exporter = Exporter {
        cx: run.cx,
        config: run.config,
        server: run.server,
        root: &run.root,
        folder: &run.row.folder,
        board: &run.board,
    };
    let key = unit.key(&run.server.base_url(), run.config, &run.slot);
    if let Some(row) = run.done.get(&key)
        && exporter.is_there(row).await
    {
        run.board.over(&unit.name);
        return Ok(done(unit, Fate::SkippedDone, row));
    }
    let Tried { end, tries, begun } = exporter.export(at, unit, run.last.get(&unit.place())).await?;
    let lasted = (run.cx.now() - begun).to_std().unwrap_or_default();
    run.board.over(&unit.name);
    let ended = match end {
        Ok(Good { fate, row }) => {
            run.ledger.put_done(&run.slot, &key, &unit.place(), &row).await?;
            done(unit, fate, &row)
        }
        Err(failure) => failed(unit, failure, tries),
    };
    metrics::of_unit(run.cx, &ended.entry, lasted);
    note(run, unit, &ended, course);
    Ok(ended)
}

fn stopped(course: &Mutex<Course>) -> Option<String> {
    let course = course.lock().unwrap_or_else(PoisonError::into_inner);
    course.stopped.as_ref().map(ToString::to_string)
}

/// What the end of a unit means for those that follow.
fn note(run: &Prepared<'_>, unit: &Unit, ended: &Ended, course: &Mutex<Course>) {
    let mut course = course.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(failure) = &ended.failure else {
        tracing::info!("{}: {}", unit.title(), ended.entry.status.as_str());
        course.in_a_row = 0;
        return;
    };
    tracing::warn!("{}: {failure} ({})", unit.title(), failure.class.hint());
    // What is wrong with the unit alone says that the server answers.
    course.in_a_row = if failure.is_outage() { course.in_a_row + 1 } else { 0 };
    let most = run.config.abort_after_consecutive_failures.get();
    if failure.ends_run() || course.in_a_row >= most {
        course.stopped.get_or_insert_with(|| failure.clone());
    }
}

fn done(unit: &Unit, status: Fate, row: &DoneRow) -> Ended {
    let entry = Entry {
        path: Some(row.path.clone()),
        rows: Some(row.rows),
        columns: row.columns.clone(),
        bytes: Some(row.bytes),
        sha256: Some(row.sha256.clone()),
        content_sha256: (row.content_sha256 != row.sha256).then(|| row.content_sha256.clone()),
        attempts: row.attempts,
        duration_ms: row.duration_ms,
        verification: Some(row.verification.clone()),
        ..unit.entry(status)
    };
    Ended { entry, failure: None }
}

fn failed(unit: &Unit, failure: UnitFailure, tries: u32) -> Ended {
    let entry = Entry { error: Some(failure.told()), attempts: tries, ..unit.entry(Fate::Failed) };
    Ended { entry, failure: Some(failure) }
}
