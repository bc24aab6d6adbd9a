//! Claiming: queued and waiting runs become running, in a new attempt, held by one boot of a node.

use roundsman_model::{Reason, Run, RunId, RunState, Timestamp, Verdict};

use super::{
    Command,
    counters::Counts,
    runs::{self, read},
    slots,
};
use crate::{
    Claimed, Claimer, Holder,
    sql::{Fault, Outcome, Rows, Session, Statement, Value, sql},
};

/// Takes runs that are due.
pub(crate) struct Claim {
    pub(crate) me: Claimer,
    pub(crate) limit: u32,
    pub(crate) now: Timestamp,
}

impl Command for Claim {
    type Reply = Claimed;
    const WHAT: &'static str = "claim runs";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Claimed> {
        let text = sql!(
            "SELECT id FROM runs WHERE" READY "AND due_at <= $1 ORDER BY rank_at, id LIMIT $2" LOCKED_FREE
        );
        let ready = session.rows(Statement::new(text).bind(self.now).bind(self.limit)).await?;
        let ids = ready.iter().map(|row| row.run("id")).collect::<Outcome<Vec<_>>>()?;
        let mut counts = Counts::default();
        let runs = start(session, &ids, &self.me.holder, &mut counts, self.now).await?;
        counts.write(session).await?;
        Ok(Claimed { runs, next_due: next_due(session).await? })
    }
}

/// Takes one run, if it is due and nobody else has it.
pub(crate) struct ClaimRun {
    pub(crate) me: Claimer,
    pub(crate) run: RunId,
    pub(crate) now: Timestamp,
}

impl Command for ClaimRun {
    type Reply = Option<Run>;
    const WHAT: &'static str = "claim a run";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Run>> {
        let text = sql!("SELECT id FROM runs WHERE" READY "AND id = $1 AND due_at <= $2" LOCKED_FREE);
        let ready = session.row(Statement::new(text).bind(self.run.0).bind(self.now)).await?;
        let ids: Vec<RunId> = ready.iter().map(|_| self.run).collect();
        let mut counts = Counts::default();
        let runs = start(session, &ids, &self.me.holder, &mut counts, self.now).await?;
        counts.write(session).await?;
        Ok(runs.into_iter().next())
    }
}

/// Lets runs begin their next attempt. They must be queued or waiting, and locked.
pub(super) async fn start(
    session: &mut Session<'_>,
    ids: &[RunId],
    me: &Holder,
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<Vec<Run>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Value = Rows::of(ids, |run| [run.0.into()]).into();
    let text = sql!(
        "UPDATE runs SET state = 'running', attempt = attempt + 1, started_at = COALESCE(started_at, $2),
            node = $3, boot = $4, renewals = renewals + 1, cause = NULL
         FROM" ROWS "WHERE runs.id = CAST(e.value->>0 AS BIGINT) RETURNING" RUN
    );
    let (node, boot) = (me.node.as_str(), me.boot.as_str());
    let statement = Statement::new(text).bind(rows.clone()).bind(now).bind(node).bind(boot);
    let started = session.rows(statement).await?;
    let text = sql!(
        "INSERT INTO attempts (run, number, node, boot, started_at)
         SELECT runs.id, runs.attempt, $3, $4, $2 FROM" ROWS "JOIN runs ON runs.id = CAST(e.value->>0 AS BIGINT)"
    );
    session.execute(Statement::new(text).bind(rows).bind(now).bind(node).bind(boot)).await?;
    slots::judge_started(session, ids, counts, now).await?;
    let mut runs = started.iter().map(read::run).collect::<Outcome<Vec<_>>>()?;
    let order = |run: &Run| ids.iter().position(|id| *id == run.id);
    runs.sort_by_cached_key(order);
    Ok(runs)
}

/// When the next run falls due.
async fn next_due(session: &mut Session<'_>) -> Outcome<Option<Timestamp>> {
    let text = sql!("SELECT due_at FROM runs WHERE" READY "ORDER BY due_at LIMIT 1");
    session.row(Statement::new(text)).await?.map(|row| row.at("due_at")).transpose()
}

/// Ends a run that is not to start any more.
pub(crate) struct GiveUp {
    pub(crate) run: RunId,
    pub(crate) state: RunState,
    pub(crate) cause: String,
    pub(crate) now: Timestamp,
}

impl Command for GiveUp {
    type Reply = bool;
    const WHAT: &'static str = "give a run up";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<bool> {
        let mut counts = Counts::default();
        let verdict = (Verdict::Missed, Reason::NotStarted);
        match end_unstarted(session, (self.run, self.state), &self.cause, verdict, &mut counts, self.now)
            .await
        {
            // It has started or ended meanwhile: nothing is left to give up.
            Err(Fault::Raced) => return Ok(false),
            other => other?,
        }
        counts.write(session).await?;
        Ok(true)
    }
}

/// Ends a run that gives its place to a newer one.
pub(super) async fn supersede(
    session: &mut Session<'_>,
    run: RunId,
    cause: &str,
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    end_unstarted(
        session,
        (run, RunState::Failed),
        cause,
        (Verdict::Skipped, Reason::Superseded),
        counts,
        now,
    )
    .await
}

async fn end_unstarted(
    session: &mut Session<'_>,
    (run, state): (RunId, RunState),
    cause: &str,
    verdict: (Verdict, Reason),
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    runs::end_unstarted(session, state, &[(run, cause.to_owned())], now).await?;
    counts.run_ended(&read::existing(session, run).await?.task, state);
    slots::judge_unstarted(session, &[run], verdict, counts, now).await
}
