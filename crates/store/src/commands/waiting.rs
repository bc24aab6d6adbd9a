//! What runs wait for that are due and have not started. It decides nothing: claiming goes by the same rules on its own.

use std::collections::{BTreeSet, HashMap};

use roundsman_model::{KindName, LeaseName, NodeLabel, Origin, PoolName, Run, RunId, Timestamp};

use super::{Command, runs::read};
use crate::{
    Held, HeldBy,
    sql::{Outcome, Row, Rows, Session, Statement, Value, sql},
};

/// How long a node counts as living after its last heartbeat: three of the longest pause between two.
const LIVES_FOR: std::time::Duration = std::time::Duration::from_secs(30);

/// Lists runs that are due and have not started.
pub(crate) struct Waiting {
    pub(crate) limit: u32,
    pub(crate) now: Timestamp,
}

impl Command for Waiting {
    type Reply = Vec<Held>;
    const WHAT: &'static str = "list runs that wait";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Held>> {
        let text = sql!(
            "SELECT" RUN ", behind FROM runs WHERE ended_at IS NULL AND state <> 'running' AND due_at <= $1
             ORDER BY rank_at, id LIMIT $2"
        );
        let rows = session.rows(Statement::new(text).bind(self.now).bind(self.limit)).await?;
        explain(session, &rows, self.now).await
    }
}

/// Says what runs wait for, given as rows with the columns `RUN` and `behind`.
pub(super) async fn explain(session: &mut Session<'_>, rows: &[Row], now: Timestamp) -> Outcome<Vec<Held>> {
    let mut runs = Vec::new();
    for row in rows {
        runs.push((read::run(row)?, row.get::<Option<i64>>("behind")?.map(RunId)));
    }
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let board = Board::read(session, &runs, now).await?;
    Ok(runs.into_iter().map(|(run, behind)| Held { by: board.held_by(&run, behind), run }).collect())
}

/// What is in the way of runs.
struct Board {
    nodes: Vec<Living>,
    sizes: HashMap<PoolName, u64>,
    inside: HashMap<PoolName, Vec<Run>>,
    leases: HashMap<LeaseName, RunId>,
    /// Runs that have leases or are in front of others.
    others: HashMap<RunId, Run>,
}

struct Living {
    one_shot: bool,
    kinds: Vec<KindName>,
    labels: Vec<NodeLabel>,
}

impl Board {
    async fn read(session: &mut Session<'_>, runs: &[(Run, Option<RunId>)], now: Timestamp) -> Outcome<Self> {
        let pools: BTreeSet<_> = runs.iter().filter_map(|(run, _)| run.terms.pool.as_ref()).collect();
        let pools: Value = Rows::of(pools, |name| [name.as_str().into()]).into();
        let wanted: BTreeSet<_> = runs.iter().flat_map(|(run, _)| &run.terms.leases).collect();
        let leases = taken(session, Rows::of(wanted, |name| [name.as_str().into()]).into()).await?;
        let mut others: BTreeSet<RunId> = leases.values().copied().collect();
        others.extend(runs.iter().filter_map(|(_, behind)| *behind));
        Ok(Self {
            nodes: living(session, now).await?,
            sizes: sizes(session, pools.clone()).await?,
            inside: inside(session, pools).await?,
            leases,
            others: by_number(session, &others).await?,
        })
    }

    fn held_by(&self, run: &Run, behind: Option<RunId>) -> HeldBy {
        if let Some(front) =
            behind.and_then(|front| self.others.get(&front)).filter(|run| run.state.is_active())
        {
            return HeldBy::Run(Box::new(front.clone()));
        }
        if let Some(wanted) = self.missing_node(run) {
            return HeldBy::Node(wanted);
        }
        if let Some(pool) = &run.terms.pool
            && let Some(size) = self.sizes.get(pool)
            && let inside = self.inside.get(pool).map(Vec::as_slice).unwrap_or_default()
            && inside.len() as u64 >= *size
        {
            return HeldBy::Pool(pool.clone(), inside.to_vec());
        }
        let taken = run.terms.leases.iter().find_map(|lease| {
            let holder = self.others.get(self.leases.get(lease)?)?;
            Some(HeldBy::Lease(lease.clone(), Box::new(holder.clone())))
        });
        taken.unwrap_or(HeldBy::Worker)
    }

    /// Which node would have to live, if none does that can take the run. A one-shot node takes what was asked for there.
    fn missing_node(&self, run: &Run) -> Option<String> {
        let mut here =
            self.nodes.iter().filter(|node| !node.one_shot || run.origin == Origin::Manual).peekable();
        if here.peek().is_none() {
            return Some("a daemon".to_owned());
        }
        let has_kind = |node: &Living| node.kinds.is_empty() || node.kinds.contains(&run.kind);
        let has_labels = |node: &Living| run.terms.runs_on.iter().all(|label| node.labels.contains(label));
        let (with_kind, with_labels) = (here.clone().any(has_kind), here.clone().any(has_labels));
        if here.any(|node| has_kind(node) && has_labels(node)) {
            return None;
        }
        let labels: Vec<_> = run.terms.runs_on.iter().map(NodeLabel::as_str).collect();
        let label = if labels.len() == 1 { "label" } else { "labels" };
        let labels = format!("{label} {}", labels.join(", "));
        Some(match (with_kind, with_labels) {
            (false, true) => format!("a node with kind {}", run.kind),
            (true, false) => format!("a node with {labels}"),
            (true, true) | (false, false) => format!("a node with kind {} and {labels}", run.kind),
        })
    }
}

async fn living(session: &mut Session<'_>, now: Timestamp) -> Outcome<Vec<Living>> {
    let statement =
        Statement::new("SELECT one_shot, kinds, labels FROM nodes WHERE ended_at IS NULL AND beat_at >= $1");
    let rows = session.rows(statement.bind(now - LIVES_FOR)).await?;
    let living = |row: &Row| {
        Ok(Living {
            one_shot: row.flag("one_shot")?,
            kinds: row.json_or_none("kinds")?.unwrap_or_default(),
            labels: row.json_or_none("labels")?.unwrap_or_default(),
        })
    };
    rows.iter().map(living).collect()
}

async fn sizes(session: &mut Session<'_>, pools: Value) -> Outcome<HashMap<PoolName, u64>> {
    let text = sql!("SELECT name, size FROM pools WHERE name IN (SELECT e.value->>0 FROM" ROWS ")");
    let rows = session.rows(Statement::new(text).bind(pools)).await?;
    rows.iter().map(|row| Ok((row.name("name")?, row.count("size")?))).collect()
}

/// Who is in these pools, longest first.
async fn inside(session: &mut Session<'_>, pools: Value) -> Outcome<HashMap<PoolName, Vec<Run>>> {
    let text = sql!(
        "SELECT" RUN "FROM runs WHERE state = 'running' AND pool IN (SELECT e.value->>0 FROM" ROWS ")
         ORDER BY started_at, id"
    );
    let mut inside: HashMap<PoolName, Vec<Run>> = HashMap::new();
    for row in session.rows(Statement::new(text).bind(pools)).await? {
        let run = read::run(&row)?;
        let pool = run.terms.pool.clone();
        inside.entry(pool.map_or_else(|| row.name("pool"), Ok)?).or_default().push(run);
    }
    Ok(inside)
}

async fn taken(session: &mut Session<'_>, leases: Value) -> Outcome<HashMap<LeaseName, RunId>> {
    let text = sql!("SELECT name, run FROM leases WHERE name IN (SELECT e.value->>0 FROM" ROWS ")");
    let rows = session.rows(Statement::new(text).bind(leases)).await?;
    rows.iter().map(|row| Ok((row.name("name")?, row.run("run")?))).collect()
}

/// Reads runs by their numbers; those that are gone are left out.
pub(super) async fn by_number(
    session: &mut Session<'_>,
    ids: &BTreeSet<RunId>,
) -> Outcome<HashMap<RunId, Run>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = sql!(
        "SELECT" RUN "FROM runs WHERE id IN (SELECT CAST(e.value->>0 AS BIGINT) FROM" ROWS ")"
    );
    let rows = session.rows(Statement::new(text).bind(Rows::of(ids, |id| [id.0.into()]))).await?;
    rows.iter().map(|row| read::run(row).map(|run| (run.id, run))).collect()
}
