//! Extra runs that earlier ones asked for: at most one for a task. Firing takes them out; here they only come in.

use roundsman_model::{RunId, TaskName, Timestamp};

use crate::sql::{Outcome, Session, Statement};

/// Tells firing that the wake-up of the run's task may change: what it decided so far is refused.
pub(super) async fn announce(session: &mut Session<'_>, run: RunId) -> Outcome<()> {
    let statement = Statement::new(
        "UPDATE tasks SET revision = revision + 1 WHERE name = (SELECT task FROM runs WHERE id = $1)",
    );
    session.execute(statement.bind(run.0)).await.map(drop)
}

/// Keeps a wake-up. The run that ended last knows best: an earlier wish gives way.
pub(super) async fn put(
    session: &mut Session<'_>,
    task: &TaskName,
    at: Timestamp,
    run: RunId,
) -> Outcome<()> {
    let statement = Statement::new(
        "INSERT INTO wakes (task, at, run) VALUES ($1, $2, $3)
         ON CONFLICT (task) DO UPDATE SET at = excluded.at, run = excluded.run",
    );
    session.execute(statement.bind(task.as_str()).bind(at).bind(run.0)).await.map(drop)
}
