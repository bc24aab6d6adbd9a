//! `roundsman show`: everything about one task: its definition and where it comes from, its slots, its runs.

mod definition;
mod sums;
#[cfg(test)]
mod tests;

use std::{fmt::Write as _, sync::Arc};

use roundsman_model::{Run, SlotRange, TaskName, Timestamp};
use roundsman_store::{CheckRow, RollUp, RunFilter, Store};
use serde_json::json;

use self::definition::Key;
use super::{
    checks,
    confirm::{self, Unconfirmed},
    failure::Answer,
    fields::Fields,
    look::{Look, Tone},
    next::{self, Columns, Coming},
    output::Output,
    plan::{self, KnownTask, Standing},
    prospect, runs,
    session::Session,
    suggest, times,
};

/// So many slots and runs are shown.
const SHOWN: u32 = 5;

/// The arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A task and what belongs to it.
pub(super) struct Told {
    pub(super) task: KnownTask,
    pub(super) keys: Vec<Key>,
    pub(super) next: Vec<Coming>,
    pub(super) runs: Vec<Run>,
    pub(super) unconfirmed: Unconfirmed,
    /// Whether the store could be asked for runs.
    pub(super) past_known: bool,
    pub(super) ledger: Vec<SlotRange>,
    /// Hours of runs that were summed up.
    pub(super) sums: Vec<RollUp>,
    /// What nodes found when they looked at it as it is now.
    pub(super) checks: Vec<CheckRow>,
    /// The tasks that follow it.
    pub(super) followers: Vec<TaskName>,
}

fn followers_of(all: &[KnownTask], task: &KnownTask) -> Vec<TaskName> {
    let follows = |other: &&KnownTask| {
        other.standing != Standing::Removed
            && other.definition.after.iter().any(|upstream| upstream.task == *task.name())
    };
    all.iter().filter(follows).map(|other| other.name().clone()).collect()
}

async fn checks_of(store: &Arc<dyn Store>, task: &KnownTask, now: Timestamp) -> Answer<Vec<CheckRow>> {
    let (mut rows, nodes) = (store.checks().await?, store.nodes(now).await?);
    rows.retain(|row| row.task == *task.name());
    let hash = |_: &TaskName| Some(task.definition.hash());
    Ok(checks::that_count(&rows, &nodes, hash).into_iter().cloned().collect())
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let all = plan::known(session).await?;
    let task = plan::pick(all.clone(), &args.name)?;
    let followers = followers_of(&all, &task);
    let now = session.now();
    let (runs, ledger, sums, checks) = match session.store_if_any().await {
        None => (Vec::new(), Vec::new(), Vec::new(), Vec::new()),
        Some(store) => {
            let filter = RunFilter { task: Some(task.name().clone()), limit: SHOWN, ..RunFilter::default() };
            let sums = store.roll_ups(task.name(), SHOWN).await?;
            let slots = store.slots(task.name(), None, SHOWN).await?;
            (store.runs(&filter).await?, slots, sums, checks_of(&store, &task, now).await?)
        }
    };
    let keys = definition::keys(&task, session.loaded());
    let unconfirmed = confirm::unconfirmed(session, &runs).await?;
    let past_known = session.note().is_none();
    let next = next::coming(&task, SHOWN as usize, now);
    let told = Told { task, keys, next, runs, unconfirmed, past_known, ledger, sums, checks, followers };
    if args.json {
        let stored = told.task.row.as_ref();
        out.json(&json!({
            "definition": told.task.definition,
            "hash": told.task.definition.hash(),
            "standing": told.task.standing,
            "reading": told.task.reading(),
            "origins": told.keys,
            "valid_from": stored.map(|row| row.valid_from),
            "first_seen": stored.and_then(|row| row.first_seen),
            "ledger_until": stored.and_then(|row| row.ledger_until),
            "pause": told.task.pause(now),
            "followers": told.followers,
            "removed_at": stored.and_then(|row| row.removed_at),
            "next": told.next,
            "runs": told.runs,
            "ledger": told.ledger,
            "hourly_sums": told.sums,
            "checks": checks::as_json(&told.checks.iter().collect::<Vec<_>>()),
        }))?;
    } else {
        out.text(&render(&told, now, out.look()))?;
    }
    if let Some(note) = plan::note(std::slice::from_ref(&told.task)) {
        out.note(&note);
    }
    Ok(())
}

/// The task as a page.
pub(super) fn render(told: &Told, now: Timestamp, look: Look) -> String {
    let task = &told.task;
    let about = task.definition.about.as_ref().map_or_else(String::new, |about| format!(": {about}"));
    let mut page = format!("{}{about}\n", look.strong(task.name().as_str()));
    page.push_str(&facts(told, now, look).render(look));
    let mut section = |head: &str, body: String| {
        let _ = write!(page, "\n{}\n{body}", look.strong(head));
    };
    if !told.keys.is_empty() {
        section("Definition", definition::render(&told.keys, look));
    }
    if !told.next.is_empty() {
        section("Next", next::render(&told.next, now, Columns { tasks: false, notes: true }, look));
    }
    if told.runs.is_empty() && told.past_known {
        section("Last runs", "  it has not run yet\n".to_owned());
    } else if !told.runs.is_empty() {
        section("Last runs", runs::render(&told.runs, &told.unconfirmed, task.definition.timezone, look));
    }
    if !told.checks.is_empty() {
        let rows: Vec<&CheckRow> = told.checks.iter().collect();
        section("Last check", checks::task_lines(&rows, now, look));
    }
    if !told.sums.is_empty() {
        section("Hours of repeated successes", sums::render(&told.sums, task.definition.timezone, look));
    }
    page
}

fn followers(names: &[TaskName]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(TaskName::as_str).collect();
    (!names.is_empty()).then(|| format!("by {}", suggest::listed(&names, "and")))
}

fn facts(told: &Told, now: Timestamp, look: Look) -> Fields {
    let task = &told.task;
    let definition = &task.definition;
    let zone = definition.timezone;
    let mut facts = Fields::new();
    facts.add("kind", definition.kind.as_str());
    facts.add(
        "runs",
        match (&definition.schedule, task.standing) {
            (Some(_), Standing::Removed) | (None, _) => task.reading(),
            (Some(schedule), _) => format!("{} ({schedule}, in {zone})", task.reading()),
        },
    );
    let stored = task.row.as_ref();
    let since = |at: Timestamp| times::with_distance(at, zone, now);
    if let Some(pause) = task.pause(now) {
        facts.add_toned("paused", prospect::pause_words(pause, zone), Tone::Warn, look);
    }
    if prospect::blackout(task, now).is_some() {
        let after = if prospect::catches_up(task) { "; its last slot runs afterwards" } else { "" };
        let words = format!("{}{after}", prospect::blackout_words(task, now));
        facts.add_toned("now", words, Tone::Warn, look);
    }
    facts.add_some("followed", followers(&told.followers));
    facts.add_some(
        "extra run",
        task.wake().map(|wake| {
            format!("{}, asked for by run {}", times::with_distance(wake.at, zone, now), wake.run)
        }),
    );
    facts.add_some("removed", stored.and_then(|row| row.removed_at).map(since));
    facts.add_some(
        "in force",
        stored
            .filter(|_| task.standing != Standing::New)
            .map(|row| format!("since {}", since(row.valid_from))),
    );
    facts.add_some("known", stored.and_then(|row| row.first_seen).map(|at| format!("since {}", since(at))));
    facts.add_some(
        "ledger",
        stored.and_then(|row| row.ledger_until).map(|at| format!("complete up to {}", since(at))),
    );
    facts
}
