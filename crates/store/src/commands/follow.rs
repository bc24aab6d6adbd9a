//! Followers: what tasks do that follow an ended run, recorded together with the fact that it was looked at. Who follows,
//! and whether it runs, was decided in `model`.

use std::collections::HashSet;

use roundsman_model::{Run, RunId, RunState, StopOrder, TaskName, Timestamp};

use super::{
    Command, claim,
    counters::Counts,
    leader,
    places::{self, Turn},
    request,
    runs::{self, NewRow, read},
    stop, tasks,
};
use crate::{
    Follow, NewRun,
    sql::{Outcome, Rows, Session, Statement, sql},
};

/// Lists ended runs whose followers are to be decided.
pub(crate) struct Unfollowed {
    pub(crate) after: Option<RunId>,
    pub(crate) limit: u32,
}

impl Command for Unfollowed {
    type Reply = Vec<Run>;
    const WHAT: &'static str = "look for runs that others follow";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Run>> {
        let statement = Statement::new(sql!(
            "SELECT" RUN "FROM runs WHERE follow = 1 AND ended_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2"
        ));
        let after = self.after.map_or(0, |run| run.0);
        session.rows(statement.bind(after).bind(self.limit)).await?.iter().map(read::run).collect()
    }
}

/// Records what the followers of an ended run do.
pub(crate) struct FollowUp {
    pub(crate) ended: RunId,
    pub(crate) followers: Vec<Follow>,
    pub(crate) epoch: Option<i64>,
    pub(crate) now: Timestamp,
}

/// A follower that has no run in the round yet.
struct Newcomer<'f> {
    run: &'f NewRun,
    hash: String,
    /// Why it does not run.
    skipped: Option<String>,
    place: Option<(u32, Option<RunId>)>,
    ended: Option<RunId>,
    stops: Option<RunId>,
}

impl<'f> Newcomer<'f> {
    fn of(follow: &'f Follow) -> Option<Self> {
        let (run, skipped) = match follow {
            Follow::Run(run) => (run, None),
            Follow::Skip(run, cause) => (run, Some(cause.clone())),
            Follow::Later(_) => return None,
        };
        Some(Self { run, hash: run.definition.hash(), skipped, place: None, ended: None, stops: None })
    }
}

impl Command for FollowUp {
    /// Nothing for a leader whose epoch is over.
    type Reply = Option<Vec<RunId>>;
    const WHAT: &'static str = "record the runs that follow";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Vec<RunId>>> {
        if let Some(epoch) = self.epoch
            && !leader::leads(session, epoch).await?
        {
            return Ok(None);
        }
        self.look_at(session).await.map(Some)
    }
}

impl FollowUp {
    async fn look_at(&self, session: &mut Session<'_>) -> Outcome<Vec<RunId>> {
        let mut newcomers = self.lock_tasks(session).await?;
        let text = sql!("SELECT follow, round FROM runs WHERE id = $1 AND ended_at IS NOT NULL" LOCKED);
        let Some(row) = session.row(Statement::new(text).bind(self.ended.0)).await? else {
            return Ok(Vec::new());
        };
        if !row.flag("follow")? {
            return Ok(Vec::new());
        }
        if !self.followers.iter().any(|follow| matches!(follow, Follow::Later(_))) {
            let looked_at = Statement::new("UPDATE runs SET follow = 0 WHERE id = $1").bind(self.ended.0);
            session.execute(looked_at).await?;
        }
        let Some(round) = row.get::<Option<String>>("round")? else { return Ok(Vec::new()) };
        let there = tasks_in(session, &round).await?;
        newcomers.retain(|newcomer| !there.contains(&newcomer.run.definition.name));
        admit(session, &mut newcomers).await?;
        self.record(session, &newcomers, &round).await
    }

    /// Locks the tasks of the followers, in order of names, as whoever fires them does. Those that were removed meanwhile
    /// do not run.
    async fn lock_tasks(&self, session: &mut Session<'_>) -> Outcome<Vec<Newcomer<'_>>> {
        let mut newcomers: Vec<_> = self.followers.iter().filter_map(Newcomer::of).collect();
        newcomers.sort_by(|a, b| a.run.definition.name.cmp(&b.run.definition.name));
        newcomers.dedup_by(|a, b| a.run.definition.name == b.run.definition.name);
        for newcomer in &mut newcomers {
            let (definition, hash) = (&newcomer.run.definition, newcomer.hash.as_str());
            if request::lock_task(session, definition, hash, self.now).await?.is_some() {
                newcomer.skipped.get_or_insert_with(|| tasks::REMOVED.to_owned());
            }
            tasks::record(session, &[(definition, hash)], self.now).await?;
        }
        Ok(newcomers)
    }

    async fn record(
        &self,
        session: &mut Session<'_>,
        newcomers: &[Newcomer<'_>],
        round: &str,
    ) -> Outcome<Vec<RunId>> {
        let mut counts = Counts::default();
        let first = runs::numbers(session, newcomers.len()).await?;
        let (mut rows, mut orders) = (Vec::new(), Vec::new());
        for (id, newcomer) in (first.0..).map(RunId).zip(newcomers) {
            if let Some(ended) = newcomer.ended {
                claim::supersede(session, ended, &format!("superseded by run {id}"), &mut counts, self.now)
                    .await?;
            }
            orders.extend(newcomer.stops.map(|old| (old, self.stop_order(newcomer, id))));
            let row = NewRow::requested(id, newcomer.run, &newcomer.hash, self.now).in_round(round);
            rows.push(match (&newcomer.skipped, newcomer.place) {
                (Some(cause), _) => {
                    counts.run_ended(&newcomer.run.definition.name, RunState::Skipped);
                    row.ended(RunState::Skipped, cause)
                }
                (None, Some((place, behind))) => row.in_place(place, behind),
                (None, None) => row,
            });
        }
        runs::insert(session, &rows).await?;
        stop::give_orders(session, &orders).await?;
        counts.write(session).await?;
        Ok(rows.iter().map(|row| row.id).collect())
    }

    /// What a run is told that gives way to a follower.
    fn stop_order(&self, newcomer: &Newcomer<'_>, replaced_by: RunId) -> StopOrder {
        let by = newcomer.run.origin.as_str().to_owned();
        StopOrder { by, reason: None, at: self.now, replaced_by: Some(replaced_by) }
    }
}

/// The tasks that have a run in a round.
async fn tasks_in(session: &mut Session<'_>, round: &str) -> Outcome<HashSet<TaskName>> {
    let statement = Statement::new("SELECT task FROM runs WHERE round = $1").bind(round);
    session.rows(statement).await?.iter().map(|row| row.name("task")).collect()
}

/// Applies the overlap rule. A follower it holds back is accounted for as skipped, so that the chain goes on.
async fn admit(session: &mut Session<'_>, newcomers: &mut [Newcomer<'_>]) -> Outcome<()> {
    let names = Rows::of(&*newcomers, |newcomer| [newcomer.run.definition.name.as_str().into()]);
    if names.is_empty() {
        return Ok(());
    }
    let mut occupied = places::occupied(session, names.into()).await?;
    let going = newcomers.iter_mut().filter(|newcomer| newcomer.skipped.is_none() && newcomer.run.exclusive);
    for newcomer in going {
        let definition = &newcomer.run.definition;
        let places = occupied.entry(definition.name.clone()).or_default();
        match places.admit(definition.overlap, request::NEWCOMER) {
            Turn::Skip(run) => newcomer.skipped = Some(format!("overlap: run {run} was still active")),
            Turn::Queue { place, ended, behind, stops } => {
                newcomer.place = Some((place, behind));
                (newcomer.ended, newcomer.stops) = (ended, stops);
            }
        }
    }
    Ok(())
}
