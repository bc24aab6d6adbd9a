//! Claiming: queued and waiting runs become running, in a new attempt, held by one boot of a node. Who is next is worked
//! out in `line`.

mod line;

use roundsman_model::{Reason, Run, RunId, RunState, Timestamp, Verdict};

pub(super) use self::line::Candidate;
use self::line::Suit;
use super::{
    Command,
    counters::Counts,
    leases, pools,
    runs::{self, read},
    slots,
};
use crate::{
    Claimed, Claimer,
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
        let suit = Suit::of(&self.me, self.now);
        let mut runs = Vec::new();
        if self.limit > 0 {
            let chosen = line::choose(session, &suit, self.limit as usize).await?;
            let chosen = leases::take(session, chosen, self.now).await?;
            let mut counts = Counts::default();
            runs = start(session, &chosen, &self.me, &mut counts, self.now).await?;
            counts.write(session).await?;
        }
        Ok(Claimed { runs, next_due: next_due(session, &suit).await? })
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
        let mut counts = Counts::default();
        let run = start_one(session, self.run, &self.me, &mut counts, self.now).await?;
        counts.write(session).await?;
        Ok(run)
    }
}

/// Lets one run begin its next attempt if it is due, this node may take it, and there is a place and all leases for it.
pub(super) async fn start_one(
    session: &mut Session<'_>,
    run: RunId,
    me: &Claimer,
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<Option<Run>> {
    let text = sql!(
        "SELECT id, rank_at, attempt, pool, leases FROM runs
         WHERE" READY "AND due_at <= $1 AND" IN_TIME "AND" SUITS "AND" UNLEASED "AND id = $5" LOCKED_FREE
    );
    let suit = Suit::of(me, now);
    let statement = suit.bind_unleased(Statement::new(text), &std::collections::BTreeSet::new());
    let Some(row) = session.row(statement.bind(run.0)).await? else { return Ok(None) };
    let candidate = Candidate::read(&row)?;
    if candidate.pool.is_some() {
        let pools = candidate.pool.iter().cloned().collect();
        if pools::hold(session, pools).await?.is_empty() {
            return Ok(None);
        }
    }
    let chosen = leases::take(session, vec![candidate], now).await?;
    Ok(start(session, &chosen, me, counts, now).await?.pop())
}

/// Lets runs begin their next attempt. They are locked, there are places for them, and they have their leases.
async fn start(
    session: &mut Session<'_>,
    chosen: &[Candidate],
    me: &Claimer,
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<Vec<Run>> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Value = Rows::of(chosen, |run| [run.id.0.into()]).into();
    let text = sql!(
        "UPDATE runs SET state = 'running', attempt = attempt + 1, started_at = COALESCE(started_at, $2),
            node = $3, boot = $4, renewals = renewals + 1, cause = NULL, stops_itself = alone * $5,
            has_leases = CASE WHEN leases IS NULL THEN 0 ELSE 1 END
         FROM" ROWS "WHERE runs.id = CAST(e.value->>0 AS BIGINT) RETURNING" RUN
    );
    let (node, boot) = (me.holder.node.as_str(), me.holder.boot.as_str());
    let statement = Statement::new(text).bind(rows.clone()).bind(now).bind(node).bind(boot);
    let started = session.rows(statement.bind(me.stops_workers)).await?;
    let text = sql!(
        "INSERT INTO attempts (run, number, node, boot, started_at)
         SELECT runs.id, runs.attempt, $3, $4, $2 FROM" ROWS "JOIN runs ON runs.id = CAST(e.value->>0 AS BIGINT)"
    );
    session.execute(Statement::new(text).bind(rows).bind(now).bind(node).bind(boot)).await?;
    let mut runs = started.iter().map(read::run).collect::<Outcome<Vec<_>>>()?;
    // Only the first attempt judges a slot.
    let first = runs.iter().filter(|run| run.attempt == 1 && run.slot.is_some());
    let first: Vec<_> = first.map(|run| run.id).collect();
    slots::judge_started(session, &first, counts, now).await?;
    let order = |run: &Run| chosen.iter().position(|candidate| candidate.id == run.id);
    runs.sort_by_cached_key(order);
    Ok(runs)
}

/// When the next run falls due that this node can take.
async fn next_due(session: &mut Session<'_>, suit: &Suit) -> Outcome<Option<Timestamp>> {
    let text =
        sql!("SELECT due_at FROM runs WHERE" READY "AND" IN_TIME "AND" SUITS "ORDER BY due_at LIMIT 1");
    let next = session.row(suit.bind(Statement::new(text))).await?;
    next.map(|row| row.at("due_at")).transpose()
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
