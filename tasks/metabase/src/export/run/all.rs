//! All units of a run, some at a time. One that fails stops no other, unless it concerns all of them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use roundsman_task::TaskError;

use super::prepare::Prepared;
use crate::export::{
    failure::{Class, UnitFailure},
    ledger::{DoneRow, UnitRow},
    manifest::{Entry, Fate},
    metrics,
    one::{Good, Tried},
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

/// Exports all units, begun in their order, as many at a time as may be under way: a slow one keeps none of the others waiting.
pub(super) async fn export_all(run: &Prepared<'_>) -> Result<All, TaskError> {
    let course = Mutex::new(Course::default());
    let at_once = run.config.max_concurrent_exports.get() as usize;
    let ended = stream::iter(run.units.iter().enumerate())
        .map(async |(at, unit)| (at, one(run, at, unit, &course).await))
        .buffer_unordered(at_once.max(1));
    let mut ended: Vec<(usize, Result<Ended, TaskError>)> = ended.collect().await;
    ended.sort_by_key(|(at, _)| *at);
    let units = ended.into_iter().map(|(_, ended)| ended).collect::<Result<_, _>>()?;
    let course = course.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(All { units, stopped: course.stopped })
}

async fn one(run: &Prepared<'_>, at: usize, unit: &Unit, course: &Mutex<Course>) -> Result<Ended, TaskError> {
    let key = unit.key(&run.server.base_url(), run.config, &run.slot);
    if let Some(ended) = unasked(run, at, unit, &key, course).await {
        if !is_left_for_later(&ended, course) {
            over(run, unit, &ended, None);
        }
        return Ok(ended);
    }
    let Tried { end, tries, begun } = run.exporter().export(at, unit, run.last.get(&unit.place())).await?;
    let lasted = (run.cx.now() - begun).to_std().unwrap_or_default();
    let ended = match end {
        Ok(Good { fate, row }) => {
            let entry = described(unit, Fate::SkippedDone, &row);
            let row = UnitRow { done: row, entry, run: run.cx.run_id().0 };
            run.ledger.put_done(&run.slot, &key, &unit.place(), &row).await?;
            done(unit, fate, &row.done)
        }
        Err(failure) => failed(unit, failure, tries),
    };
    over(run, unit, &ended, Some(lasted));
    note(run, &ended, course);
    Ok(ended)
}

/// What becomes of a unit for which the server is not asked. It tells nothing of the server.
async fn unasked(
    run: &Prepared<'_>,
    at: usize,
    unit: &Unit,
    key: &str,
    course: &Mutex<Course>,
) -> Option<Ended> {
    if let Some(refused) = &unit.refused {
        return Some(failed(unit, refused.clone(), 0));
    }
    // What is done is done, also when the run was given up meanwhile.
    if let Some(row) = run.done.get(key)
        && run.exporter().is_there(&row.done).await
    {
        // It is part of what is expected in all.
        run.board.came(at, row.done.received, row.done.rows, &unit.name);
        return Some(done(unit, Fate::SkippedDone, &row.done));
    }
    let why = stopped(course)?;
    Some(failed(unit, UnitFailure::not_tried(format!("the run was given up: {why}")), 0))
}

fn stopped(course: &Mutex<Course>) -> Option<UnitFailure> {
    course.lock().unwrap_or_else(PoisonError::into_inner).stopped.clone()
}

/// Whether the next attempt, after a pause, takes it up: then nothing became of it yet.
fn is_left_for_later(ended: &Ended, course: &Mutex<Course>) -> bool {
    let is_not_tried = ended.failure.as_ref().is_some_and(|failure| failure.class == Class::NotTried);
    is_not_tried && stopped(course).is_some_and(|why| why.is_wait())
}

/// A unit is over: that is counted and told.
fn over(run: &Prepared<'_>, unit: &Unit, ended: &Ended, lasted: Option<Duration>) {
    run.board.over(&unit.name);
    metrics::of_unit(run.cx, &ended.entry, lasted);
    match &ended.failure {
        None => tracing::info!("{}: {}", unit.title(), ended.entry.status.as_str()),
        // Why the run was given up was told once.
        Some(failure) if failure.class == Class::NotTried => tracing::info!("{}: not tried", unit.title()),
        Some(failure) => tracing::warn!("{}: {failure} ({})", unit.title(), failure.class.hint()),
    }
}

/// What the end of a unit that was asked for means for those that follow.
fn note(run: &Prepared<'_>, ended: &Ended, course: &Mutex<Course>) {
    let mut course = course.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(failure) = &ended.failure else {
        course.in_a_row = 0;
        return;
    };
    // What is wrong with the unit alone says that the server answers.
    course.in_a_row = if failure.is_outage() { course.in_a_row + 1 } else { 0 };
    let most = run.config.abort_after_consecutive_failures.get();
    if course.stopped.is_some() {
        return;
    }
    if failure.ends_run() {
        tracing::warn!("no further file is begun: {failure}");
    } else if course.in_a_row >= most {
        let many = course.in_a_row;
        tracing::warn!("no further file is begun: {many} in a row failed (abort_after_consecutive_failures)");
    } else {
        return;
    }
    course.stopped = Some(failure.clone());
}

fn done(unit: &Unit, status: Fate, row: &DoneRow) -> Ended {
    Ended { entry: described(unit, status, row).of(row), failure: None }
}

/// What a manifest says of a unit besides what is remembered of its file.
fn described(unit: &Unit, status: Fate, row: &DoneRow) -> Entry {
    let types = row.columns.as_ref().map(|titles| unit.columns(titles));
    let types: Option<Vec<_>> =
        types.map(|columns| columns.into_iter().map(|column| column.column_type).collect());
    Entry { column_types: types.filter(|types| types.iter().any(Option::is_some)), ..unit.entry(status) }
}

fn failed(unit: &Unit, failure: UnitFailure, tries: u32) -> Ended {
    let entry = Entry { error: Some(failure.told()), attempts: tries, ..unit.entry(Fate::Failed) };
    Ended { entry, failure: Some(failure) }
}
