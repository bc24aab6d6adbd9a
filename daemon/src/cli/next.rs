//! `roundsman next`: when tasks run next, and what changes of the clocks do to them. It looks at no run under way.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use roundsman_model::{RunId, TaskName, Timestamp};
use serde::Serialize;

use super::{
    failure::Answer,
    look::{Look, Tone},
    output::Output,
    plan::{self, KnownTask, Standing},
    prospect::{self, Prospect},
    session::Session,
    table::{Cell, Table},
    tasks::shared_zone,
    times,
};

/// As far ahead changes of the clocks are explained.
const EXPLAINED_DAYS: i64 = 366;

/// The arguments of `next`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this task
    name: Option<String>,
    /// How many slots of each task [default: 5 with a name, else 1]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    n: Option<u32>,
    /// Explain the schedule, and what changes of the clocks do to it
    #[arg(long)]
    explain: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A slot to come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Coming {
    task: TaskName,
    timezone: chrono_tz::Tz,
    /// The instant the schedule names.
    pub(super) slot: Timestamp,
    /// When the run is queued: later than the slot by the task's jitter.
    due_at: Timestamp,
    /// What becomes of it as things stand.
    prospect: Prospect,
    /// The run that asked for it, where it is no slot but an extra run.
    wake: Option<RunId>,
    /// What a change of the clocks does to it.
    note: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let tasks = plan::known(session).await?;
    let tasks = match &args.name {
        Some(name) => vec![plan::pick(tasks, name)?],
        None => tasks.into_iter().filter(|task| task.standing != Standing::Removed).collect(),
    };
    let each = args.n.unwrap_or(if args.name.is_some() { 5 } else { 1 });
    let now = session.now();
    let mut slots: Vec<Coming> = tasks.iter().flat_map(|task| coming(task, each as usize, now)).collect();
    slots.sort_by(|a, b| a.slot.cmp(&b.slot).then_with(|| a.task.cmp(&b.task)));
    if args.json {
        out.json(&slots)?;
        return Ok(());
    }
    if args.explain {
        out.text(&tasks.iter().map(|task| explain(task, now, out.look())).collect::<String>())?;
    }
    let columns = Columns { tasks: args.name.is_none(), notes: args.explain };
    out.text(&render(&slots, now, columns, out.look()))?;
    if let (Some(name), true) = (&args.name, slots.is_empty()) {
        out.note(&format!("{name} has no slots to come: {}", tasks[0].reading()));
    }
    Ok(())
}

/// The next slots of a task, and the extra run among them that an earlier one asked for.
pub(super) fn coming(task: &KnownTask, count: usize, now: Timestamp) -> Vec<Coming> {
    let definition = &task.definition;
    let slots = std::iter::successors(task.next_slot(now), |slot| task.next_slot(*slot)).take(count);
    let mut coming: Vec<Coming> = slots
        .map(|slot| Coming {
            task: definition.name.clone(),
            timezone: definition.timezone,
            slot,
            due_at: slot + roundsman_model::time::delta(definition.jitter_offset()),
            prospect: prospect::of_slot(task, slot),
            wake: None,
            note: definition
                .schedule
                .as_ref()
                .and_then(|schedule| schedule.explain(slot, definition.timezone))
                .map(|explanation| explanation.to_string()),
        })
        .collect();
    if let Some(wake) = task.wake() {
        let prospect = prospect::of_slot(task, wake.at);
        let (task, timezone) = (definition.name.clone(), definition.timezone);
        let (slot, due_at) = (wake.at, wake.at);
        coming.push(Coming { task, timezone, slot, due_at, prospect, wake: Some(wake.run), note: None });
    }
    coming
}

/// What a table of slots shows beside the times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// Which task.
    pub(super) tasks: bool,
    /// What changes of the clocks do.
    pub(super) notes: bool,
}

/// The slots as a table.
pub(super) fn render(slots: &[Coming], now: Timestamp, columns: Columns, look: Look) -> String {
    if slots.is_empty() {
        return "Nothing is going to run by itself.\n".to_owned();
    }
    let zone = shared_zone(slots.iter().map(|slot| slot.timezone));
    let head = zone.map_or_else(|| "SLOT".to_owned(), |zone| format!("SLOT ({zone})"));
    let mut table = Table::new().column(head).column("IN").column("TASK").optional("STARTS").text("NOTE");
    for coming in slots {
        let stamp = if zone.is_none() { times::full } else { times::stamp };
        let starts = (coming.due_at != coming.slot)
            .then(|| times::beside(coming.due_at, coming.slot, coming.timezone));
        let note = note(coming, columns);
        table.row(vec![
            stamp(coming.slot, coming.timezone).into(),
            times::distance(coming.slot, now).trim_start_matches("in ").into(),
            if columns.tasks { coming.task.as_str() } else { "" }.into(),
            starts.unwrap_or_default().into(),
            note,
        ]);
    }
    table.render(look)
}

fn note(coming: &Coming, columns: Columns) -> Cell {
    let clocks = coming.note.clone().filter(|_| columns.notes);
    let wake = coming.wake.map(|run| format!("extra run asked for by run {run}"));
    let prospect = coming.prospect.note();
    let warns = prospect.is_some();
    let text = [prospect, wake, clocks].into_iter().flatten().collect::<Vec<_>>().join("; ");
    if warns { Cell::toned(text, Tone::Warn) } else { text.into() }
}

/// A schedule in words, and what the clocks will do to it within a year.
pub(super) fn explain(task: &KnownTask, now: Timestamp, look: Look) -> String {
    let definition = &task.definition;
    let Some(schedule) = &definition.schedule else {
        return format!("{}: {}\n\n", look.strong(definition.name.as_str()), task.reading());
    };
    let mut text = format!(
        "{}: {} ({schedule}, in {})\n",
        look.strong(definition.name.as_str()),
        task.reading(),
        definition.timezone
    );
    if !definition.jitter.get().is_zero() {
        let offset = times::length(definition.jitter_offset());
        let jitter = definition.jitter;
        let _ = writeln!(text, "  starts {offset} after each slot, its share of a jitter of {jitter}");
    }
    let until = now + chrono::TimeDelta::days(EXPLAINED_DAYS);
    let notes = schedule.notes(now, until, definition.timezone);
    for note in &notes {
        let _ = writeln!(text, "  {note}");
    }
    if notes.is_empty() {
        text.push_str("  no change of the clocks within a year touches it\n");
    }
    text.push('\n');
    text
}
