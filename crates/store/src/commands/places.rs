//! The places of a task: who occupies them, and what the overlap rule makes of a newcomer. The rule itself is in `model`.

use std::collections::HashMap;

use roundsman_model::{
    Overlap, RunId, RunState, TaskName,
    overlap::{self, ActiveRun, OverlapDecision},
};

use crate::sql::{Outcome, Session, Statement, Value, sql};

/// The active runs of one task that count for the overlap rule.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<ActiveRun>);

/// What the overlap rule makes of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is queued.
    Queue {
        /// Which place it occupies.
        place: u32,
        /// The run that ends, because the newcomer takes its place.
        ended: Option<RunId>,
        /// The run whose end it waits for.
        behind: Option<RunId>,
        /// The running run that is to stop, because the newcomer replaces it.
        stops: Option<RunId>,
    },
    /// This run is in the way.
    Skip(RunId),
}

impl Places {
    /// Lets a newcomer in if the rule allows it.
    pub(super) fn admit(&mut self, policy: Overlap, newcomer: RunId) -> Turn {
        let (place, ended) = match overlap::decide(policy, &self.0) {
            OverlapDecision::Start { place } => (place, None),
            OverlapDecision::Replace { run, place } => match self.unstarted(run) {
                // Nothing of it runs yet: it need not be stopped.
                Some(queued) => (queued.place, Some(run)),
                None => (place, None),
            },
            OverlapDecision::TakeOver { run, place } | OverlapDecision::Supersede { run, place } => {
                (place, Some(run))
            }
            OverlapDecision::Skip { run } => return Turn::Skip(run),
        };
        self.0.retain(|run| Some(run.id) != ended);
        let in_line = matches!(policy, Overlap::Queue | Overlap::Replace);
        let front = self.0.iter().min_by_key(|run| run.id).filter(|_| in_line);
        let running = front.filter(|run| run.state == RunState::Running);
        let stops = running.map(|run| run.id).filter(|_| policy == Overlap::Replace);
        let behind = front.map(|run| run.id);
        self.0.push(ActiveRun { id: newcomer, state: RunState::Queued, place });
        Turn::Queue { place, ended, behind, stops }
    }

    fn unstarted(&self, id: RunId) -> Option<&ActiveRun> {
        self.0.iter().find(|run| run.id == id && run.state == RunState::Queued)
    }
}

/// Reads who occupies the places of these tasks, given as `ROWS` of names.
pub(super) async fn occupied(session: &mut Session<'_>, tasks: Value) -> Outcome<HashMap<TaskName, Places>> {
    let text = sql!(
        "SELECT runs.id AS id, runs.task AS task, runs.state AS state, runs.place AS place
         FROM" ROWS "JOIN runs ON runs.task = e.value->>0 WHERE runs.place IS NOT NULL ORDER BY runs.id"
    );
    let mut places: HashMap<TaskName, Places> = HashMap::new();
    for row in session.rows(Statement::new(text).bind(tasks)).await? {
        let run = ActiveRun { id: row.run("id")?, state: row.word("state")?, place: row.small("place")? };
        places.entry(row.name("task")?).or_default().0.push(run);
    }
    Ok(places)
}
