//! Which runs of a task go for their age, for their number, or because they only repeat the one before. It looks at a
//! bounded number of runs each time, newest first, and writes nothing.

use roundsman_model::{
    History, Origin, RunId, TaskDefinition, TaskName, Timestamp,
    retention::{Ended, Fate, Keep, Walk, likeness},
};

use super::{BATCH_BYTES, Leaving, sizes};
use crate::{
    PruneOrder,
    sql::{Outcome, Row, Session, Statement},
};

/// The most runs looked at in one go, over all tasks.
const EFFORT: usize = 2000;
/// The most runs read at once.
const PAGE: usize = 500;
/// What finding out that nothing of a task goes counts for.
const NEXT_TASK: usize = 20;

/// How far the look at runs has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RunsAt {
    /// The task last looked at.
    task: Option<TaskName>,
    /// How far into its runs, if there are more.
    within: Option<(RunId, Walk)>,
}

/// A run and what bears on it.
struct Looked {
    id: RunId,
    ended: Ended,
    started_at: Option<Timestamp>,
    queued_at: Timestamp,
}

/// Finds a batch of runs that go, and where the next begins; nothing once all tasks were looked at.
pub(super) async fn survey(
    session: &mut Session<'_>,
    order: &PruneOrder,
    mut at: RunsAt,
) -> Outcome<(Vec<Leaving>, Option<RunsAt>)> {
    let batch = order.batch.max(1) as usize;
    let (mut leaving, mut bytes, mut effort) = (Vec::new(), 0, 0);
    while effort < EFFORT && leaving.len() < batch && bytes < BATCH_BYTES {
        let (task, within) = match (at.task.take(), at.within.take()) {
            (Some(task), Some(within)) => (task, Some(within)),
            (after, _) => match next_task(session, after.as_ref()).await? {
                Some(task) => (task, None),
                None => return Ok((leaving, None)),
            },
        };
        let keep = keep(session, order, &task).await?;
        effort += NEXT_TASK;
        let within = match within {
            Some(within) => Some(within),
            None => begin(session, &task, &keep).await?,
        };
        if let Some((below, walk)) = within {
            let room = Room { runs: batch - leaving.len(), bytes: BATCH_BYTES - bytes };
            let page = walk_page(session, &task, &keep, below, walk, &room).await?;
            effort += page.looked;
            bytes += page.leaving.iter().map(|run| run.bytes).sum::<u64>();
            leaving.extend(page.leaving);
            at.within = page.next;
        }
        at.task = Some(task);
    }
    Ok((leaving, Some(at)))
}

async fn next_task(session: &mut Session<'_>, after: Option<&TaskName>) -> Outcome<Option<TaskName>> {
    let statement = Statement::new("SELECT MIN(task) AS task FROM runs WHERE task > $1");
    let row = session.row(statement.bind(after.map_or("", TaskName::as_str))).await?;
    row.map_or(Ok(None), |row| row.name_or_none("task"))
}

/// What is kept of a task, by the definition in force.
async fn keep(session: &mut Session<'_>, order: &PruneOrder, task: &TaskName) -> Outcome<Keep> {
    let statement = Statement::new(
        "SELECT d.definition FROM tasks t JOIN definitions d ON d.task = t.name AND d.hash = t.hash
         WHERE t.name = $1",
    );
    let row = session.row(statement.bind(task.as_str())).await?;
    let definition = row.map(|row| row.json::<TaskDefinition>("definition")).transpose()?;
    let changes = definition.is_some_and(|definition| definition.history == History::Changes);
    Ok(Keep {
        older_than: order.older_than,
        runs: order.runs_per_task.max(1),
        repeats_older_than: changes.then_some(order.changes_older_than),
    })
}

/// Where a walk over a task's runs begins: below those that stay for certain. Nothing if all of them do.
async fn begin(session: &mut Session<'_>, task: &TaskName, keep: &Keep) -> Outcome<Option<(RunId, Walk)>> {
    let top = Some((RunId(i64::MAX), Walk::default()));
    if keep.repeats_older_than.is_some() {
        return Ok(top);
    }
    let last_kept = Statement::new(
        "SELECT id, ended_at FROM runs WHERE task = $1 AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET $2",
    );
    let last_kept = last_kept.bind(task.as_str()).bind(keep.runs - 1);
    let Some(row) = session.row(last_kept).await? else {
        let oldest = Statement::new(
            "SELECT ended_at FROM runs WHERE task = $1 AND ended_at IS NOT NULL ORDER BY id LIMIT 1",
        );
        let oldest = session.row(oldest.bind(task.as_str())).await?;
        let old = oldest.is_some_and(|row| row.at("ended_at").is_ok_and(|at| at < keep.older_than));
        return Ok(if old { top } else { None });
    };
    if row.at("ended_at")? < keep.older_than {
        return Ok(top);
    }
    let id = row.run("id")?;
    let success = Statement::new(
        "SELECT id FROM runs WHERE task = $1 AND id >= $2 AND state = 'succeeded' AND ended_at IS NOT NULL
         ORDER BY id LIMIT 1",
    );
    let success_passed = session.row(success.bind(task.as_str()).bind(id.0)).await?.is_some();
    Ok(Some((id, Walk::below(keep.runs, success_passed))))
}

/// How much more fits into the batch.
struct Room {
    runs: usize,
    bytes: u64,
}

struct Page {
    leaving: Vec<Leaving>,
    looked: usize,
    next: Option<(RunId, Walk)>,
}

async fn walk_page(
    session: &mut Session<'_>,
    task: &TaskName,
    keep: &Keep,
    below: RunId,
    mut walk: Walk,
    room: &Room,
) -> Outcome<Page> {
    let rows = read_page(session, task, below, keep.repeats_older_than.is_some()).await?;
    let judged = rows.len().min(PAGE);
    // The row beyond the page is there to be compared with; it is judged at the head of the next.
    let mut next = (rows.len() > PAGE).then_some(());
    let (mut chosen, mut marks) = (Vec::new(), Vec::new());
    for (index, run) in rows[..judged].iter().enumerate() {
        let fate = walk.judge(&run.ended, rows.get(index + 1).map(|before| &before.ended), keep);
        if fate != Fate::Stays {
            chosen.push(leaving(task, run, fate));
            marks.push((run.id, walk));
        }
        if chosen.len() == room.runs {
            next = (index + 1 < rows.len()).then_some(());
            break;
        }
    }
    let mut mark = rows[..judged].last().map(|last| (last.id, walk));
    if chosen.len() == room.runs {
        mark = marks.last().copied();
    }
    let ids: Vec<RunId> = chosen.iter().map(|run| run.run).collect();
    let mut bytes = 0;
    for (index, size) in sizes(session, &ids).await?.into_iter().enumerate() {
        chosen[index].bytes = size;
        bytes += size;
        if bytes >= room.bytes && index + 1 < chosen.len() {
            chosen.truncate(index + 1);
            (mark, next) = (Some(marks[index]), Some(()));
            break;
        }
    }
    Ok(Page { leaving: chosen, looked: judged, next: next.and(mark) })
}

fn leaving(task: &TaskName, run: &Looked, fate: Fate) -> Leaving {
    let (began, ended) = (run.started_at.unwrap_or(run.queued_at), run.ended.ended_at);
    Leaving {
        run: run.id,
        task: task.clone(),
        sum: (fate == Fate::Repeats).then(|| (began, (ended - began).num_milliseconds().max(0))),
        bytes: 0,
    }
}

async fn read_page(
    session: &mut Session<'_>,
    task: &TaskName,
    below: RunId,
    outcomes: bool,
) -> Outcome<Vec<Looked>> {
    let statement = Statement::new(
        "SELECT id, state, definition, queued_at, started_at, ended_at, origin, dry_run, action,
            CASE WHEN CAST($3 AS BIGINT) = 1 THEN outcome END AS outcome,
            CAST(CASE WHEN follow = 1 OR (round IS NOT NULL AND EXISTS (SELECT 1 FROM runs AS mate
                WHERE mate.round = runs.round AND mate.ended_at IS NULL)) THEN 1 ELSE 0 END AS BIGINT) AS pinned
         FROM runs WHERE task = $1 AND id < $2 AND ended_at IS NOT NULL ORDER BY id DESC LIMIT $4",
    );
    let limit = PAGE as u32 + 1;
    let statement = statement.bind(task.as_str()).bind(below.0).bind(outcomes).bind(limit);
    session.rows(statement).await?.iter().map(looked).collect()
}

fn looked(row: &Row) -> Outcome<Looked> {
    let asked_for = matches!(row.word("origin")?, Origin::Manual | Origin::Trigger | Origin::Rerun);
    let special = row.flag("dry_run")? || row.get::<Option<String>>("action")?.is_some();
    let outcome = row.get::<Option<String>>("outcome")?;
    let definition = row.text("definition")?;
    Ok(Looked {
        id: row.run("id")?,
        ended: Ended {
            state: row.word("state")?,
            ended_at: row.at("ended_at")?,
            pinned: row.flag("pinned")?,
            routine: !asked_for && !special,
            likeness: outcome.and_then(|outcome| likeness(&definition, &outcome)),
        },
        started_at: row.at_or_none("started_at")?,
        queued_at: row.at("queued_at")?,
    })
}
