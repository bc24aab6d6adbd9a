//! How far the tasks of a round have come, as the store knows it now. It decides nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use roundsman_model::{
    RunState, TaskDefinition, TaskName, Timestamp, Verdict,
    after::{Standing, slot_of_round},
};
use roundsman_store::{RunFilter, StoreResult, TaskRow};

use crate::Engine;

/// More runs than any round has.
const MOST_RUNS: u32 = 10_000;

/// How far the tasks of a round have come.
pub(super) struct RoundView {
    runs: HashMap<TaskName, RunState>,
    roots: HashMap<TaskName, Standing>,
    /// Roots whose slot has no verdict yet.
    undecided: HashSet<TaskName>,
}

impl RoundView {
    /// Reads the runs of a round, and what became of the slots of those roots that have no run in it.
    pub(super) async fn read(
        engine: &Engine,
        round: &str,
        followers: &[&Arc<TaskDefinition>],
        definitions: &HashMap<TaskName, Arc<TaskDefinition>>,
        rows: &[TaskRow],
    ) -> StoreResult<Self> {
        let filter = RunFilter { round: Some(round.to_owned()), limit: MOST_RUNS, ..RunFilter::default() };
        let runs = engine.note_read(engine.store().runs(&filter).await)?;
        let runs = runs.into_iter().map(|run| (run.task, run.state)).collect();
        let mut view = Self { runs, roots: HashMap::new(), undecided: HashSet::new() };
        let upstreams: HashSet<&TaskName> =
            followers.iter().flat_map(|follower| &follower.after).map(|upstream| &upstream.task).collect();
        for task in upstreams.into_iter().filter(|task| !view.runs.contains_key(*task)) {
            let standing = match definitions.get(task) {
                // Its own upstreams decide; it gets a run in this round either way.
                Some(definition) if !definition.after.is_empty() => continue,
                Some(definition) if definition.enabled => {
                    let row = rows.iter().find(|row| row.definition.name == *task);
                    root(engine, task, row, slot_of_round(round)).await?
                }
                _ => Root::Never,
            };
            let standing = match standing {
                Root::Undecided => {
                    view.undecided.insert(task.clone());
                    Standing::Open
                }
                Root::Never => Standing::Never,
                Root::Run(state) => standing_of(state),
            };
            view.roots.insert(task.clone(), standing);
        }
        Ok(view)
    }

    /// Whether a task has a run in the round.
    pub(super) fn has_run(&self, task: &TaskName) -> bool {
        self.runs.contains_key(task)
    }

    /// How far a task has come.
    pub(super) fn standing(&self, task: &TaskName) -> Standing {
        match self.runs.get(task) {
            Some(state) => standing_of(*state),
            None => self.roots.get(task).copied().unwrap_or(Standing::Open),
        }
    }

    /// Whether one of a follower's upstreams is a root whose slot has no verdict yet. Should it be skipped, no run ends
    /// that would tell.
    pub(super) fn waits_for_a_slot(&self, follower: &TaskDefinition) -> bool {
        follower.after.iter().any(|upstream| self.undecided.contains(&upstream.task))
    }
}

const fn standing_of(state: RunState) -> Standing {
    if state.is_active() { Standing::Open } else { Standing::Ended(state) }
}

/// How far a root has come that has no run in the round.
enum Root {
    Undecided,
    Never,
    /// Its slot led to a run that belongs to no round: it was queued before anything followed it.
    Run(RunState),
}

async fn root(
    engine: &Engine,
    task: &TaskName,
    row: Option<&TaskRow>,
    slot: Option<Timestamp>,
) -> StoreResult<Root> {
    // The round of a single trigger has no other root.
    let Some(slot) = slot else { return Ok(Root::Never) };
    let Some(ledger) = engine.note_read(engine.store().slot(task, slot).await)? else {
        // Before its first start it has no slots, and a removed task gets none any more.
        let is_to_come = row.is_some_and(|row| {
            let known = row.removed_at.is_none() && row.first_seen.is_some_and(|at| at < slot);
            known && row.ledger_until.is_none_or(|until| until < slot)
        });
        return Ok(if is_to_come { Root::Undecided } else { Root::Never });
    };
    let run = match (ledger.verdict, ledger.run) {
        (Verdict::Fired | Verdict::Ran, Some(run)) => engine.note_read(engine.store().run(run).await)?,
        _ => None,
    };
    Ok(run.map_or(Root::Never, |run| Root::Run(run.state)))
}
