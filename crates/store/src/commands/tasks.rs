//! Tasks and the versions of their definitions. It does not say what a definition means.

use std::collections::{HashMap, HashSet};

use roundsman_model::{Pause, Reason, RunState, TaskDefinition, TaskName, Timestamp, Verdict};
use serde_json::Value as Json;

use super::{Command, checks, counters::Counts, fire, leader, limits::SetLimits};
use crate::{
    Fired, Firing, Installation, Installed, TaskRow, Wake,
    sql::{Outcome, Row, Rows, Session, Statement, sql},
};

/// Why a run of a task that is gone does not go on.
pub(super) const REMOVED: &str = "the task was removed from the configuration";

/// Locks a task's row. Returns whether there is one.
pub(super) async fn lock(session: &mut Session<'_>, task: &TaskName) -> Outcome<bool> {
    let statement = Statement::new(sql!("SELECT name FROM tasks WHERE name = $1" LOCKED));
    Ok(session.row(statement.bind(task.as_str())).await?.is_some())
}

/// Refuses what was decided over the task's slots so far. Returns whether there is such a task; its row is locked.
pub(super) async fn revise(session: &mut Session<'_>, task: &TaskName) -> Outcome<bool> {
    let statement = Statement::new("UPDATE tasks SET revision = revision + 1 WHERE name = $1");
    Ok(session.execute(statement.bind(task.as_str())).await? > 0)
}

/// Puts definitions in force, and what goes with them.
pub(crate) struct Install {
    pub(crate) what: Installation,
    pub(crate) epoch: Option<i64>,
    pub(crate) now: Timestamp,
}

impl Command for Install {
    type Reply = Installed;
    const WHAT: &'static str = "install the tasks' definitions";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Installed> {
        if let Some(epoch) = self.epoch
            && !leader::leads(session, epoch).await?
        {
            return Ok(Installed::Deposed);
        }
        let known = known(session).await?;
        // The old definitions have the last word about slots up to now, while they are still in force.
        let mut closing = fire::plan(session, &self.what.closing).await?;
        let moved = self.what.closing.iter().zip(&closing.fired).filter(|(_, fired)| **fired == Fired::Moved);
        let moved: Vec<_> = moved.map(|(firing, _)| firing.task.clone()).collect();
        if !moved.is_empty() {
            return Ok(Installed::Moved(moved));
        }
        if let Some((pools, budgets)) = &self.what.limits {
            SetLimits { pools: pools.clone(), budgets: budgets.clone() }.run(session).await?;
        }
        fire::carry_out(session, &mut closing, self.now).await?;
        self.put_in_force(session, &known).await?;
        let first = self.first(&known);
        let mut first = fire::plan(session, &first).await?;
        fire::carry_out(session, &mut first, self.now).await?;
        Ok(Installed::Done)
    }
}

impl Install {
    async fn put_in_force(&self, session: &mut Session<'_>, known: &HashMap<TaskName, Known>) -> Outcome<()> {
        let definitions = &self.what.definitions;
        let mut wanted: Vec<_> =
            definitions.iter().map(|definition| (definition, definition.hash())).collect();
        wanted.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let changed = wanted.iter().filter(|(definition, hash)| {
            known.get(&definition.name).is_none_or(|task| task.hash != *hash || !task.in_force)
        });
        let changed: Vec<_> = changed.map(|(definition, hash)| (*definition, hash.as_str())).collect();
        put_in_force(session, &changed, self.now).await?;
        let named: HashSet<_> = definitions.iter().map(|definition| &definition.name).collect();
        let gone = known.iter().filter(|(name, task)| task.in_force && !named.contains(name));
        remove(session, gone.map(|(name, _)| name), self.now).await
    }

    /// First runs of tasks that begin with this: their ledgers are as they were just made.
    fn first(&self, known: &HashMap<TaskName, Known>) -> Vec<Firing> {
        let begins = |firing: &&Firing| known.get(&firing.task).is_none_or(|task| !task.was_seen);
        let first = self.what.first.iter().filter(begins).cloned().map(|mut firing| {
            firing.revision = known.get(&firing.task).map_or(0, |task| task.revision + 1);
            (firing.ledger_was, firing.ledger_until) = (Some(self.now), self.now);
            firing
        });
        first.collect()
    }
}

struct Known {
    hash: String,
    in_force: bool,
    was_seen: bool,
    revision: i64,
}

/// All tasks. Their rows are locked in one order, so that firing and a second daemon wait rather than cross.
async fn known(session: &mut Session<'_>) -> Outcome<HashMap<TaskName, Known>> {
    let text = sql!("SELECT name, hash, removed_at, first_seen, revision FROM tasks ORDER BY name" LOCKED);
    let rows = session.rows(Statement::new(text)).await?;
    rows.iter().map(|row| Ok((row.name("name")?, Known::from(row)?))).collect()
}

impl Known {
    fn from(row: &Row) -> Outcome<Self> {
        let was_seen = row.at_or_none("first_seen")?.is_some();
        let in_force = was_seen && row.at_or_none("removed_at")?.is_none();
        Ok(Self { hash: row.text("hash")?, in_force, was_seen, revision: row.int("revision")? })
    }
}

async fn put_in_force(
    session: &mut Session<'_>,
    definitions: &[(&TaskDefinition, &str)],
    now: Timestamp,
) -> Outcome<()> {
    if definitions.is_empty() {
        return Ok(());
    }
    record(session, definitions, now).await?;
    let rows =
        || Rows::of(definitions, |(definition, hash)| [definition.name.as_str().into(), (*hash).into()]);
    // A task that was away begins its ledger anew: while it was not configured it had no slots.
    let text = sql!(
        "INSERT INTO tasks (name, hash, valid_from, first_seen, ledger_until)
         SELECT e.value->>0, e.value->>1, $2, $2, $2 FROM" ROWS "WHERE true
         ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, valid_from = excluded.valid_from,
            first_seen = COALESCE(tasks.first_seen, excluded.first_seen), removed_at = NULL,
            revision = tasks.revision + 1,
            ledger_until = CASE WHEN tasks.removed_at IS NULL AND tasks.ledger_until IS NOT NULL
                                THEN tasks.ledger_until ELSE excluded.ledger_until END"
    );
    session.execute(Statement::new(text).bind(rows()).bind(now)).await?;
    let text = sql!(
        "INSERT INTO versions (task, valid_from, hash) SELECT e.value->>0, $2, e.value->>1 FROM" ROWS "WHERE true
         ON CONFLICT (task, valid_from) DO UPDATE SET hash = excluded.hash"
    );
    session.execute(Statement::new(text).bind(rows()).bind(now)).await.map(drop)
}

/// Keeps what a hash means.
pub(super) async fn record(
    session: &mut Session<'_>,
    definitions: &[(&TaskDefinition, &str)],
    now: Timestamp,
) -> Outcome<()> {
    let rows = Rows::of(definitions, |(definition, hash)| {
        let body = serde_json::to_value(definition).unwrap_or(Json::Null);
        [definition.name.as_str().into(), (*hash).into(), (&body).into()]
    });
    let text = sql!(
        "INSERT INTO definitions (task, hash, definition, recorded_at)
         SELECT e.value->>0, e.value->>1, e.value->>2, $2 FROM" ROWS "WHERE true
         ON CONFLICT (task, hash) DO NOTHING"
    );
    session.execute(Statement::new(text).bind(rows).bind(now)).await.map(drop)
}

/// Marks tasks removed; what of them has not started does not start any more.
async fn remove(
    session: &mut Session<'_>,
    names: impl Iterator<Item = &TaskName>,
    now: Timestamp,
) -> Outcome<()> {
    let rows = Rows::of(names, |name| [name.as_str().into()]);
    if rows.is_empty() {
        return Ok(());
    }
    let names: crate::sql::Value = rows.into();
    let text = sql!(
        "UPDATE tasks SET removed_at = $2, revision = revision + 1 FROM" ROWS "WHERE tasks.name = e.value->>0"
    );
    session.execute(Statement::new(text).bind(names.clone()).bind(now)).await?;
    let text = sql!("DELETE FROM wakes WHERE task IN (SELECT e.value->>0 FROM" ROWS ")");
    session.execute(Statement::new(text).bind(names.clone())).await?;
    checks::forget(session, names.clone()).await?;
    let text = sql!(
        "UPDATE runs SET state = 'cancelled', ended_at = $2, place = NULL, cause = $3
         FROM" ROWS "WHERE runs.task = e.value->>0 AND runs.ended_at IS NULL AND runs.state <> 'running'
         RETURNING id, task"
    );
    let ended = session.rows(Statement::new(text).bind(names).bind(now).bind(REMOVED)).await?;
    let mut counts = Counts::default();
    for row in &ended {
        counts.run_ended(&row.name("task")?, RunState::Cancelled);
    }
    let ids = ended.iter().map(|row| row.run("id")).collect::<Outcome<Vec<_>>>()?;
    super::slots::judge_unstarted(session, &ids, (Verdict::Skipped, Reason::Disabled), &mut counts, now)
        .await?;
    counts.write(session).await
}

/// Lists tasks.
pub(crate) enum Tasks {
    /// All of them.
    All,
    /// These.
    Named(Vec<TaskName>),
}

impl Command for Tasks {
    type Reply = Vec<TaskRow>;
    const WHAT: &'static str = "list tasks";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<TaskRow>> {
        // The revision before the pauses: a pause that comes between is then known too early, and a firing that knows of
        // it under the old revision is refused. The other way round it would be too late.
        let statement = match self {
            Self::All => Statement::new(
                "SELECT d.definition, t.hash, t.valid_from, t.first_seen, t.ledger_until, t.removed_at, t.revision,
                    w.at AS wake_at, w.run AS wake_run
                 FROM tasks t JOIN definitions d ON d.task = t.name AND d.hash = t.hash
                    LEFT JOIN wakes w ON w.task = t.name
                 ORDER BY t.name",
            ),
            Self::Named(names) => Statement::new(sql!(
                "SELECT d.definition, t.hash, t.valid_from, t.first_seen, t.ledger_until, t.removed_at, t.revision,
                    w.at AS wake_at, w.run AS wake_run
                 FROM" ROWS "JOIN tasks t ON t.name = e.value->>0
                    JOIN definitions d ON d.task = t.name AND d.hash = t.hash
                    LEFT JOIN wakes w ON w.task = t.name
                 ORDER BY t.name"
            ))
            .bind(Rows::of(names, |name| [name.as_str().into()])),
        };
        let mut tasks = session.rows(statement).await?.iter().map(task).collect::<Outcome<Vec<_>>>()?;
        let mut pauses = pauses(session).await?;
        for task in &mut tasks {
            task.pauses = pauses.remove(&task.definition.name).unwrap_or_default();
        }
        Ok(tasks)
    }
}

fn task(row: &Row) -> Outcome<TaskRow> {
    let wake = match row.at_or_none("wake_at")? {
        Some(at) => Some(Wake { at, run: row.run("wake_run")? }),
        None => None,
    };
    Ok(TaskRow {
        definition: row.json("definition")?,
        hash: row.text("hash")?,
        valid_from: row.at("valid_from")?,
        first_seen: row.at_or_none("first_seen")?,
        ledger_until: row.at_or_none("ledger_until")?,
        removed_at: row.at_or_none("removed_at")?,
        revision: row.int("revision")?,
        pauses: Vec::new(),
        wake,
    })
}

/// The pauses that can still matter to a slot that is not in the ledger, oldest first. The ledger never gets past an
/// instant that is still to come, so the pause in force is among them.
async fn pauses(session: &mut Session<'_>) -> Outcome<HashMap<TaskName, Vec<Pause>>> {
    let statement = Statement::new(
        "SELECT p.task, p.from_at, p.until_at, p.by_whom, p.reason
         FROM pauses p JOIN tasks t ON t.name = p.task
         WHERE p.until_at IS NULL OR t.ledger_until IS NULL OR p.until_at > t.ledger_until
         ORDER BY p.from_at",
    );
    let mut pauses: HashMap<TaskName, Vec<Pause>> = HashMap::new();
    for row in session.rows(statement).await? {
        let pause = Pause {
            from: row.at("from_at")?,
            until: row.at_or_none("until_at")?,
            by: row.text("by_whom")?,
            reason: row.get("reason")?,
        };
        pauses.entry(row.name("task")?).or_default().push(pause);
    }
    Ok(pauses)
}

/// Finds what a hash means.
pub(crate) struct Definition {
    pub(crate) task: TaskName,
    pub(crate) hash: String,
}

impl Command for Definition {
    type Reply = Option<TaskDefinition>;
    const WHAT: &'static str = "read a definition";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<TaskDefinition>> {
        let statement = Statement::new("SELECT definition FROM definitions WHERE task = $1 AND hash = $2");
        let row = session.row(statement.bind(self.task.as_str()).bind(self.hash.as_str())).await?;
        row.map(|row| row.json("definition")).transpose()
    }
}
