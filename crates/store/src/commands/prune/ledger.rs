//! Which rows of the ledger become one with their neighbour, and which are too old. Only rows that name no run any more
//! are touched. It writes nothing.

use std::collections::{BTreeSet, HashMap};

use roundsman_model::{RunId, TaskName, Timestamp, retention::LedgerRow, time::to_micros};

use super::Progress;
use crate::{
    PruneOrder,
    sql::{Outcome, Row, Rows, Session, Statement, sql},
};

/// The most rows looked at in one go.
const PAGE: u32 = 1000;

/// How far the look at the ledger has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LedgerAt {
    /// The row last looked at.
    after: Option<(TaskName, Timestamp)>,
    /// The row that may still take in its neighbour.
    head: Option<Head>,
}

/// A row that takes in its neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    task: TaskName,
    row: LedgerRow,
    /// Its last slot as the store has it.
    stored_last: Timestamp,
    /// The first slot of the row it took in last.
    tail: Timestamp,
    /// Whether it took in any that the store still has.
    grown: bool,
}

/// A row as it must still be for a change to be made.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) task: TaskName,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// What a row becomes.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    pub(super) task: TaskName,
    pub(super) row: LedgerRow,
}

/// What is to be done to the ledger.
#[derive(Debug, Default)]
pub(crate) struct LedgerWork {
    pub(super) expected: Vec<Expected>,
    pub(super) joined: Vec<Joined>,
    pub(super) gone: Vec<(TaskName, Timestamp)>,
}

impl LedgerWork {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.gone.is_empty()
    }

    /// How many rows go.
    pub(super) fn rows(&self) -> u64 {
        self.gone.len() as u64
    }

    fn expect(&mut self, task: &TaskName, first: Timestamp, last: Timestamp) {
        self.expected.push(Expected { task: task.clone(), first, last });
    }

    /// A row takes in nothing more.
    fn close(&mut self, head: Head, too_old: Timestamp) {
        if head.row.last < too_old {
            self.expect(&head.task, head.row.first, head.stored_last);
            self.gone.push((head.task, head.row.first));
        } else {
            self.keep(&head);
        }
    }

    fn keep(&mut self, head: &Head) {
        if head.grown {
            self.expect(&head.task, head.row.first, head.stored_last);
            self.joined.push(Joined { task: head.task.clone(), row: head.row.clone() });
        }
    }
}

macro_rules! rows_where {
    ($condition:literal) => {
        concat!(
            "SELECT task, first_at, last_at, count, verdict, reason, detail, run_id, decided_at,
                (SELECT MAX(before.first_at) FROM slots AS before
                 WHERE before.task = slots.task AND before.first_at < slots.first_at) AS before_at
             FROM slots WHERE ",
            $condition,
            "last_at < $3 AND (task, first_at) > ($1, $2) ORDER BY task, first_at LIMIT $4"
        )
    };
}

/// A row as read.
struct Read {
    task: TaskName,
    row: LedgerRow,
    /// The first slot of the row before it, whatever that says.
    before: Option<Timestamp>,
}

/// Finds what is to be done to a stretch of the ledger, and where the next begins; nothing at its end.
pub(super) async fn survey(
    session: &mut Session<'_>,
    order: &PruneOrder,
    at: LedgerAt,
    progress: &Progress,
) -> Outcome<(LedgerWork, Option<LedgerAt>)> {
    let rows = read(session, order, at.after.as_ref()).await?;
    let last = rows.last().map(|row| Ok::<_, crate::sql::Fault>((row.name("task")?, row.at("first_at")?)));
    let after = (rows.len() == PAGE as usize).then_some(last).flatten().transpose()?;
    let mut free = Vec::new();
    for row in &rows {
        // A run that a dry run has taken out is named no more.
        if row.get::<Option<i64>>("run_id")?.is_none_or(|run| progress.gone.contains(&RunId(run))) {
            free.push(read_row(row)?);
        }
    }
    let turns = turns(session, &free, at.head.as_ref()).await?;
    let (mut work, mut head) = (LedgerWork::default(), at.head);
    for next in free {
        head = Some(match head {
            Some(head) => step(head, next, &turns, order.ledger_older_than, &mut work),
            None => Head::of(next),
        });
    }
    let Some(after) = after else {
        if let Some(head) = head {
            work.close(head, order.ledger_older_than);
        }
        return Ok((work, None));
    };
    if let Some(head) = &mut head {
        work.keep(head);
        (head.stored_last, head.grown) = (head.row.last, false);
    }
    Ok((work, Some(LedgerAt { after: Some(after), head })))
}

fn step(
    mut head: Head,
    next: Read,
    turns: &HashMap<TaskName, Vec<Timestamp>>,
    too_old: Timestamp,
    work: &mut LedgerWork,
) -> Head {
    // Rows that were joined before have left the store, and the head is what lies before.
    let neighbours = head.task == next.task
        && next.before.is_some_and(|before| before == head.tail || before == head.row.first);
    let turns = turns.get(&next.task).map_or(&[][..], Vec::as_slice);
    if neighbours && head.row.absorb(&next.row, turns) {
        work.expect(&next.task, next.row.first, next.row.last);
        work.gone.push((next.task, next.row.first));
        (head.tail, head.grown) = (next.row.first, true);
        return head;
    }
    work.close(head, too_old);
    Head::of(next)
}

impl Head {
    fn of(read: Read) -> Self {
        let (stored_last, tail) = (read.row.last, read.row.first);
        Self { task: read.task, row: read.row, stored_last, tail, grown: false }
    }
}

async fn read(
    session: &mut Session<'_>,
    order: &PruneOrder,
    after: Option<&(TaskName, Timestamp)>,
) -> Outcome<Vec<Row>> {
    // The dry run also needs rows whose runs would have gone; the other reads off the index of rows without a run.
    let text = if order.dry_run { rows_where!("") } else { rows_where!("run_id IS NULL AND ") };
    let (task, first) = after.map_or(("", i64::MIN), |(task, first)| (task.as_str(), to_micros(*first)));
    let statement = Statement::new(text).bind(task).bind(first).bind(order.changes_older_than).bind(PAGE);
    session.rows(statement).await
}

fn read_row(row: &Row) -> Outcome<Read> {
    Ok(Read {
        task: row.name("task")?,
        row: LedgerRow {
            first: row.at("first_at")?,
            last: row.at("last_at")?,
            count: row.count("count")?,
            verdict: row.word("verdict")?,
            reason: row.word_or_none("reason")?,
            detail: row.get("detail")?,
            decided_at: row.at("decided_at")?,
        },
        before: row.at_or_none("before_at")?,
    })
}

/// When the definitions of tasks with several rows changed, or the tasks came back.
async fn turns(
    session: &mut Session<'_>,
    rows: &[Read],
    head: Option<&Head>,
) -> Outcome<HashMap<TaskName, Vec<Timestamp>>> {
    let with_head = head.map(|head| &head.task).into_iter().chain(rows.iter().map(|row| &row.task));
    let tasks: Vec<&TaskName> = with_head.collect();
    let several: BTreeSet<&TaskName> =
        tasks.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    let mut turns: HashMap<TaskName, Vec<Timestamp>> = HashMap::new();
    if several.is_empty() {
        return Ok(turns);
    }
    let text = sql!(
        "SELECT task, valid_from FROM versions WHERE task IN (SELECT e.value->>0 FROM" ROWS ")"
    );
    let names = Rows::of(several, |task| [task.as_str().into()]);
    for row in session.rows(Statement::new(text).bind(names)).await? {
        turns.entry(row.name("task")?).or_default().push(row.at("valid_from")?);
    }
    Ok(turns)
}
