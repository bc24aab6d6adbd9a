//! `roundsman why`: what became of a task at a time, with the evidence. It decides nothing after the fact: the ledger does.

mod account;
mod rounds;
mod words;

use chrono::TimeDelta;
use roundsman_model::{SlotRange, Timestamp};
use roundsman_store::Store;
use serde_json::json;

use self::account::{Account, Facts};
use super::{
    failure::{Answer, Failure},
    instant,
    look::Look,
    output::Output,
    paragraph,
    plan::{self, KnownTask},
    prospect,
    session::Session,
    status::nodes,
};

/// The arguments of `why`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task
    name: String,
    /// The time, in the task's zone: "2026-11-21T02:00", "02:00", "yesterday 02:00", "-2h", or with an offset
    #[arg(required = true, num_args = 1.., allow_hyphen_values = true)]
    time: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(mut args: Args, session: &Session, out: &mut Output) -> Answer {
    // An option after a time that may begin with a hyphen is taken for a part of it.
    let before = args.time.len();
    args.time.retain(|word| word != "--json");
    let as_json = args.json || args.time.len() < before;
    // Without the ledger there is nothing to answer from; a store that is not there yet is an answer.
    session.store_if_there().await?;
    let all = plan::known(session).await?;
    let task = plan::pick(all.clone(), &args.name)?;
    let now = session.now();
    let zone = task.definition.timezone;
    let meant =
        instant::read(&args.time.join(" "), zone, now).map_err(|error| Failure::Usage(error.to_string()))?;
    let at = if meant.to_the_minute { slot_of_minute(&task, meant.at) } else { meant.at };
    let mut facts = facts(session, task, at, now).await?;
    if let (false, Some(store)) = (facts.task.definition.after.is_empty(), session.store_if_there().await?) {
        facts.rounds = Some(rounds::find(store.as_ref(), &all, &facts.task, at).await?);
    }
    let account = account::account(&facts);
    if as_json {
        out.json(&json!({
            "task": facts.task.name(),
            "at": facts.at,
            "timezone": zone,
            "verdict": account.verdict,
            "text": account.text,
            "ledger": facts.row,
            "run": facts.run,
            "round": facts.rounds.as_ref().and_then(|rounds| rounds.current.as_ref()),
            "prospect": (facts.at > now).then(|| prospect::of_slot(&facts.task, facts.at)),
            "slot_before": facts.before.as_ref().map(|(slot, _)| slot),
            "slot_after": facts.after.as_ref().map(|(slot, _)| slot),
        }))?;
    } else {
        out.text(&render(&facts, &account, out.look()))?;
    }
    if let Some(note) = &meant.note {
        out.note(note);
    }
    Ok(())
}

fn render(facts: &Facts, account: &Account, look: Look) -> String {
    let when = super::times::full(facts.at, facts.task.definition.timezone);
    let verdict = look.paint(account.verdict.tone(), account.verdict.words());
    format!(
        "{}, {when}: {verdict}\n{}",
        look.strong(facts.task.name().as_str()),
        paragraph::wrap(&account.text, 0, look)
    )
}

/// The only slot within the minute, where somebody wrote no seconds.
fn slot_of_minute(task: &KnownTask, minute: Timestamp) -> Timestamp {
    let Some(schedule) = &task.definition.schedule else { return minute };
    let end = minute + TimeDelta::seconds(59);
    let mut slots = schedule.slots(minute - TimeDelta::seconds(1), end, task.definition.timezone);
    match (slots.next(), slots.next()) {
        (Some(only), None) => only,
        _ => minute,
    }
}

async fn facts(session: &Session, task: KnownTask, at: Timestamp, now: Timestamp) -> Answer<Facts> {
    let definition = &task.definition;
    let after =
        definition.schedule.as_ref().and_then(|schedule| schedule.next_after(at, definition.timezone));
    let before = account::slot_before(definition, at);
    let Some(store) = session.store_if_there().await? else {
        let (before, after) = (before.map(|slot| (slot, None)), after.map(|slot| (slot, None)));
        return Ok(Facts {
            task,
            at,
            now,
            row: None,
            run: None,
            before,
            after,
            daemon_alive: false,
            rounds: None,
        });
    };
    let row = store.slot(task.name(), at).await?;
    let run = match row.as_ref().and_then(|row| row.run) {
        Some(id) => store.run(id).await?,
        None => None,
    };
    let before = with_fate(store.as_ref(), &task, before).await?;
    let after = with_fate(store.as_ref(), &task, after).await?;
    let pulse = nodes::Pulse::of(session);
    let daemon_alive = store.nodes(now).await?.iter().any(|node| nodes::is_live_daemon(node, pulse));
    Ok(Facts { task, at, now, row, run, before, after, daemon_alive, rounds: None })
}

/// A slot and what the ledger says of it.
async fn with_fate(
    store: &dyn Store,
    task: &KnownTask,
    slot: Option<Timestamp>,
) -> Answer<Option<(Timestamp, Option<SlotRange>)>> {
    match slot {
        Some(slot) => Ok(Some((slot, store.slot(task.name(), slot).await?))),
        None => Ok(None),
    }
}
