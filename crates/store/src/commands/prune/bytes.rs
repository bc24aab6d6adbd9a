//! Which runs go because logs and artifacts of all runs together are too large: the oldest, whatever their task. It
//! writes nothing.

use roundsman_model::RunId;

use super::{BATCH_BYTES, Leaving, Progress, sizes};
use crate::{
    PruneOrder,
    sql::{Outcome, Row, Session, Statement},
};

/// The most runs looked at in one go.
const PAGE: u32 = 500;

/// How far the look at bytes has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BytesAt {
    after: Option<RunId>,
    /// How many bytes are still too many; not known before the first look.
    excess: Option<u64>,
}

/// Finds a batch of runs that go, and where the next begins; nothing once there are few enough bytes.
pub(super) async fn survey(
    session: &mut Session<'_>,
    order: &PruneOrder,
    at: BytesAt,
    progress: &Progress,
) -> Outcome<(Vec<Leaving>, Option<BytesAt>)> {
    let mut excess = match at.excess {
        Some(excess) => excess,
        None => total(session).await?.saturating_sub(progress.gone_bytes).saturating_sub(order.bytes),
    };
    if excess == 0 {
        return Ok((Vec::new(), None));
    }
    let mut after = at.after.unwrap_or(RunId(i64::MIN));
    let rows = candidates(session, after).await?;
    let full = rows.len() == PAGE as usize;
    let ids: Vec<RunId> = rows.iter().map(|run| run.run).collect();
    let (mut leaving, mut bytes) = (Vec::new(), 0);
    for (mut run, size) in rows.into_iter().zip(sizes(session, &ids).await?) {
        if leaving.len() == order.batch.max(1) as usize || bytes >= BATCH_BYTES {
            return Ok((leaving, Some(BytesAt { after: Some(after), excess: Some(excess) })));
        }
        after = run.run;
        // A run without bytes would go for nothing.
        if size == 0 || progress.gone.contains(&run.run) {
            continue;
        }
        run.bytes = size;
        bytes += size;
        leaving.push(run);
        excess = excess.saturating_sub(size);
        if excess == 0 {
            return Ok((leaving, None));
        }
    }
    let next = full.then_some(BytesAt { after: Some(after), excess: Some(excess) });
    Ok((leaving, next))
}

async fn total(session: &mut Session<'_>) -> Outcome<u64> {
    let statement = Statement::new(
        "SELECT CAST(COALESCE((SELECT SUM(bytes) FROM log_chunks), 0)
            + COALESCE((SELECT SUM(size) FROM artifacts), 0) AS BIGINT) AS bytes",
    );
    session.row(statement).await?.map_or(Ok(0), |row| row.count("bytes"))
}

/// The oldest ended runs that may go at all: not the newest of their task, not its newest success, and of no round that
/// goes on.
async fn candidates(session: &mut Session<'_>, after: RunId) -> Outcome<Vec<Leaving>> {
    let statement = Statement::new(
        "SELECT id, task FROM runs
         WHERE id > $1 AND ended_at IS NOT NULL AND follow = 0
           AND (round IS NULL OR NOT EXISTS
                (SELECT 1 FROM runs AS mate WHERE mate.round = runs.round AND mate.ended_at IS NULL))
           AND EXISTS (SELECT 1 FROM runs AS newer
                WHERE newer.task = runs.task AND newer.id > runs.id AND newer.ended_at IS NOT NULL)
           AND (state <> 'succeeded' OR EXISTS (SELECT 1 FROM runs AS newer
                WHERE newer.task = runs.task AND newer.id > runs.id AND newer.state = 'succeeded'
                  AND newer.ended_at IS NOT NULL))
         ORDER BY id LIMIT $2",
    );
    session.rows(statement.bind(after.0).bind(PAGE)).await?.iter().map(leaving).collect()
}

fn leaving(row: &Row) -> Outcome<Leaving> {
    Ok(Leaving { run: row.run("id")?, task: row.name("task")?, sum: None, bytes: 0 })
}
