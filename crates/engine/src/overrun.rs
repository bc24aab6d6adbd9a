//! Notices runs that take longer than the time between their slots: once in the log, and in a metric as long as it
//! lasts. It ends none of them.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use roundsman_model::{RunId, TaskDefinition, TaskName, Timestamp};
use roundsman_store::HeldRun;
use roundsman_telemetry::{RunOverruns, set_overrun};

use crate::Engine;

/// What was told already.
#[derive(Default)]
pub(crate) struct Overruns {
    told: HashSet<RunId>,
    shown: BTreeSet<TaskName>,
}

impl Overruns {
    /// Looks at all running runs. Returns the tasks that have one which takes too long.
    pub(crate) fn look(&mut self, engine: &Engine, held: &[HeldRun]) -> BTreeSet<TaskName> {
        self.told.retain(|run| held.iter().any(|held| held.run.id == *run));
        let now = engine.now();
        let mut overrun = BTreeSet::new();
        let definitions = engine.definitions();
        for definition in &definitions {
            for run in held.iter().map(|held| &held.run).filter(|run| run.task == definition.name) {
                let Some((running, interval)) = times(definition, run.slot, run.started_at, now) else {
                    continue;
                };
                if running > interval {
                    overrun.insert(run.task.clone());
                    if self.told.insert(run.id) {
                        RunOverruns { task: &run.task, run: run.id, running, interval }.emit();
                    }
                }
            }
            set_overrun(definition.name.as_str(), overrun.contains(&definition.name));
        }
        // A task that has left the configuration is not looked at any more.
        for gone in self.shown.difference(&overrun) {
            set_overrun(gone.as_str(), false);
        }
        self.shown.clone_from(&overrun);
        overrun
    }
}

/// How long a run runs, and how long it may until it takes longer than from its slot to the next.
fn times(
    definition: &TaskDefinition,
    slot: Option<Timestamp>,
    started_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<(Duration, Duration)> {
    let (slot, started_at) = (slot?, started_at?);
    let next = definition.next_slot(slot)?;
    Some(((now - started_at).to_std().ok()?, (next - slot).to_std().ok()?))
}
