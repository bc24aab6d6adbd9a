//! Runs on request. They obey the same overlap rule as slots, under the same lock, and leave the ledger alone.

use roundsman_model::{RunId, StopOrder, TaskDefinition, Timestamp};

use super::{
    Command, claim,
    counters::Counts,
    inputs,
    places::{self, Turn},
    runs::{self, NewRow, read},
    stop, tasks,
};
use crate::{
    Claimer, NewRun, Requested,
    sql::{Outcome, Rows, Session, Statement},
};

/// Stands for the new run until it has a number: newer than every other.
pub(super) const NEWCOMER: RunId = RunId(i64::MAX);

/// Records a run on request.
pub(crate) struct Request {
    pub(crate) run: NewRun,
    pub(crate) claim: Option<Claimer>,
    pub(crate) now: Timestamp,
}

impl Command for Request {
    type Reply = Requested;
    const WHAT: &'static str = "record a run";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Requested> {
        let requested = self.record(session).await?;
        if !matches!(requested, Requested::Run(_)) {
            inputs::forget(session, &self.run.inputs).await?;
        }
        Ok(requested)
    }
}

impl Request {
    async fn record(&self, session: &mut Session<'_>) -> Outcome<Requested> {
        let hash = self.run.definition.hash();
        if let Some(at) = lock_task(session, &self.run.definition, &hash, self.now).await? {
            return Ok(Requested::Removed(at));
        }
        tasks::record(session, &[(&self.run.definition, &hash)], self.now).await?;
        let turn = if self.run.exclusive { Some(self.turn(session).await?) } else { None };
        let (place, ended, stops) = match turn {
            None => (None, None, None),
            Some(Turn::Skip(run)) => return self.overlap(session, run).await,
            // Whoever wants to run it now does not want to wait behind another.
            Some(Turn::Queue { behind: Some(run), .. }) if self.claim.is_some() => {
                return self.overlap(session, run).await;
            }
            Some(Turn::Queue { place, ended, behind, stops }) => (Some((place, behind)), ended, stops),
        };
        let mut counts = Counts::default();
        let id = runs::numbers(session, 1).await?;
        if let Some(ended) = ended {
            claim::supersede(session, ended, &format!("superseded by run {id}"), &mut counts, self.now)
                .await?;
        }
        let row = NewRow::requested(id, &self.run, &hash, self.now);
        let row = match place {
            Some((place, behind)) => row.in_place(place, behind),
            None => row,
        };
        runs::insert(session, &[row]).await?;
        inputs::give(session, id, (&self.run.inputs, self.run.rerun_of), self.now).await?;
        let orders: Vec<_> = stops.map(|old| (old, self.stop_order(id))).into_iter().collect();
        stop::give_orders(session, &orders).await?;
        if let Some(me) = &self.claim {
            claim::start_one(session, id, me, &mut counts, self.now).await?;
        }
        counts.write(session).await?;
        Ok(Requested::Run(Box::new(read::existing(session, id).await?)))
    }

    async fn turn(&self, session: &mut Session<'_>) -> Outcome<Turn> {
        let definition = &self.run.definition;
        let names = Rows::of([&definition.name], |name| [name.as_str().into()]);
        let mut occupied = places::occupied(session, names.into()).await?;
        Ok(occupied.entry(definition.name.clone()).or_default().admit(definition.overlap, NEWCOMER))
    }

    /// What the run that gives way is told.
    fn stop_order(&self, replaced_by: RunId) -> StopOrder {
        let by = self.run.requested_by.as_deref().unwrap_or(self.run.origin.as_str());
        StopOrder { by: by.to_owned(), reason: None, at: self.now, replaced_by: Some(replaced_by) }
    }

    async fn overlap(&self, session: &mut Session<'_>, run: RunId) -> Outcome<Requested> {
        Ok(Requested::Overlap(Box::new(read::existing(session, run).await?)))
    }
}

/// Records the task and locks its row. A task that no daemon has installed has no ledger, and whoever asked last says what
/// it is. Returns since when the task is removed, if it is.
pub(super) async fn lock_task(
    session: &mut Session<'_>,
    definition: &TaskDefinition,
    hash: &str,
    now: Timestamp,
) -> Outcome<Option<Timestamp>> {
    let statement = Statement::new(
        "INSERT INTO tasks (name, hash, valid_from) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET
            hash = CASE WHEN tasks.first_seen IS NULL THEN excluded.hash ELSE tasks.hash END
         RETURNING removed_at",
    );
    let row = session.row(statement.bind(definition.name.as_str()).bind(hash).bind(now)).await?;
    row.map_or(Ok(None), |row| row.at_or_none("removed_at"))
}
