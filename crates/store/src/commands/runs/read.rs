//! Reading runs and their attempts. It changes nothing.

use roundsman_model::{Run, RunId, RunState, RunTerms, Timestamp};

use crate::{
    AttemptRow, HeldRun, Holder, RunFilter, RunLease,
    commands::Command,
    sql::{Fault, Outcome, Row, Session, Statement, Text, sql},
};

/// Makes a run of a row with the columns `RUN`.
pub(in crate::commands) fn run(row: &Row) -> Outcome<Run> {
    Ok(Run {
        id: row.run("id")?,
        task: row.name("task")?,
        kind: row.name("kind")?,
        definition: row.text("definition")?,
        slot: row.at_or_none("slot")?,
        origin: row.word("origin")?,
        requested_by: row.get("requested_by")?,
        action: row.name_or_none("action")?,
        params: row.json("params")?,
        dry_run: row.flag("dry_run")?,
        state: row.word("state")?,
        attempt: row.small("attempt")?,
        uncounted: row.small("uncounted")?,
        queued_at: row.at("queued_at")?,
        due_at: row.at("due_at")?,
        started_at: row.at_or_none("started_at")?,
        ended_at: row.at_or_none("ended_at")?,
        cause: row.get("cause")?,
        outcome: row.json_or_none("outcome")?,
        round: row.get("round")?,
        rerun_of: row.get::<Option<i64>>("rerun_of")?.map(RunId),
        stop: row.json_or_none("stop")?,
        terms: RunTerms {
            pool: row.name_or_none("pool")?,
            leases: row.json_or_none("leases")?.unwrap_or_default(),
            runs_on: row.json_or_none("labels")?.unwrap_or_default(),
            start_within: None,
            alone: row.flag("alone")?,
        },
        start_by: row.at_or_none("start_by")?,
    })
}

/// Reads a run that is known to be there.
pub(in crate::commands) async fn existing(session: &mut Session<'_>, id: RunId) -> Outcome<Run> {
    let found = FindRun(id).run(session).await?;
    found.ok_or_else(|| Fault::Unreadable(format!("run {id} has vanished")))
}

/// Finds a run.
pub(crate) struct FindRun(pub(crate) RunId);

impl Command for FindRun {
    type Reply = Option<Run>;
    const WHAT: &'static str = "read a run";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Run>> {
        let statement = Statement::new(sql!("SELECT" RUN "FROM runs WHERE id = $1")).bind(self.0.0);
        session.row(statement).await?.map(|row| run(&row)).transpose()
    }
}

/// Lists runs, newest first.
pub(crate) struct ListRuns(pub(crate) RunFilter);

impl Command for ListRuns {
    type Reply = Vec<Run>;
    const WHAT: &'static str = "list runs";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Run>> {
        let RunFilter { task, states, round, since, before, limit } = &self.0;
        if let Some(round) = round {
            return of_round(session, round, &self.0).await;
        }
        let first = match since {
            Some(since) => first_since(session, *since).await?,
            None => RunId(0),
        };
        let before = before.unwrap_or(RunId(i64::MAX));
        let base = |state: Option<&RunState>| {
            let text = page_text(task.is_some(), state.map(|state| state.is_active()));
            let statement = Statement::new(text).bind(first.0).bind(before.0).bind(*limit);
            task.iter().fold(statement, |statement, task| statement.bind(task.as_str()))
        };
        if states.is_empty() {
            return session.rows(base(None)).await?.iter().map(run).collect();
        }
        // One statement for each state: only then is the answer read off an index, however long the history is.
        let mut found = Vec::new();
        for state in states {
            found.extend(session.rows(base(Some(state)).bind(state.as_str())).await?);
        }
        let mut runs = found.iter().map(run).collect::<Outcome<Vec<_>>>()?;
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        runs.dedup_by_key(|run| run.id);
        runs.truncate(*limit as usize);
        Ok(runs)
    }
}

/// Reads a page: of one task or of all; of all states, or of one in which runs are active or have ended, which says which
/// index the answer is read off.
fn page_text(of_task: bool, active: Option<bool>) -> Text {
    match (of_task, active) {
        (false, None) => {
            sql!("SELECT" RUN "FROM runs WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3")
        }
        (true, None) => sql!("SELECT" RUN "FROM runs WHERE id >= $1 AND id < $2 AND task = $4
            ORDER BY id DESC LIMIT $3"),
        (false, Some(true)) => sql!("SELECT" RUN "FROM runs WHERE id >= $1 AND id < $2 AND state = $4
            AND ended_at IS NULL ORDER BY id DESC LIMIT $3"),
        (true, Some(true)) => {
            sql!("SELECT" RUN "FROM runs WHERE id >= $1 AND id < $2 AND task = $4 AND state = $5
            AND ended_at IS NULL ORDER BY id DESC LIMIT $3")
        }
        (false, Some(false)) => sql!("SELECT" RUN "FROM runs WHERE id >= $1 AND id < $2 AND state = $4
            AND ended_at IS NOT NULL ORDER BY id DESC LIMIT $3"),
        (true, Some(false)) => {
            sql!("SELECT" RUN "FROM runs WHERE id >= $1 AND id < $2 AND task = $4 AND state = $5
            AND ended_at IS NOT NULL ORDER BY id DESC LIMIT $3")
        }
    }
}

/// The runs of a round are few: they are filtered here.
async fn of_round(session: &mut Session<'_>, round: &str, filter: &RunFilter) -> Outcome<Vec<Run>> {
    let statement = Statement::new(sql!("SELECT" RUN "FROM runs WHERE round = $1 ORDER BY id DESC"));
    let rows = session.rows(statement.bind(round)).await?;
    let mut runs = rows.iter().map(run).collect::<Outcome<Vec<_>>>()?;
    runs.retain(|run| {
        filter.task.as_ref().is_none_or(|task| run.task == *task)
            && (filter.states.is_empty() || filter.states.contains(&run.state))
            && filter.since.is_none_or(|since| run.queued_at >= since)
            && filter.before.is_none_or(|before| run.id < before)
    });
    runs.truncate(filter.limit as usize);
    Ok(runs)
}

/// Finds the newest run of each task.
pub(crate) struct LastRuns;

impl Command for LastRuns {
    type Reply = Vec<Run>;
    const WHAT: &'static str = "list the last runs";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Run>> {
        // One look into an index for each task, however long its history is.
        let statement = Statement::new(sql!(
            "SELECT" RUN "FROM runs WHERE id IN
                (SELECT (SELECT newest.id FROM runs AS newest WHERE newest.task = tasks.name
                         ORDER BY newest.id DESC LIMIT 1) FROM tasks)
             ORDER BY task"
        ));
        session.rows(statement).await?.iter().map(run).collect()
    }
}

/// The number of the first run recorded at or after an instant; numbers rise with time.
async fn first_since(session: &mut Session<'_>, since: Timestamp) -> Outcome<RunId> {
    let statement =
        Statement::new("SELECT id FROM runs WHERE queued_at >= $1 ORDER BY queued_at, id LIMIT 1")
            .bind(since);
    session.row(statement).await?.map_or(Ok(RunId(i64::MAX)), |row| row.run("id"))
}

/// Lists running runs with their holders.
pub(crate) struct Held;

impl Command for Held {
    type Reply = Vec<HeldRun>;
    const WHAT: &'static str = "list running runs";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<HeldRun>> {
        let statement = Statement::new(sql!(
            "SELECT" RUN ", node, boot, renewals, stops_itself, COALESCE(
                (SELECT nodes.one_shot FROM nodes WHERE nodes.node = runs.node), 0) AS one_shot,
                CAST(CASE WHEN EXISTS (SELECT 1 FROM nodes WHERE nodes.node = runs.node AND nodes.boot = runs.boot
                    AND nodes.ended_at IS NOT NULL) THEN 1 ELSE 0 END AS BIGINT) AS has_left
             FROM runs WHERE ended_at IS NULL AND state = 'running' ORDER BY id"
        ));
        session.rows(statement).await?.iter().map(held).collect()
    }
}

fn held(row: &Row) -> Outcome<HeldRun> {
    let run = run(row)?;
    let lease = RunLease { run: run.id, attempt: run.attempt, holder: holder(row)? };
    let (one_shot, stops_itself) = (row.flag("one_shot")?, row.flag("stops_itself")?);
    let left = row.flag("has_left")?;
    Ok(HeldRun { run, lease, renewals: row.int("renewals")?, one_shot, stops_itself, left })
}

fn holder(row: &Row) -> Outcome<Holder> {
    Ok(Holder { node: row.node()?, boot: row.boot()? })
}

/// Lists the attempts of a run.
pub(crate) struct Attempts(pub(crate) RunId);

impl Command for Attempts {
    type Reply = Vec<AttemptRow>;
    const WHAT: &'static str = "list attempts";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<AttemptRow>> {
        let statement = Statement::new(
            "SELECT run, number, node, boot, started_at, ended_at, report, late, cpu_ms, max_rss
             FROM attempts WHERE run = $1 ORDER BY number",
        );
        session.rows(statement.bind(self.0.0)).await?.iter().map(attempt).collect()
    }
}

fn attempt(row: &Row) -> Outcome<AttemptRow> {
    Ok(AttemptRow {
        run: row.run("run")?,
        number: row.small("number")?,
        holder: holder(row)?,
        started_at: row.at("started_at")?,
        ended_at: row.at_or_none("ended_at")?,
        end: row.json_or_none("report")?,
        late: row.flag("late")?,
        cpu_ms: row.count_or_none("cpu_ms")?,
        max_rss: row.count_or_none("max_rss")?,
    })
}
