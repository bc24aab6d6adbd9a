//! `roundsman run`: everything that is known about one run. It prints no log.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use chrono_tz::Tz;
use roundsman_model::{Artifact, AttemptEnd, Origin, Run, RunId, Timestamp};
use roundsman_store::AttemptRow;
use serde_json::{Value, json};

use super::{
    artifacts, confirm,
    failure::Answer,
    fields::Fields,
    look::{Look, Tone, clean, state_tone, state_words},
    output::Output,
    plan,
    runs::what_for,
    session::{self, Session},
    table::{Cell, Table},
    times,
};

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
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let Some(run) = store.run(args.id).await? else {
        return Err(session::no_run(&store, args.id).await);
    };
    let tasks = plan::known(session).await?;
    let task = tasks.iter().find(|task| *task.name() == run.task);
    let told = Told {
        unconfirmed: !confirm::unconfirmed(session, [&run]).await?.is_empty(),
        zone: task.map_or(session.zone(), |task| task.definition.timezone),
        attempts: store.attempts(run.id).await?,
        artifacts: store.artifacts(run.id).await?,
        run,
    };
    if args.json {
        out.json(&as_json(&told))?;
    } else {
        out.text(&render(&told, session.now(), out.look()))?;
    }
    Ok(())
}

fn as_json(told: &Told) -> Value {
    let attempts: Vec<Value> = told.attempts.iter().map(attempt_json).collect();
    json!({
        "run": told.run,
        "unconfirmed": told.unconfirmed,
        "attempts": attempts,
        "artifacts": told.artifacts,
    })
}

fn attempt_json(attempt: &AttemptRow) -> Value {
    json!({
        "number": attempt.number,
        "node": attempt.holder.node,
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
        let _ = write!(page, "\n{}\n{}", look.strong("Attempts"), attempts(&told.attempts, told.zone, look));
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
    facts.add_some("slot", run.slot.map(|slot| times::full(slot, zone)));
    facts.add("asked by", asked_by(run, zone));
    if run.dry_run {
        facts.add("dry run", "yes: writes only became a plan");
    }
    facts.add("queued", times::with_distance(run.queued_at, zone, now));
    if run.state.is_active() && run.state != roundsman_model::RunState::Running {
        facts.add("due", times::with_distance(run.due_at, zone, now));
    }
    facts.add_some("started", run.started_at.map(|at| format!("{}{}", times::full(at, zone), lag(run, at))));
    facts.add_some(
        "ended",
        run.ended_at.map(|at| format!("{}{}", times::with_distance(at, zone, now), took(run, at))),
    );
    facts.add("definition", &run.definition);
    facts.add_some("cause", run.cause.as_deref());
    if let Some(outcome) = &run.outcome {
        facts.add("summary", &outcome.summary);
        let counts: Vec<String> =
            outcome.counts.named().into_iter().map(|(name, count)| format!("{count} {name}")).collect();
        facts.add_some("counts", (!counts.is_empty()).then(|| counts.join(", ")));
    }
    facts
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
        Origin::After => format!("the round {}", run.round.as_deref().unwrap_or_default()),
        Origin::Wake => "an earlier run that asked to be followed up".to_owned(),
        Origin::Manual | Origin::Trigger | Origin::Rerun => match (&run.requested_by, run.slot) {
            (Some(who), _) => who.clone(),
            (None, Some(_)) => "a person".to_owned(),
            (None, None) => what_for(run, zone),
        },
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

fn attempts(rows: &[AttemptRow], zone: Tz, look: Look) -> String {
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
            row.holder.node.as_str().into(),
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
