//! `roundsman run`: everything that is known about one run. It prints no log.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use chrono_tz::Tz;
use roundsman_engine::Progress;
use roundsman_model::{Artifact, AttemptEnd, NodeId, Origin, Run, RunId, RunState, Timestamp};
use roundsman_store::{AttemptRow, RunFilter, Store};
use serde_json::{Value, json};

use super::{
    artifacts, confirm, consent,
    failure::Answer,
    fields::Fields,
    held, how_far,
    look::{Look, Tone, clean, state_tone, state_words},
    output::Output,
    plan,
    runs::{round_words, summary, what_for},
    session::{self, Session},
    status::nodes,
    table::{Cell, Table},
    times,
};
use crate::control;

/// The most runs of a round that are shown.
const LARGEST_ROUND: u32 = 200;
/// Runs that are due and have not started, among which this one is looked for.
const LOOKED_THROUGH: u32 = 1000;

/// The arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's number
    #[arg(value_name = "ID", value_parser = session::run_id)]
    id: RunId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A run and what belongs to it.
pub(super) struct Told {
    pub(super) run: Run,
    pub(super) attempts: Vec<AttemptRow>,
    pub(super) artifacts: Vec<Artifact>,
    /// Whether it is said to run, and nobody vouches for that.
    pub(super) unconfirmed: bool,
    /// The zone of its task.
    pub(super) zone: Tz,
    /// What the nodes of its attempts are called.
    pub(super) nodes: BTreeMap<NodeId, String>,
    /// The runs of its round, first to last.
    pub(super) round: Vec<Run>,
    /// Why it has not started, if it is due.
    pub(super) held: Option<String>,
    /// Who confirmed it, and how, if it had to be.
    pub(super) confirmed: Option<String>,
    /// How far it is, if the daemon of this host has it under way and its kind tells.
    pub(super) progress: Option<Progress>,
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let Some(run) = store.run(args.id).await? else {
        return Err(session::no_run(&store, args.id).await);
    };
    let tasks = plan::known(session).await?;
    let task = tasks.iter().find(|task| *task.name() == run.task);
    let now = session.now();
    let nodes = store.nodes(now).await?;
    let zone = task.map_or(session.zone(), |task| task.definition.timezone);
    let told = Told {
        nodes: nodes.into_iter().map(|node| (node.entry.holder.node, node.entry.name)).collect(),
        round: round(&store, &run).await?,
        confirmed: consent::noted(&store, &run).await?,
        held: held_by(&store, &run, zone, nodes::Pulse::of(session)).await?,
        zone,
        progress: progress(session, &run).await,
        unconfirmed: !confirm::unconfirmed(session, [&run]).await?.is_empty(),
        attempts: store.attempts(run.id).await?,
        artifacts: store.artifacts(run.id).await?,
        run,
    };
    if args.json {
        out.json(&as_json(&told))?;
    } else {
        out.text(&render(&told, now, out.look()))?;
    }
    Ok(())
}

async fn progress(session: &Session, run: &Run) -> Option<Progress> {
    if run.state != RunState::Running {
        return None;
    }
    let here = control::status(&session.loaded().settings.state_dir.value).await.ok()?;
    here.progress.into_iter().find(|progress| progress.run == run.id)
}

/// The runs that share the round of a run, first to last.
async fn round(store: &Arc<dyn Store>, run: &Run) -> Answer<Vec<Run>> {
    let Some(round) = run.round.clone() else { return Ok(Vec::new()) };
    let filter = RunFilter { round: Some(round), limit: LARGEST_ROUND, ..RunFilter::default() };
    let mut runs = store.runs(&filter).await?;
    runs.reverse();
    Ok(runs)
}

async fn held_by(store: &Arc<dyn Store>, run: &Run, zone: Tz, pulse: nodes::Pulse) -> Answer<Option<String>> {
    if !run.state.is_active() || run.state == RunState::Running {
        return Ok(None);
    }
    let now = pulse.now;
    let waiting = held::by_living(store.waiting(LOOKED_THROUGH, now).await?, &store.nodes(now).await?, pulse);
    Ok(waiting.iter().find(|held| held.run.id == run.id).map(|held| held::words(held, zone, now)))
}

fn as_json(told: &Told) -> Value {
    let attempts: Vec<Value> =
        told.attempts.iter().map(|attempt| attempt_json(attempt, &told.nodes)).collect();
    let round: Vec<Value> =
        told.round.iter().map(|run| json!({ "run": run.id, "task": run.task, "state": run.state })).collect();
    json!({
        "run": told.run,
        "round": round,
        "held": told.held,
        "unconfirmed": told.unconfirmed,
        "confirmed": told.confirmed,
        "progress": told.progress,
        "attempts": attempts,
        "artifacts": told.artifacts,
    })
}

fn attempt_json(attempt: &AttemptRow, nodes: &BTreeMap<NodeId, String>) -> Value {
    json!({
        "number": attempt.number,
        "node": attempt.holder.node,
        "node_name": nodes.get(&attempt.holder.node),
        "boot": attempt.holder.boot,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "ended": attempt.end.as_ref().map(AttemptEnd::ended),
        "end": attempt.end,
        "late": attempt.late,
        "cpu_ms": attempt.cpu_ms,
        "max_rss": attempt.max_rss,
    })
}

/// The run as a page.
pub(super) fn render(told: &Told, now: Timestamp, look: Look) -> String {
    let run = &told.run;
    let state = if told.unconfirmed {
        look.paint(Tone::Bad, "unconfirmed (its node is silent)")
    } else {
        look.paint(state_tone(run.state), state_words(run.state))
    };
    let mut page = format!("{}: {state}\n", look.strong(&format!("Run {} of {}", run.id, run.task)));
    page.push_str(&facts(told, now).render(look));
    if !told.attempts.is_empty() {
        let _ = write!(page, "\n{}\n{}", look.strong("Attempts"), attempts(told, look));
    }
    if told.round.len() > 1 {
        let _ = write!(page, "\n{}\n{}", look.strong("Its round"), chain(told, look));
    }
    for (number, stderr) in crash_output(&told.attempts) {
        let _ = writeln!(page, "\n{}", look.strong(&format!("Standard error of attempt {number}, its end")));
        for line in stderr.lines() {
            let _ = writeln!(page, "  {}", clean(line));
        }
    }
    if !told.artifacts.is_empty() {
        let _ = write!(page, "\n{}\n{}", look.strong("Artifacts"), artifacts::render(&told.artifacts, look));
    }
    let detail = run.outcome.as_ref().map(|outcome| &outcome.detail).filter(|detail| !detail.is_null());
    if let Some(detail) = detail {
        let pretty = serde_json::to_string_pretty(detail).unwrap_or_default();
        let _ = writeln!(page, "\n{}\n{pretty}", look.strong("Detail"));
    }
    if !told.attempts.is_empty() {
        let _ = writeln!(page, "\nIts log: roundsman logs {}", run.id);
    }
    page
}

fn facts(told: &Told, now: Timestamp) -> Fields {
    let (run, zone) = (&told.run, told.zone);
    let mut facts = Fields::new();
    facts.add("kind", run.kind.as_str());
    facts.add_some("action", run.action.as_ref().map(|action| format!("{action} {}", params(&run.params))));
    let own_params = run.params.as_object().filter(|given| run.action.is_none() && !given.is_empty());
    facts.add_some("parameters", own_params.map(|_| params(&run.params)));
    facts.add_some("slot", run.slot.map(|slot| times::full(slot, zone)));
    facts.add("asked by", asked_by(run, zone));
    facts.add_some("confirmed", told.confirmed.as_deref());
    facts.add_some("repeats", run.rerun_of.map(|id| format!("run {id}")));
    facts.add_some("round", run.round.as_deref().map(|round| round_words(round, zone)));
    if run.dry_run {
        facts.add("dry run", "yes: writes only became a plan");
    }
    facts.add("queued", times::with_distance(run.queued_at, zone, now));
    if run.state.is_active() && run.state != RunState::Running {
        facts.add("due", times::with_distance(run.due_at, zone, now));
        facts.add_some("waits for", told.held.as_deref());
        let given_up = run.start_by.filter(|_| run.started_at.is_none());
        facts.add_some("given up", given_up.map(|at| times::with_distance(at, zone, now)));
    }
    facts.add_some("order", stop_words(run, zone));
    facts.add_some("started", run.started_at.map(|at| format!("{}{}", times::full(at, zone), lag(run, at))));
    facts.add_some("progress", told.progress.as_ref().map(|progress| how_far::words(progress, now)));
    facts.add_some(
        "ended",
        run.ended_at.map(|at| format!("{}{}", times::with_distance(at, zone, now), took(run, at))),
    );
    facts.add("definition", &run.definition);
    facts.add_some("cause", run.cause.as_deref().map(|cause| times::zoned(cause, zone)));
    if let Some(outcome) = &run.outcome {
        facts.add("summary", &outcome.summary);
        let counts: Vec<String> =
            outcome.counts.named().into_iter().map(|(name, count)| format!("{count} {name}")).collect();
        facts.add_some("counts", (!counts.is_empty()).then(|| counts.join(", ")));
    }
    facts
}

/// Who wants it to end, or ended it, and why.
fn stop_words(run: &Run, zone: Tz) -> Option<String> {
    let stop = run.stop.as_ref()?;
    let still = if run.state.is_active() { "; it has not ended yet" } else { "" };
    Some(format!("{stop}, at {}{still}", times::full(stop.at, zone)))
}

fn params(params: &Value) -> String {
    let pairs = params.as_object().into_iter().flatten();
    let pairs = pairs
        .map(|(key, value)| value.as_str().map_or(format!("{key}={value}"), |text| format!("{key}={text}")));
    pairs.collect::<Vec<_>>().join(" ")
}

fn asked_by(run: &Run, zone: Tz) -> String {
    match run.origin {
        Origin::Schedule => "its schedule".to_owned(),
        Origin::FirstStart => "the first start of a daemon that knows the task".to_owned(),
        Origin::After => "the tasks that it follows".to_owned(),
        Origin::Wake => "an earlier run that asked to be followed up".to_owned(),
        Origin::Manual | Origin::Trigger | Origin::Rerun => match (&run.requested_by, run.slot) {
            (Some(who), _) => format!("{who}, with {}", command(run.origin)),
            (None, Some(_)) => "a person".to_owned(),
            (None, None) => what_for(run, zone),
        },
    }
}

const fn command(origin: Origin) -> &'static str {
    match origin {
        Origin::Trigger => "trigger",
        Origin::Rerun => "rerun",
        _ => "run-task",
    }
}

fn lag(run: &Run, started: Timestamp) -> String {
    match run.slot.filter(|slot| *slot <= started) {
        Some(slot) => format!(", {} after its slot", times::between(slot, started)),
        None => String::new(),
    }
}

fn took(run: &Run, ended: Timestamp) -> String {
    run.started_at.map_or_else(String::new, |started| format!(", took {}", times::between(started, ended)))
}

fn attempts(told: &Told, look: Look) -> String {
    let (rows, zone) = (&told.attempts, told.zone);
    let mut table = Table::new()
        .number("NUMBER")
        .column(format!("STARTED ({zone})"))
        .number("TOOK")
        .column("END")
        .optional("NODE")
        .optional("CPU")
        .optional("MEMORY")
        .text("MESSAGE");
    for row in rows {
        let ended = row.end.as_ref().map_or("running", |end| end.ended().as_str());
        let late = if row.late { " (late: another attempt had taken over)" } else { "" };
        table.row(vec![
            row.number.to_string().into(),
            times::stamp(row.started_at, zone).into(),
            row.ended_at.map(|ended| times::between(row.started_at, ended)).unwrap_or_default().into(),
            Cell::toned(format!("{ended}{late}"), end_tone(row.end.as_ref())),
            told.nodes.get(&row.holder.node).map_or(row.holder.node.as_str(), String::as_str).into(),
            row.cpu_ms
                .map(|ms| times::length(std::time::Duration::from_millis(ms)))
                .unwrap_or_default()
                .into(),
            row.max_rss.map(times::bytes).unwrap_or_default().into(),
            row.end.as_ref().map(ToString::to_string).unwrap_or_default().into(),
        ]);
    }
    table.render(look)
}

fn chain(told: &Told, look: Look) -> String {
    let mut table = Table::new().number("RUN").column("TASK").column("STATE").number("TOOK").text("SUMMARY");
    for run in &told.round {
        let here = if run.id == told.run.id { " (this run)" } else { "" };
        let took = run.started_at.zip(run.ended_at).map(|(from, to)| times::between(from, to));
        table.row(vec![
            run.id.to_string().into(),
            format!("{}{here}", run.task).into(),
            Cell::toned(state_words(run.state), state_tone(run.state)),
            took.unwrap_or_default().into(),
            summary(run).into(),
        ]);
    }
    table.render(look)
}

fn end_tone(end: Option<&AttemptEnd>) -> Tone {
    use roundsman_model::Ended;
    match end.map(AttemptEnd::ended) {
        None => Tone::Busy,
        Some(Ended::Ok) => Tone::Good,
        Some(Ended::Partial | Ended::Cancelled | Ended::Interrupted | Ended::Snoozed) => Tone::Warn,
        Some(Ended::Error | Ended::Timeout | Ended::Crash | Ended::Lost) => Tone::Bad,
    }
}

fn crash_output(rows: &[AttemptRow]) -> impl Iterator<Item = (u32, &str)> {
    rows.iter().filter_map(|row| match &row.end {
        Some(AttemptEnd::Crashed { stderr, .. }) if !stderr.trim().is_empty() => {
            Some((row.number, stderr.as_str()))
        }
        _ => None,
    })
}
