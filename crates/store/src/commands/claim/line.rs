//! Who is next: runs that may start, from several lines at once, oldest slot first. Runs without a pool are one line, and
//! the runs of each pool another, so that those behind a full pool are not even read. It starts nothing.

use std::collections::{BTreeSet, VecDeque};

use roundsman_model::{LeaseName, PoolName, RunId, Timestamp};

use crate::{
    Claimer,
    commands::pools,
    sql::{Outcome, Row, Session, Statement, sql},
};

/// A run that may start.
pub(in crate::commands) struct Candidate {
    pub(in crate::commands) id: RunId,
    /// Attempts begun so far.
    pub(in crate::commands) attempt: u32,
    pub(in crate::commands) pool: Option<PoolName>,
    pub(in crate::commands) leases: Vec<LeaseName>,
    rank: (i64, i64),
}

impl Candidate {
    pub(super) fn read(row: &Row) -> Outcome<Self> {
        Ok(Self {
            id: row.run("id")?,
            attempt: row.small("attempt")?,
            pool: row.name_or_none("pool")?,
            leases: row.json_or_none("leases")?.unwrap_or_default(),
            rank: (row.int("rank_at")?, row.int("id")?),
        })
    }
}

/// What a node can take, as values for `IN_TIME`, `SUITS` and `UNLEASED`.
pub(super) struct Suit {
    now: Timestamp,
    kinds: Option<String>,
    labels: String,
}

impl Suit {
    pub(super) fn of(claimer: &Claimer, now: Timestamp) -> Self {
        let json = |names: &[&str]| serde_json::Value::from(names.to_vec()).to_string();
        let kinds: Vec<_> = claimer.kinds.iter().map(AsRef::as_ref).collect();
        let labels: Vec<_> = claimer.labels.iter().map(AsRef::as_ref).collect();
        Self { now, kinds: (!kinds.is_empty()).then(|| json(&kinds)), labels: json(&labels) }
    }

    /// Binds `$1` to `$3`.
    pub(super) fn bind(&self, statement: Statement) -> Statement {
        statement.bind(self.now).bind(self.kinds.as_deref()).bind(self.labels.as_str())
    }

    /// Binds `$1` to `$4`.
    pub(super) fn bind_unleased(&self, statement: Statement, promised: &BTreeSet<LeaseName>) -> Statement {
        let promised: Vec<_> = promised.iter().map(AsRef::as_ref).collect();
        self.bind(statement).bind(serde_json::Value::from(promised).to_string())
    }
}

/// Runs that wait for the same, oldest slot first.
struct Line {
    pool: Option<PoolName>,
    /// How many more may start.
    room: usize,
    read: VecDeque<Candidate>,
    /// The last one read.
    after: (i64, i64),
    /// Whether there are none beyond.
    is_over: bool,
}

/// Chooses up to `limit` runs, and locks them; nobody else starts runs in their pools until the transaction ends. Their
/// leases are not taken yet.
pub(super) async fn choose(session: &mut Session<'_>, suit: &Suit, limit: usize) -> Outcome<Vec<Candidate>> {
    let mut promised = BTreeSet::new();
    let mut chosen = Vec::new();
    let mut lines = first(session, suit, limit).await?;
    while chosen.len() < limit {
        for line in &mut lines {
            line.refill(session, suit, &promised, limit - chosen.len()).await?;
        }
        let waiting = lines.iter_mut().filter(|line| line.rank().is_some());
        let Some(next) = waiting.min_by_key(|line| line.rank()) else { break };
        let Some(candidate) = next.read.pop_front() else { break };
        // Another one chosen here has a lease of its own: it is passed over and holds nobody up.
        if candidate.leases.iter().all(|lease| !promised.contains(lease)) {
            promised.extend(candidate.leases.iter().cloned());
            next.room -= 1;
            chosen.push(candidate);
        }
    }
    Ok(chosen)
}

/// The runs without a pool, and a line for each pool that has room and runs that wait. One statement when nothing waits
/// for a pool. The pools are found by leaping through an index from name to name.
async fn first(session: &mut Session<'_>, suit: &Suit, limit: usize) -> Outcome<Vec<Line>> {
    let text = sql!(
        "WITH RECURSIVE named(pool) AS (
            SELECT (SELECT pool FROM runs WHERE ended_at IS NULL AND state <> 'running' AND pool IS NOT NULL
                    ORDER BY pool LIMIT 1)
            UNION ALL
            SELECT (SELECT later.pool FROM runs AS later WHERE later.ended_at IS NULL AND later.state <> 'running'
                    AND later.pool IS NOT NULL AND later.pool > named.pool ORDER BY later.pool LIMIT 1)
            FROM named WHERE named.pool IS NOT NULL)
         SELECT id, rank_at, attempt, pool, leases FROM
            (SELECT id, rank_at, attempt, pool, leases FROM runs
             WHERE" READY "AND pool IS NULL AND due_at <= $1 AND" IN_TIME "AND" SUITS "AND" UNLEASED
            "ORDER BY rank_at, id LIMIT $5" LOCKED_FREE ") AS free
         UNION ALL
         SELECT NULL, NULL, NULL, named.pool, NULL FROM named WHERE named.pool IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM pools WHERE pools.name = named.pool AND pools.size <=
                (SELECT COUNT(*) FROM runs AS inside WHERE inside.pool = named.pool AND inside.state = 'running'))"
    );
    let statement = suit.bind_unleased(Statement::new(text), &BTreeSet::new()).bind(limit as i64);
    let (mut read, mut named) = (Vec::new(), Vec::new());
    for row in session.rows(statement).await? {
        match row.get::<Option<i64>>("id")? {
            Some(_) => read.push(Candidate::read(&row)?),
            None => named.push(row.name("pool")?),
        }
    }
    read.sort_by_key(|run| run.rank);
    let mut lines = vec![Line::new(None, usize::MAX)];
    lines[0].take_in(read, limit);
    let open = pools::hold(session, named).await?;
    lines.extend(open.into_iter().map(|(pool, room)| Line::new(Some(pool), room)));
    Ok(lines)
}

impl Line {
    fn new(pool: Option<PoolName>, room: usize) -> Self {
        Self { pool, room, read: VecDeque::new(), after: (i64::MIN, i64::MIN), is_over: false }
    }

    fn rank(&self) -> Option<(i64, i64)> {
        self.read.front().filter(|_| self.room > 0).map(|run| run.rank)
    }

    fn take_in(&mut self, read: Vec<Candidate>, wanted: usize) {
        self.is_over = read.len() < wanted;
        self.after = read.last().map_or(self.after, |run| run.rank);
        self.read.extend(read);
    }

    /// Reads on when all that was read is used up.
    async fn refill(
        &mut self,
        session: &mut Session<'_>,
        suit: &Suit,
        promised: &BTreeSet<LeaseName>,
        wanted: usize,
    ) -> Outcome<()> {
        let wanted = wanted.min(self.room);
        if !self.read.is_empty() || self.is_over || wanted == 0 {
            return Ok(());
        }
        let text = match self.pool {
            None => sql!(
                "SELECT id, rank_at, attempt, pool, leases FROM runs
                 WHERE" READY "AND pool IS NULL AND due_at <= $1 AND" IN_TIME "AND" SUITS "AND" UNLEASED
                "AND (rank_at, id) > ($5, $6) ORDER BY rank_at, id LIMIT $7" LOCKED_FREE
            ),
            Some(_) => sql!(
                "SELECT id, rank_at, attempt, pool, leases FROM runs
                 WHERE" READY "AND pool = $8 AND due_at <= $1 AND" IN_TIME "AND" SUITS "AND" UNLEASED
                "AND (rank_at, id) > ($5, $6) ORDER BY rank_at, id LIMIT $7" LOCKED_FREE
            ),
        };
        let (rank_at, id) = self.after;
        let statement = suit.bind_unleased(Statement::new(text), promised);
        let mut statement = statement.bind(rank_at).bind(id).bind(wanted as i64);
        if let Some(pool) = &self.pool {
            statement = statement.bind(pool.as_str());
        }
        let read = session.rows(statement).await?;
        self.take_in(read.iter().map(Candidate::read).collect::<Outcome<_>>()?, wanted);
        Ok(())
    }
}
