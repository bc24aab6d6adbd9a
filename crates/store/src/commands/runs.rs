//! Runs: numbering and recording. Starting is in `claim`, ending in `settle`, listing in `read`.

pub(crate) mod read;

use std::{borrow::Cow, collections::HashSet};

use roundsman_model::{
    Origin, RunId, RunState, RunTerms, Timestamp,
    after::{round_of_run, round_of_slot},
    time::delta,
};
use serde_json::Value as Json;

use super::fire::plan::PlannedRun;
use crate::{
    Extra, NewRun, Round,
    sql::{Fault, Outcome, Rows, Session, Statement, Value, sql},
};

/// A run to record.
pub(super) struct NewRow<'r> {
    pub(super) id: RunId,
    task: &'r str,
    kind: &'r str,
    definition: &'r str,
    slot: Option<Timestamp>,
    origin: Origin,
    requested_by: Option<&'r str>,
    action: Option<&'r str>,
    params: &'r Json,
    dry_run: bool,
    queued_at: Timestamp,
    due_at: Timestamp,
    place: Option<u32>,
    behind: Option<RunId>,
    /// How and why it ended without ever being queued.
    ended: Option<(RunState, &'r str)>,
    terms: Cow<'r, RunTerms>,
    round: Option<String>,
    rerun_of: Option<RunId>,
}

impl<'r> NewRow<'r> {
    /// A run that a firing asks for.
    pub(super) fn fired(run: &'r PlannedRun<'_>, now: Timestamp) -> Self {
        let superseded = run.superseded.as_deref();
        Self {
            id: run.id,
            task: run.firing.task.as_str(),
            kind: run.firing.kind.as_str(),
            definition: &run.firing.definition,
            slot: run.slot.slot,
            origin: match (run.slot.slot, run.slot.extra) {
                (Some(_), _) => Origin::Schedule,
                (None, Extra::FirstStart) => Origin::FirstStart,
                (None, Extra::Wake) => Origin::Wake,
            },
            requested_by: None,
            action: None,
            params: &Json::Null,
            dry_run: false,
            queued_at: now,
            due_at: run.slot.due_at,
            place: superseded.is_none().then_some(run.place),
            behind: run.behind,
            ended: superseded.map(|cause| (RunState::Failed, cause)),
            terms: Cow::Borrowed(&run.firing.terms),
            round: run.firing.followed.then(|| match run.slot.slot {
                Some(slot) => round_of_slot(slot),
                None => round_of_run(run.id),
            }),
            rerun_of: None,
        }
    }

    /// A run that was asked for, with the hash of its definition.
    pub(super) fn requested(id: RunId, run: &'r NewRun, definition: &'r str, now: Timestamp) -> Self {
        Self {
            id,
            task: run.definition.name.as_str(),
            kind: run.definition.kind.as_str(),
            definition,
            slot: run.slot,
            origin: run.origin,
            requested_by: run.requested_by.as_deref(),
            action: run.action.as_ref().map(AsRef::as_ref),
            params: &run.params,
            dry_run: run.dry_run,
            queued_at: now,
            due_at: now,
            place: None,
            behind: None,
            ended: None,
            terms: Cow::Owned(run.definition.terms()),
            round: match &run.round {
                Round::Alone => None,
                Round::Own => Some(round_of_run(id)),
                Round::Of(round) => Some(round.clone()),
            },
            rerun_of: run.rerun_of,
        }
    }

    /// In this place, behind that run.
    pub(super) fn in_place(self, place: u32, behind: Option<RunId>) -> Self {
        Self { place: Some(place), behind, ..self }
    }

    /// In this round, after others.
    pub(super) fn in_round(self, round: &str) -> Self {
        Self { round: Some(round.to_owned()), ..self }
    }

    /// Recorded as ended at once, for this reason.
    pub(super) fn ended(self, state: RunState, cause: &'r str) -> Self {
        Self { ended: Some((state, cause)), ..self }
    }

    fn start_by(&self) -> Option<Timestamp> {
        let within = delta(self.terms.start_within?.get());
        self.due_at.checked_add_signed(within)
    }

    fn values(&self, taken: &HashSet<(String, String)>) -> [Value; 26] {
        let is_free =
            |round: &&String| taken.is_empty() || !taken.contains(&(self.task.to_owned(), (*round).clone()));
        let round = self.round.as_ref().filter(is_free);
        let names = |names: &[&str]| (!names.is_empty()).then(|| Json::from(names.to_vec()).to_string());
        let leases: Vec<_> = self.terms.leases.iter().map(AsRef::as_ref).collect();
        let labels: Vec<_> = self.terms.runs_on.iter().map(AsRef::as_ref).collect();
        let state = self.ended.map_or(RunState::Queued, |(state, _)| state);
        [
            self.id.0.into(),
            self.task.into(),
            self.kind.into(),
            self.definition.into(),
            self.slot.into(),
            self.origin.as_str().into(),
            self.requested_by.into(),
            self.action.into(),
            self.params.into(),
            self.dry_run.into(),
            state.as_str().into(),
            self.queued_at.into(),
            self.due_at.into(),
            self.slot.unwrap_or(self.queued_at).into(),
            self.ended.map(|_| self.queued_at).into(),
            self.ended.map(|(_, cause)| cause).into(),
            self.place.map(i64::from).into(),
            self.behind.map(|run| run.0).into(),
            round.map(String::as_str).into(),
            round.is_some().into(),
            self.rerun_of.map(|run| run.0).into(),
            self.terms.pool.as_ref().map(AsRef::as_ref).into(),
            names(&leases).as_deref().into(),
            names(&labels).as_deref().into(),
            self.terms.alone.into(),
            self.start_by().into(),
        ]
    }
}

/// Takes numbers for so many runs and returns the first. Whoever takes numbers holds them until its transaction ends, so
/// runs become visible in the order of their numbers and a page of runs never misses one.
pub(super) async fn numbers(session: &mut Session<'_>, count: usize) -> Outcome<RunId> {
    if count == 0 {
        return Ok(RunId(0));
    }
    let count = count as i64;
    let statement =
        Statement::new("UPDATE numbers SET value = value + $1 WHERE name = 'run' RETURNING value")
            .bind(count);
    let row = session.row(statement).await?;
    let row = row.ok_or_else(|| Fault::Unreadable("table numbers has no row for runs".to_owned()))?;
    Ok(RunId(row.int("value")? - count + 1))
}

/// Which rounds of these runs have a run of the same task already.
async fn taken_rounds(session: &mut Session<'_>, runs: &[NewRow<'_>]) -> Outcome<HashSet<(String, String)>> {
    let with_round = runs.iter().filter_map(|run| Some((run.task, run.round.as_deref()?)));
    let rows = Rows::of(with_round, |(task, round)| [task.into(), round.into()]);
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let text = sql!(
        "SELECT runs.task AS task, runs.round AS round FROM" ROWS
        "JOIN runs ON runs.task = e.value->>0 AND runs.round = e.value->>1"
    );
    let taken = session.rows(Statement::new(text).bind(rows)).await?;
    taken.iter().map(|row| Ok((row.text("task")?, row.text("round")?))).collect()
}

/// Records runs. A round has one run of each task: a later one, as when a person ran the slot before it was due, is
/// recorded without a round, and nothing follows it.
pub(super) async fn insert(session: &mut Session<'_>, runs: &[NewRow<'_>]) -> Outcome<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let text = sql!(
        "INSERT INTO runs (id, task, kind, definition, slot, origin, requested_by, action, params, dry_run, state,
            queued_at, due_at, rank_at, ended_at, cause, place, behind, round, follow, rerun_of, pool, leases, labels,
            alone, start_by)
         SELECT CAST(e.value->>0 AS BIGINT), e.value->>1, e.value->>2, e.value->>3, CAST(e.value->>4 AS BIGINT),
            e.value->>5, e.value->>6, e.value->>7, e.value->>8, CAST(e.value->>9 AS BIGINT), e.value->>10,
            CAST(e.value->>11 AS BIGINT), CAST(e.value->>12 AS BIGINT), CAST(e.value->>13 AS BIGINT),
            CAST(e.value->>14 AS BIGINT), e.value->>15, CAST(e.value->>16 AS BIGINT),
            CAST(e.value->>17 AS BIGINT), e.value->>18, CAST(e.value->>19 AS BIGINT),
            CAST(e.value->>20 AS BIGINT), e.value->>21, e.value->>22, e.value->>23,
            CAST(e.value->>24 AS BIGINT), CAST(e.value->>25 AS BIGINT)
         FROM" ROWS
    );
    let taken = taken_rounds(session, runs).await?;
    let rows = Rows::of(runs, |run| run.values(&taken));
    session.execute(Statement::new(text).bind(rows)).await.map(drop)
}

/// Ends queued and waiting runs for these causes. If one of them was started meanwhile, all is to be done again.
pub(super) async fn end_unstarted(
    session: &mut Session<'_>,
    state: RunState,
    causes: &[(RunId, String)],
    now: Timestamp,
) -> Outcome<()> {
    let text = sql!(
        "UPDATE runs SET state = $2, ended_at = $3, cause = e.value->>1, place = NULL FROM" ROWS
        "WHERE runs.id = CAST(e.value->>0 AS BIGINT) AND runs.ended_at IS NULL AND runs.state <> 'running'"
    );
    let rows = Rows::of(causes, |(run, cause)| [run.0.into(), cause.as_str().into()]);
    let ended = session.execute(Statement::new(text).bind(rows).bind(state.as_str()).bind(now)).await?;
    if ended == causes.len() as u64 { Ok(()) } else { Err(Fault::Raced) }
}
