//! A run on request, as `trigger` and `rerun` make it: a row in the store, for a daemon to take. What it is made from is
//! decided by those; here it is recorded, told, and watched for those who want to wait.

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;
use roundsman_model::{NodeLabel, Run, RunId, RunState, TaskDefinition, Timestamp};
use roundsman_store::{Control, NewRun, NodeRow, Requested, Round, RunFilter, Store};
use serde_json::json;
use tokio::time::Instant;

use super::{
    consent,
    failure::{Answer, Failure},
    held,
    inputs::{self, Input},
    logs,
    output::Output,
    plan::{KnownTask, Standing},
    prospect,
    run_task::report,
    session::Session,
    status::nodes,
    suggest,
    who::who,
};
use crate::{control, shutdown::StopSignals};

/// Between two looks at a run that is watched.
const POLL: Duration = Duration::from_millis(400);
/// Between two questions why it has not started.
const ASK_WHY: Duration = Duration::from_secs(2);
/// Runs that are due and have not started, among which ours is looked for.
const LOOKED_THROUGH: u32 = 500;

/// What is asked for.
pub(super) struct Wish {
    /// `trigger` or `rerun`.
    pub(super) what: &'static str,
    pub(super) run: NewRun,
    /// What is handed in with its parameters.
    pub(super) inputs: Vec<Input>,
    /// How a person agreed to it, if that was asked for.
    pub(super) confirmed: Option<String>,
    /// What else is worth knowing about it.
    pub(super) notes: Vec<String>,
    /// Whether to stay until it has ended.
    pub(super) wait: bool,
    pub(super) json: bool,
}

/// The round of a run on request: one of its own, where something follows.
pub(super) fn round(task: &KnownTask, all: &[KnownTask], alone: bool) -> Round {
    let follows = |other: &&KnownTask| {
        other.standing != Standing::Removed
            && other.definition.after.iter().any(|upstream| upstream.task == *task.name())
    };
    if alone || all.iter().find(follows).is_none() { Round::Alone } else { Round::Own }
}

/// What bears on the task at the moment and does not keep it from being run by a person.
pub(super) fn circumstances(task: &KnownTask, now: Timestamp) -> Vec<String> {
    let name = task.name();
    let mut notes = Vec::new();
    if !task.definition.enabled {
        notes.push(format!("{name} is switched off; it runs because you asked for it"));
    }
    if let Some(pause) = task.pause(now) {
        let words = prospect::pause_words(pause, task.definition.timezone);
        notes.push(format!("{name} is {words}; it runs because you asked for it"));
    }
    if prospect::blackout(task, now).is_some() {
        let words = prospect::blackout_words(task, now);
        notes.push(format!("a {words} is in force; it runs because you asked for it"));
    }
    notes
}

/// Records the run, tells what becomes of it, and waits for its end where that is wanted.
pub(super) async fn make(mut wish: Wish, session: &Session, out: &mut Output) -> Answer {
    let store = session.store().await?;
    let now = session.now();
    let active = active(&store, &wish.run, now).await?;
    let zone = wish.run.definition.timezone;
    wish.run.inputs = inputs::hand_in(&store, &wish.inputs, now).await?;
    let run = match store.request(wish.run.clone(), None, now).await? {
        Requested::Run(run) => *run,
        Requested::Overlap(run) => return in_the_way(&run, wish.json, out),
        Requested::Removed(at) => return Err(removed(&wish.run.definition, at)),
    };
    let control = Control {
        at: now,
        by: run.requested_by.clone().unwrap_or_else(who),
        what: wish.what.to_owned(),
        task: Some(run.task.clone()),
        run: Some(run.id),
        detail: run.rerun_of.map(|id| format!("of run {id}")),
    };
    let noted = match store.note_control(&control).await {
        Ok(()) => consent::note(&store, &run, wish.confirmed, now).await,
        refused => refused,
    };
    if let Err(error) = noted {
        // The run is queued all the same, and says itself who asked for it.
        out.note(&format!("the request is not in the list of what people asked for: {error}"));
    }
    control::hint(&session.loaded().settings.state_dir.value).await;
    for note in &wish.notes {
        out.note(note);
    }
    let nodes = store.nodes(now).await?;
    let pulse = nodes::Pulse::of(session);
    let outlook = outlook(&run, &active, &nodes, pulse);
    if !wish.json {
        out.line(&format!("Queued run {} of {}{outlook}", run.id, run.task))?;
        out.flush()?;
    }
    if wish.wait {
        return watch(&store, run, zone, wish.json, out).await;
    }
    if wish.json {
        let alive = nodes.iter().any(|node| nodes::is_live_daemon(node, pulse));
        out.json(&json!({ "run": run, "daemon_alive": alive, "notes": wish.notes }))?;
    }
    Ok(())
}

async fn active(store: &Arc<dyn Store>, run: &NewRun, _: Timestamp) -> Answer<Vec<RunId>> {
    let states = RunState::ALL.into_iter().filter(|state| state.is_active()).collect();
    let task = Some(run.definition.name.clone());
    let runs = store.runs(&RunFilter { task, states, limit: 20, ..RunFilter::default() }).await?;
    Ok(runs.iter().map(|run| run.id).collect())
}

/// Nothing was recorded, because the configuration in force has no such task any more.
pub(super) fn removed(task: &TaskDefinition, at: Timestamp) -> Failure {
    let at = at.with_timezone(&task.timezone).format("%Y-%m-%d %H:%M:%S %:z");
    Failure::Failed(format!(
        "cannot run task {}: it was removed from the configuration in force at {at}; put it back, and `roundsman reload` \
         or the next start of the daemon puts it in force again",
        task.name
    ))
}

fn in_the_way(run: &Run, json: bool, out: &mut Output) -> Answer {
    let message = format!(
        "run {} of task {} is still {}, and its overlap rule allows no other; `roundsman run {}` tells more",
        run.id, run.task, run.state, run.id
    );
    if json {
        out.json(&json!({ "task": run.task, "state": "skipped", "cause": message, "active_run": run.id }))?;
    }
    Err(Failure::InTheWay(message))
}

/// When the run will start, as far as can be told.
fn outlook(run: &Run, active: &[RunId], nodes: &[NodeRow], pulse: nodes::Pulse) -> String {
    let alive: Vec<&NodeRow> = nodes.iter().filter(|node| nodes::is_live_daemon(node, pulse)).collect();
    if alive.is_empty() {
        return ". No daemon is alive: it starts when one does.".to_owned();
    }
    let wanted = &run.terms.runs_on;
    let has_labels = |node: &&&NodeRow| wanted.iter().all(|label| node.entry.labels.contains(label));
    if !alive.iter().any(|node| has_labels(&node)) {
        let labels: Vec<&str> = wanted.iter().map(NodeLabel::as_str).collect();
        let labels = suggest::listed(&labels, "and");
        return format!(". No living daemon has the label {labels}: it starts when one does.");
    }
    // A node that names no kinds has them all.
    let has_kind = |node: &&&NodeRow| node.entry.kinds.is_empty() || node.entry.kinds.contains(&run.kind);
    if !alive.iter().any(|node| has_labels(&node) && has_kind(&node)) {
        return format!(
            ". No living daemon that may take it has the kind {}: it starts when one does.",
            run.kind
        );
    }
    match active {
        [] => ".".to_owned(),
        active => {
            let ids: Vec<String> = active.iter().map(ToString::to_string).collect();
            format!(
                "; run {} of it is active, and its overlap rule decides when this one starts.",
                suggest::listed(&ids, "and")
            )
        }
    }
}

/// Shows the log as it comes, and ends as the run does.
async fn watch(store: &Arc<dyn Store>, run: Run, zone: Tz, json: bool, out: &mut Output) -> Answer {
    let mut signals =
        StopSignals::listen().map_err(|error| Failure::failed("cannot listen for signals", error))?;
    let mut reader = logs::Reader::new(store.clone(), &run, zone, false);
    let mut why = Why { asked: Instant::now(), told: None };
    let id = run.id;
    let mut run = run;
    loop {
        // The state is read first: what is added to a log after the end belongs to nobody.
        match store.run(id).await {
            Ok(Some(latest)) => run = latest,
            Ok(None) => return Err(Failure::Failed(format!("run {id} is gone"))),
            Err(error) if error.is_passing() => {}
            Err(error) => return Err(error.into()),
        }
        if !json {
            reader.drain(out).await?;
            why.ask(store, &run, zone, out).await;
        }
        if !run.state.is_active() {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            signal = signals.next() => {
                out.note(&format!("{signal}: not watching any more; run {id} goes on, `roundsman cancel {id}` ends it"));
                return Err(Failure::Told(130));
            }
        }
    }
    let artifacts = store.artifacts(id).await?;
    match report::ended(out, &run, &artifacts, json, false)? {
        0 => Ok(()),
        code => Err(Failure::Told(code)),
    }
}

/// Why a run that is watched has not started.
struct Why {
    asked: Instant,
    told: Option<String>,
}

impl Why {
    async fn ask(&mut self, store: &Arc<dyn Store>, run: &Run, zone: Tz, out: &mut Output) {
        if run.state != RunState::Queued || self.asked.elapsed() < ASK_WHY {
            return;
        }
        self.asked = Instant::now();
        // Only a nicety: whoever cannot be asked now is asked again.
        let now = run.due_at.max(run.queued_at);
        let Ok(waiting) = store.waiting(LOOKED_THROUGH, now).await else { return };
        let Some(held) = waiting.iter().find(|held| held.run.id == run.id) else { return };
        let words = held::words(held, zone, now);
        if self.told.as_ref() != Some(&words) {
            out.note(&format!("run {} is queued: {words}", run.id));
            self.told = Some(words);
        }
    }
}
