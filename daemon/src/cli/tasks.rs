//! `roundsman tasks`: one line for each task, when it runs next and how it ran last. It explains no schedule.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use roundsman_config::{Loaded, Origin};
use roundsman_model::{Run, TaskName, Timestamp};
use serde_json::{Value, json};

use super::{
    confirm::{self, Unconfirmed},
    failure::Answer,
    look::{Look, Tone},
    output::Output,
    pause,
    plan::{self, KnownTask, Standing},
    runs,
    session::Session,
    table::{Cell, Table},
    times,
};

/// The arguments of `tasks`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also list tasks that were removed from the configuration
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A task and its last run.
#[derive(Debug)]
pub(super) struct Row {
    /// The task.
    pub(super) task: KnownTask,
    /// Its newest run.
    pub(super) last: Option<Run>,
    /// Whether the store could be asked for it.
    pub(super) past_known: bool,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let mut tasks = plan::known(session).await?;
    tasks.retain(|task| args.all || task.standing != Standing::Removed);
    let note = plan::note(&tasks);
    let rows = with_last_runs(session, tasks).await?;
    let unconfirmed = confirm::unconfirmed(session, rows.iter().filter_map(|row| row.last.as_ref())).await?;
    let from = origins(session.loaded());
    if args.json {
        let row = |row: &Row| {
            let mut told = as_json(row, session.now());
            told["from"] = json!(from.get(row.task.name()).map(ToString::to_string));
            told
        };
        out.json(&rows.iter().map(row).collect::<Vec<_>>())?;
    } else {
        out.text(&render(&rows, &unconfirmed, &from, session.now(), out.look()))?;
    }
    if let Some(note) = note {
        out.note(&note);
    }
    Ok(())
}

/// Where tasks come from: file and line, the file of a kind, or nowhere if they are built in.
type Origins<'a> = BTreeMap<&'a TaskName, &'a Origin>;

fn origins(loaded: &Loaded) -> Origins<'_> {
    loaded.tasks.iter().filter_map(|task| Some((&task.name, loaded.origin(&task.name)?))).collect()
}

/// Adds to each task its newest run.
pub(super) async fn with_last_runs(session: &Session, tasks: Vec<KnownTask>) -> Answer<Vec<Row>> {
    let Some(store) = session.store_if_any().await else {
        let past_known = session.note().is_none();
        return Ok(tasks.into_iter().map(|task| Row { task, last: None, past_known }).collect());
    };
    let mut newest: BTreeMap<TaskName, Run> =
        store.last_runs().await?.into_iter().map(|run| (run.task.clone(), run)).collect();
    let row = |task: KnownTask| Row { last: newest.remove(task.name()), task, past_known: true };
    Ok(tasks.into_iter().map(row).collect())
}

/// The listing as a table.
fn render(rows: &[Row], unconfirmed: &Unconfirmed, from: &Origins<'_>, now: Timestamp, look: Look) -> String {
    if rows.is_empty() {
        return "No task is configured. `roundsman config init` prints a file to start from.\n".to_owned();
    }
    let zone = shared_zone(rows.iter().map(|row| row.task.definition.timezone));
    let next = zone.map_or_else(|| "NEXT".to_owned(), |zone| format!("NEXT ({zone})"));
    let mut table = Table::new()
        .column("TASK")
        .optional("KIND")
        .text("SCHEDULE")
        .column(next)
        .column("IN")
        .column("LAST RUN")
        .optional("TOOK")
        .optional("WHEN");
    // Where all come from the configuration there is nothing to tell.
    let tells_from = from.values().any(|origin| matches!(origin, Origin::Header(_)));
    if tells_from {
        table = table.optional("FROM");
    }
    for Row { task, last, past_known } in rows {
        let paused = task.pause(now).is_some();
        let slot = if paused { pause::skipped_slots(task, now).1 } else { task.next_slot(now) };
        let none = if paused { Cell::toned("paused", Tone::Warn) } else { Cell::default() };
        let [state, took, when] = match last {
            Some(run) => last_cells(run, unconfirmed, now),
            None => [
                Cell::toned(if *past_known { "never" } else { "" }, Tone::Dim),
                Cell::default(),
                Cell::default(),
            ],
        };
        let mut cells = vec![
            task.name().as_str().into(),
            task.definition.kind.as_str().into(),
            schedule(task, now),
            slot.map_or(none, |slot| next_slot(slot, task, zone)),
            slot.map_or_else(String::new, |slot| times::distance(slot, now)).trim_start_matches("in ").into(),
            state,
            took,
            when,
        ];
        if tells_from {
            let origin = from.get(task.name()).map(ToString::to_string);
            cells.push(Cell::toned(origin.unwrap_or_default(), Tone::Dim));
        }
        table.row(cells);
    }
    table.render(look)
}

/// The zone of all, where they have but one.
pub(super) fn shared_zone(zones: impl IntoIterator<Item = Tz>) -> Option<Tz> {
    let mut zones = zones.into_iter();
    let first = zones.next()?;
    zones.all(|zone| zone == first).then_some(first)
}

fn schedule(task: &KnownTask, now: Timestamp) -> Cell {
    match task.pause(now) {
        Some(_) => Cell::toned(format!("paused; {}", task.reading()), Tone::Warn),
        None => task.reading().into(),
    }
}

fn next_slot(slot: Timestamp, task: &KnownTask, shared_zone: Option<Tz>) -> Cell {
    match shared_zone {
        Some(zone) => times::stamp(slot, zone).into(),
        None => times::full(slot, task.definition.timezone).into(),
    }
}

/// State, duration and how long ago of a run.
fn last_cells(run: &Run, unconfirmed: &Unconfirmed, now: Timestamp) -> [Cell; 3] {
    let state = runs::state(run, unconfirmed);
    let took = run.started_at.map(|started| times::between(started, run.ended_at.unwrap_or(now)));
    let when = times::distance(run.ended_at.or(run.started_at).unwrap_or(run.queued_at), now);
    [state, took.unwrap_or_default().into(), when.into()]
}

/// What programs get to know of a task.
pub(super) fn as_json(row: &Row, now: Timestamp) -> Value {
    let task = &row.task;
    let stored = task.row.as_ref();
    json!({
        "name": task.name(),
        "kind": task.definition.kind,
        "about": task.definition.about,
        "enabled": task.definition.enabled,
        "standing": task.standing,
        "schedule": task.definition.schedule.as_ref().map(ToString::to_string),
        "reading": task.reading(),
        "timezone": task.definition.timezone,
        "next_slot": task.next_slot(now),
        "after": task.definition.after,
        "pause": task.pause(now),
        "wake": task.row.as_ref().and_then(|row| row.wake).map(|wake| json!({ "at": wake.at, "run": wake.run })),
        "first_seen": stored.and_then(|row| row.first_seen),
        "removed_at": stored.and_then(|row| row.removed_at),
        "last_run": row.last,
    })
}
