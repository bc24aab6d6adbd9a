//! `roundsman runs`: what ran, newest first, a page at a time. It shows no attempts and no logs.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use roundsman_model::{Origin, Run, RunId, RunState, TaskName, Timestamp, after};
use roundsman_store::RunFilter;

use super::{
    confirm::{self, Unconfirmed},
    failure::{Answer, Failure},
    instant,
    look::{Look, Tone, state_tone, state_words},
    output::Output,
    plan::{self, KnownTask},
    session::{self, Session},
    suggest,
    table::{Cell, Table},
    times,
};

/// The arguments of `runs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only of this task
    name: Option<String>,
    /// Only in this state; `active` and `ended` name several; can be given several times
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',', value_parser = states)]
    states: Vec<States>,
    /// Only queued since then: "2h", "7d", "yesterday", "2026-11-21 02:00"
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// At most so many
    #[arg(short, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    n: u32,
    /// Only of this round, first to last: the number of one of its runs, or "slot:TIME"
    #[arg(long, value_name = "ROUND", conflicts_with_all = ["name", "states", "since", "before"])]
    round: Option<String>,
    /// Only runs with smaller numbers: the next page
    #[arg(long, value_name = "RUN", value_parser = session::run_id)]
    before: Option<RunId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One state, or a group of them.
#[derive(Debug, Clone)]
struct States(Vec<RunState>);

fn states(word: &str) -> Result<States, String> {
    let group =
        |wanted: fn(RunState) -> bool| RunState::ALL.into_iter().filter(|state| wanted(*state)).collect();
    match word {
        "active" => Ok(States(group(RunState::is_active))),
        "ended" => Ok(States(group(|state| !state.is_active()))),
        word => {
            RunState::from_word(&word.replace('-', "_")).map(|state| States(vec![state])).ok_or_else(|| {
                let words = RunState::ALL.map(RunState::as_str).into_iter().chain(["active", "ended"]);
                let near = suggest::names(word, words.clone());
                let all = suggest::listed(&words.collect::<Vec<_>>(), "and");
                format!(
                    "no run is ever in that state{}",
                    suggest::did_you_mean(&near, &format!("the states are {all}"))
                )
            })
        }
    }
}

pub(super) async fn run(args: Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    if let Some(round) = &args.round {
        return round_of(round, &args, session, out).await;
    }
    let filter = filter(&args, session).await?;
    // One more than asked for, to know whether there are more.
    let mut runs = store.runs(&RunFilter { limit: args.n + 1, ..filter.clone() }).await?;
    let more = runs.len() > args.n as usize;
    runs.truncate(args.n as usize);
    if args.json {
        out.json(&runs)?;
    } else if runs.is_empty() {
        let narrowed = filter != RunFilter { limit: filter.limit, ..RunFilter::default() };
        out.line(if narrowed { "No run matches." } else { "Nothing has run yet." })?;
    } else {
        let unconfirmed = confirm::unconfirmed(session, &runs).await?;
        out.text(&render(&runs, &unconfirmed, session.zone(), out.look()))?;
    }
    if let (true, Some(last)) = (more, runs.last()) {
        out.note(&format!("there are older ones: add `--before {}`", last.id));
    }
    Ok(())
}

/// Lists a round: what follows is set in below what it follows.
async fn round_of(text: &str, args: &Args, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let round = match session::run_id(text) {
        Ok(id) => {
            let Some(run) = store.run(id).await? else { return Err(session::no_run(&store, id).await) };
            run.round.ok_or_else(|| {
                Failure::Failed(format!("run {id} of {} belongs to no round: nothing follows it", run.task))
            })?
        }
        Err(_) => text.to_owned(),
    };
    let filter = RunFilter { round: Some(round.clone()), limit: args.n, ..RunFilter::default() };
    let mut runs = store.runs(&filter).await?;
    runs.reverse();
    if args.json {
        return Ok(out.json(&runs)?);
    }
    if runs.is_empty() {
        return Ok(out.line(&format!("There is no run of the round {round:?}."))?);
    }
    let unconfirmed = confirm::unconfirmed(session, &runs).await?;
    let tasks = plan::known(session).await?;
    let depths: BTreeMap<RunId, usize> =
        runs.iter().map(|run| (run.id, depth(&tasks, &runs, &run.task, runs.len()))).collect();
    let indented = |run: &Run| depths.get(&run.id).copied().unwrap_or_default();
    out.line(&out.look().strong(&format!("Round {}", round_words(&round, session.zone()))))?;
    Ok(out.text(&table(&runs, &unconfirmed, session.zone(), out.look(), indented))?)
}

/// How many runs of the round come before a task's. `left` ends chains that definitions of different times close to rings.
fn depth(tasks: &[KnownTask], runs: &[Run], task: &TaskName, left: usize) -> usize {
    let Some(known) = tasks.iter().find(|known| known.name() == task).filter(|_| left > 0) else { return 0 };
    let upstreams =
        known.definition.after.iter().filter(|upstream| runs.iter().any(|run| run.task == upstream.task));
    upstreams.map(|upstream| 1 + depth(tasks, runs, &upstream.task, left - 1)).max().unwrap_or(0)
}

/// A round in words: the slot or the run it began with.
pub(super) fn round_words(round: &str, zone: Tz) -> String {
    match (after::slot_of_round(round), round.strip_prefix("run:")) {
        (Some(slot), _) => format!("of slot {}", times::full(slot, zone)),
        (None, Some(run)) => format!("of run {run}"),
        (None, None) => round.to_owned(),
    }
}

async fn filter(args: &Args, session: &Session) -> Answer<RunFilter> {
    let task = match &args.name {
        Some(name) => Some(plan::one(session, name).await?.name().clone()),
        None => None,
    };
    let since = args.since.as_deref().map(|text| since(text, session.zone(), session.now())).transpose()?;
    let states = args.states.iter().flat_map(|states| states.0.clone()).collect();
    Ok(RunFilter { task, states, round: None, since, before: args.before, limit: args.n })
}

/// An instant, or a length of time that reaches back to one.
fn since(text: &str, zone: Tz, now: Timestamp) -> Answer<Timestamp> {
    let back = text.parse::<roundsman_model::HumanDuration>().ok();
    let reached = back.and_then(|back| now.checked_sub_signed(roundsman_model::time::delta(back.get())));
    match reached {
        Some(at) => Ok(at),
        None => instant::parse(text, now, zone).map_err(Failure::Usage),
    }
}

/// The runs as a table, times in one zone.
pub(super) fn render(runs: &[Run], unconfirmed: &Unconfirmed, zone: Tz, look: Look) -> String {
    table(runs, unconfirmed, zone, look, |_| 0)
}

fn table(
    runs: &[Run],
    unconfirmed: &Unconfirmed,
    zone: Tz,
    look: Look,
    indented: impl Fn(&Run) -> usize,
) -> String {
    let mut table = Table::new()
        .number("RUN")
        .column("TASK")
        .column("STATE")
        .optional("FOR")
        .column(format!("STARTED ({zone})"))
        .number("TOOK")
        .number("ATTEMPTS")
        .text("SUMMARY");
    for run in runs {
        let took = run.started_at.zip(run.ended_at).map(|(started, ended)| times::between(started, ended));
        table.row(vec![
            run.id.to_string().into(),
            task_cell(run, indented(run)),
            state(run, unconfirmed),
            what_for(run, zone).into(),
            started(run, zone),
            took.unwrap_or_default().into(),
            if run.attempt > 1 { run.attempt.to_string().into() } else { "".into() },
            summary(run).into(),
        ]);
    }
    table.render(look)
}

/// The state of a run; one that is said to run, but that nobody vouches for, is not shown as running.
pub(super) fn state(run: &Run, unconfirmed: &Unconfirmed) -> Cell {
    if unconfirmed.contains(&run.id) {
        return Cell::toned("unconfirmed", Tone::Bad);
    }
    Cell::toned(state_words(run.state), state_tone(run.state))
}

fn task_cell(run: &Run, depth: usize) -> Cell {
    let indent = "  ".repeat(depth);
    let action = run.action.as_ref().map_or_else(String::new, |action| format!(" {action}"));
    let dry = if run.dry_run { " (dry run)" } else { "" };
    format!("{indent}{}{action}{dry}", run.task).into()
}

fn started(run: &Run, zone: Tz) -> Cell {
    match run.started_at {
        Some(started) => times::stamp(started, zone).into(),
        None if run.state.is_active() => {
            Cell::toned(format!("due {}", times::stamp(run.due_at, zone)), Tone::Busy)
        }
        None => Cell::toned("never", Tone::Dim),
    }
}

/// What a run was for: its slot, or who asked.
pub(super) fn what_for(run: &Run, zone: Tz) -> String {
    match (run.slot, run.origin) {
        (Some(slot), _) => {
            format!("slot {}", times::beside(slot, run.started_at.unwrap_or(run.queued_at), zone))
        }
        (None, Origin::FirstStart) => "first start".to_owned(),
        (None, Origin::After) => match run.round.as_deref().map(|round| (round, after::slot_of_round(round)))
        {
            Some((_, Some(slot))) => {
                format!("after slot {}", times::beside(slot, run.started_at.unwrap_or(run.queued_at), zone))
            }
            Some((round, None)) => format!("after run {}", round.trim_start_matches("run:")),
            None => "after others".to_owned(),
        },
        (None, Origin::Wake) => "extra run".to_owned(),
        (None, _) => {
            run.requested_by.as_ref().map_or_else(|| "request".to_owned(), |who| format!("by {who}"))
        }
    }
}

/// The most characters of a summary in a listing.
const SUMMARY_CHARS: usize = 160;

/// How a run went in one line: its cause where it did not go well, else the kind's own summary.
pub(super) fn summary(run: &Run) -> String {
    let reported =
        run.outcome.as_ref().map(|outcome| outcome.summary.clone()).filter(|summary| !summary.is_empty());
    let told = if run.state == RunState::Succeeded {
        reported.or_else(|| run.cause.clone())
    } else {
        run.cause.clone().or(reported)
    };
    shortened(told.unwrap_or_default())
}

/// A line that is no line but a flood shows its beginning; `run ID` has the whole.
fn shortened(mut text: String) -> String {
    if let Some((cut, _)) = text.char_indices().nth(SUMMARY_CHARS) {
        text.truncate(cut);
        text.push('…');
    }
    text
}
