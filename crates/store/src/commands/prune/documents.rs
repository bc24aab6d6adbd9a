//! Documents of tasks that were removed long ago: nobody can ask for them any more. Those of a task that came back stay.

use roundsman_model::{
    TaskName, Timestamp,
    document::{OWN_SPACE, own_space},
};

use crate::{
    PruneOrder,
    sql::{Outcome, Session, Statement, sql},
};

/// The most documents that go in one batch.
const PAGE: u32 = 2000;

/// How far the look at documents has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DocumentsAt {
    /// The task last looked at.
    task: Option<TaskName>,
    /// The collection and key last looked at, if the task has more.
    within: Option<(String, String)>,
}

/// Documents of one task that go.
#[derive(Debug)]
pub(crate) struct Abandoned {
    task: TaskName,
    removed_before: Timestamp,
    /// The last of them, by collection and key: all up to it go.
    last: (String, String),
    count: u64,
}

impl Abandoned {
    /// How many they are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

/// Finds a batch, and where the next begins; nothing once all tasks were looked at.
pub(super) async fn survey(
    session: &mut Session<'_>,
    order: &PruneOrder,
    at: DocumentsAt,
) -> Outcome<(Option<Abandoned>, Option<DocumentsAt>)> {
    let (task, within) = match (at.task, at.within) {
        (Some(task), Some(within)) => (task, within),
        (after, _) => match next_task(session, order, after.as_ref()).await? {
            Some(task) => (task, (String::new(), String::new())),
            None => return Ok((None, None)),
        },
    };
    let page = Statement::new(
        "SELECT collection, key FROM documents WHERE space = $1 AND (collection, key) > ($2, $3)
         ORDER BY collection, key LIMIT $4",
    );
    let page = page.bind(own_space(&task)).bind(within.0).bind(within.1).bind(PAGE);
    let rows = session.rows(page).await?;
    let Some(last) = rows.last() else {
        return Ok((None, Some(DocumentsAt { task: Some(task), within: None })));
    };
    let last: (String, String) = (last.get("collection")?, last.get("key")?);
    let within = (rows.len() == PAGE as usize).then(|| last.clone());
    let next = DocumentsAt { task: Some(task.clone()), within };
    let count = rows.len() as u64;
    Ok((Some(Abandoned { task, removed_before: order.removed_before, last, count }), Some(next)))
}

async fn next_task(
    session: &mut Session<'_>,
    order: &PruneOrder,
    after: Option<&TaskName>,
) -> Outcome<Option<TaskName>> {
    let text = "SELECT name FROM tasks WHERE removed_at < $1 AND name > $2
           AND EXISTS (SELECT 1 FROM documents WHERE space = CAST($3 AS TEXT) || tasks.name)
         ORDER BY name LIMIT 1";
    let after = after.map_or("", TaskName::as_str);
    let row =
        session.row(Statement::new(text).bind(order.removed_before).bind(after).bind(OWN_SPACE)).await?;
    row.map(|row| row.name("name")).transpose()
}

/// Takes them out, unless the task came back. Returns how many went.
pub(super) async fn forget(session: &mut Session<'_>, abandoned: &Abandoned) -> Outcome<u64> {
    // A reload that brings the task back waits for this row, or is seen here.
    let text = sql!("SELECT name FROM tasks WHERE name = $1 AND removed_at < $2" LOCKED);
    let still = Statement::new(text).bind(abandoned.task.as_str()).bind(abandoned.removed_before);
    if session.row(still).await?.is_none() {
        return Ok(0);
    }
    let (collection, key) = &abandoned.last;
    let gone = Statement::new("DELETE FROM documents WHERE space = $1 AND (collection, key) <= ($2, $3)");
    let gone = gone.bind(own_space(&abandoned.task)).bind(collection.as_str()).bind(key.as_str());
    session.execute(gone).await
}
