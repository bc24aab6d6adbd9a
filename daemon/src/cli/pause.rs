//! `roundsman pause` and `roundsman resume`: a person's word that tasks shall not run for a while. It is a row in the
//! store, which every daemon obeys, also one that starts later; no run under way is touched.

use roundsman_model::{HumanDuration, Pause, RunState, Timestamp, time::delta};
use roundsman_store::{RunFilter, Store};
use serde_json::{Value, json};

use super::{
    failure::{Answer, Failure},
    instant,
    output::Output,
    plan::{self, KnownTask, Standing},
    prospect::{self, Prospect},
    session::Session,
    suggest, times,
    who::who,
};
use crate::control;

/// So many slots are looked at to find the next one that runs.
const LOOKED_AT: usize = 1000;

/// The arguments of `pause`.
#[derive(Debug, clap::Args)]
pub struct PauseArgs {
    /// The tasks
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All tasks
    #[arg(long)]
    all: bool,
    /// Until then: "2h", "18:00", "tomorrow 06:00", "2026-11-23"; without it, until somebody resumes them
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// Why, for those who ask `why`
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The arguments of `resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// The tasks
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All tasks that are paused
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn pause(args: PauseArgs, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let (now, by) = (session.now(), who());
    let mut wanted = Vec::new();
    for task in chosen(session, &args.names, args.all).await? {
        let until = args.until.as_deref().map(|text| until(text, &task, now, out)).transpose()?;
        wanted.push((task, Pause { from: now, until, by: by.clone(), reason: args.reason.clone() }));
    }
    let mut told = Vec::new();
    for (task, pause) in wanted {
        if !store.pause(task.name(), &pause).await? {
            return Err(Failure::Failed(unknown_to_daemons(&task)));
        }
        let active = active_runs(store.as_ref(), &task).await?;
        told.push(tell_paused(task, pause, &active, now, &args, out)?);
    }
    if args.json {
        out.json(&told)?;
    }
    control::hint(&session.loaded().settings.state_dir.value).await;
    Ok(())
}

pub(super) async fn resume(args: ResumeArgs, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let (now, by) = (session.now(), who());
    let mut tasks = chosen(session, &args.names, args.all).await?;
    if args.all {
        tasks.retain(|task| task.pause(now).is_some());
        if tasks.is_empty() && !args.json {
            out.line("No task is paused.")?;
        }
    }
    let mut told = Vec::new();
    for mut task in tasks {
        let was = task.pause(now).cloned();
        let resumed = store.resume(task.name(), &by, now).await?;
        if let Some(row) = task.row.as_mut().filter(|_| resumed) {
            row.pauses.retain(|pause| pause.until.is_some_and(|until| until <= now));
        }
        if !args.json {
            out.line(&resumed_words(&task, was.as_ref().filter(|_| resumed), now))?;
        }
        told.push(json!({ "task": task.name(), "resumed": resumed, "was": was }));
    }
    if args.json {
        out.json(&told)?;
    }
    control::hint(&session.loaded().settings.state_dir.value).await;
    Ok(())
}

/// The tasks of these names, or all; nothing is done to any before all are known.
async fn chosen(session: &Session, names: &[String], all: bool) -> Answer<Vec<KnownTask>> {
    let known = plan::known(session).await?;
    if all {
        let in_store = |task: &KnownTask| task.standing != Standing::Removed && task.row.is_some();
        return Ok(known.into_iter().filter(in_store).collect());
    }
    let mut names = names.to_vec();
    names.dedup();
    let tasks = names.iter().map(|name| plan::pick(known.clone(), name));
    let tasks = tasks.collect::<Answer<Vec<_>>>()?;
    match tasks.iter().find(|task| task.row.is_none() || task.standing == Standing::Removed) {
        Some(task) => Err(Failure::Failed(unknown_to_daemons(task))),
        None => Ok(tasks),
    }
}

fn unknown_to_daemons(task: &KnownTask) -> String {
    let name = task.name();
    match task.standing {
        Standing::Removed => format!("task {name} was removed from the configuration: it has no slots"),
        _ => format!(
            "no daemon has read task {name} yet, so there is nothing to pause or resume: start one, reload the one \
             that runs, or write `enabled = false` into its table"
        ),
    }
}

/// When a pause ends: a length of time, or an instant in the task's zone.
fn until(text: &str, task: &KnownTask, now: Timestamp, out: &mut Output) -> Answer<Timestamp> {
    let length = text.trim().parse::<HumanDuration>().ok();
    let ahead = length.and_then(|length| now.checked_add_signed(delta(length.get())));
    let zone = task.definition.timezone;
    let until = if let Some(at) = ahead {
        at
    } else {
        let meant = instant::read(text, zone, now).map_err(|error| Failure::Usage(error.to_string()))?;
        if let Some(note) = &meant.note {
            out.note(note);
        }
        meant.at
    };
    if until > now {
        return Ok(until);
    }
    Err(Failure::Usage(format!(
        "--until {text:?} is {}, {}: a pause ends in the future",
        times::full(until, zone),
        times::distance(until, now)
    )))
}

async fn active_runs(store: &dyn Store, task: &KnownTask) -> Answer<Vec<roundsman_model::RunId>> {
    let states = RunState::ALL.into_iter().filter(|state| state.is_active()).collect();
    let filter = RunFilter { task: Some(task.name().clone()), states, limit: 10, ..RunFilter::default() };
    Ok(store.runs(&filter).await?.into_iter().map(|run| run.id).collect())
}

fn tell_paused(
    mut task: KnownTask,
    pause: Pause,
    active: &[roundsman_model::RunId],
    now: Timestamp,
    args: &PauseArgs,
    out: &mut Output,
) -> Answer<Value> {
    let was = task.pause(now).cloned();
    if let Some(row) = &mut task.row {
        row.pauses.retain(|earlier| earlier.until.is_some_and(|until| until <= now));
        row.pauses.push(pause.clone());
    }
    let (skipped, next) = skipped_slots(&task, now);
    if !args.json {
        out.line(&paused_words(&task, &pause, was.as_ref(), (skipped, next), now))?;
        if !active.is_empty() {
            let ids: Vec<String> = active.iter().map(ToString::to_string).collect();
            let (run, verb) = if ids.len() == 1 { ("Run", "goes") } else { ("Runs", "go") };
            out.line(&format!(
                "  {run} {} {verb} on: `roundsman cancel {}` would end what is under way.",
                suggest::listed(&ids, "and"),
                ids.join(" ")
            ))?;
        }
    }
    Ok(
        json!({ "task": task.name(), "pause": pause, "was": was, "next_slot_that_runs": next, "active": active }),
    )
}

/// How many slots the pause takes, as far as can be counted, and the first after it that runs.
pub(super) fn skipped_slots(task: &KnownTask, now: Timestamp) -> (usize, Option<Timestamp>) {
    let mut skipped = 0;
    for slot in std::iter::successors(task.next_slot(now), |slot| task.next_slot(*slot)).take(LOOKED_AT) {
        match prospect::of_slot(task, slot) {
            Prospect::Skipped(..) => skipped += 1,
            Prospect::Runs | Prospect::RunsAt(..) => return (skipped, Some(slot)),
        }
    }
    (skipped, None)
}

fn paused_words(
    task: &KnownTask,
    pause: &Pause,
    was: Option<&Pause>,
    (skipped, next): (usize, Option<Timestamp>),
    now: Timestamp,
) -> String {
    let (name, zone) = (task.name(), task.definition.timezone);
    let again = was.map_or_else(String::new, |was| format!(" (it was {})", prospect::pause_words(was, zone)));
    let Some(until) = pause.until else {
        return format!(
            "Paused {name} until somebody resumes it with `roundsman resume {name}`; its slots are skipped.{again}"
        );
    };
    let until = times::with_distance(until, zone, now);
    let slots = match (skipped, next) {
        (_, None) if task.next_slot(now).is_none() => "it has no slots to come".to_owned(),
        (0, _) => "no slot falls into that time".to_owned(),
        (1, Some(next)) => format!("1 slot is skipped; the next that runs is {}", times::stamp(next, zone)),
        (count, Some(next)) => {
            format!("{count} slots are skipped; the next that runs is {}", times::stamp(next, zone))
        }
        (count, None) => format!("{count} slots and more are skipped"),
    };
    format!("Paused {name} until {until}; {slots}.{again}")
}

fn resumed_words(task: &KnownTask, was: Option<&Pause>, now: Timestamp) -> String {
    let (name, zone) = (task.name(), task.definition.timezone);
    let Some(was) = was else { return format!("{name} was not paused.") };
    let next = match skipped_slots(task, now).1 {
        Some(next) => format!("its next slot is {}", times::with_distance(next, zone, now)),
        None => "it has no slots to come".to_owned(),
    };
    format!("Resumed {name} (it was {}); {next}.", prospect::pause_words(was, zone))
}
