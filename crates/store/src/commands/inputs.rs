//! What is handed in with parameters of runs: sent ahead in pieces, so that no transaction waits for a slow line, then kept
//! with the run as artifacts that no attempt writes. It looks at no content.

use std::time::Duration;

use roundsman_model::{
    RunId, Timestamp,
    artifact::{INPUT_PREFIX, of_input},
    question::MAX_INPUT_PIECE,
    time::delta,
};

use super::{Command, artifacts::CHUNK_BYTES};
use crate::{
    HandedIn,
    sql::{Fault, Outcome, Session, Statement},
};

/// How many chunks make a piece.
const CHUNKS: i64 = (MAX_INPUT_PIECE / CHUNK_BYTES) as i64;
/// How long what was sent ahead waits for its request.
const WAITS_FOR: Duration = Duration::from_hours(24);
/// Nothing is known of the content.
const MEDIA_TYPE: &str = "application/octet-stream";

/// Keeps a piece until the request comes.
pub(crate) struct HandIn {
    pub(crate) key: String,
    pub(crate) piece: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) now: Timestamp,
}

impl Command for HandIn {
    type Reply = ();
    const WHAT: &'static str = "hand in what a parameter names";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        let first = i64::from(self.piece) * CHUNKS;
        for (seq, chunk) in (first..).zip(self.bytes.chunks(CHUNK_BYTES)) {
            let statement = Statement::new(
                "INSERT INTO handed_in (input, seq, bytes, at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (input, seq) DO NOTHING",
            );
            let statement = statement.bind(self.key.as_str()).bind(seq).bind(chunk.to_vec()).bind(self.now);
            session.execute(statement).await?;
        }
        Ok(())
    }
}

/// Gives a new run what was sent ahead for it, or what the run was given that it repeats.
pub(super) async fn give(
    session: &mut Session<'_>,
    run: RunId,
    (inputs, repeated): (&[HandedIn], Option<RunId>),
    now: Timestamp,
) -> Outcome<()> {
    for input in inputs {
        check_whole(session, input).await?;
        keep(session, run, input, now).await?;
    }
    match repeated {
        Some(repeated) if inputs.is_empty() => copy(session, run, repeated, now).await,
        _ => forget(session, inputs).await,
    }
}

/// Takes out what was sent ahead.
pub(super) async fn forget(session: &mut Session<'_>, inputs: &[HandedIn]) -> Outcome<()> {
    for input in inputs {
        let statement = Statement::new("DELETE FROM handed_in WHERE input = $1").bind(input.key.as_str());
        session.execute(statement).await?;
    }
    Ok(())
}

/// Takes out what no request came for.
pub(super) async fn forget_old(session: &mut Session<'_>, now: Timestamp) -> Outcome<()> {
    let old = Statement::new("DELETE FROM handed_in WHERE at < $1").bind(now - delta(WAITS_FOR));
    session.execute(old).await.map(drop)
}

async fn check_whole(session: &mut Session<'_>, input: &HandedIn) -> Outcome<()> {
    let text =
        "SELECT CAST(COALESCE(SUM(LENGTH(bytes)), 0) AS BIGINT) AS size FROM handed_in WHERE input = $1";
    let row = session.row(Statement::new(text).bind(input.key.as_str())).await?;
    let found = row.map_or(Ok(0), |row| row.count("size"))?;
    if found == input.size {
        return Ok(());
    }
    let HandedIn { param, size, .. } = input;
    Err(Fault::Unreadable(format!(
        "{found} of {size} bytes are there of what was handed in with parameter {param}"
    )))
}

async fn keep(session: &mut Session<'_>, run: RunId, input: &HandedIn, now: Timestamp) -> Outcome<()> {
    let name = of_input(&input.param);
    let statement = Statement::new(
        "INSERT INTO artifacts (run, name, media_type, size, sha256, attempt, kept_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6)",
    );
    let statement = statement
        .bind(run.0)
        .bind(name.as_str())
        .bind(MEDIA_TYPE)
        .bind(Some(input.size))
        .bind(input.sha256.as_str())
        .bind(now);
    session.execute(statement).await?;
    let statement = Statement::new(
        "INSERT INTO artifact_chunks (run, name, seq, bytes)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), seq, bytes FROM handed_in WHERE input = $3",
    );
    let statement = statement.bind(run.0).bind(name.as_str()).bind(input.key.as_str());
    session.execute(statement).await.map(drop)
}

async fn copy(session: &mut Session<'_>, run: RunId, from: RunId, now: Timestamp) -> Outcome<()> {
    let statement = Statement::new(
        "INSERT INTO artifacts (run, name, media_type, size, sha256, attempt, kept_at)
         SELECT CAST($1 AS BIGINT), name, media_type, size, sha256, 0, CAST($2 AS BIGINT)
         FROM artifacts WHERE run = $3 AND SUBSTR(name, 1, LENGTH(CAST($4 AS TEXT))) = CAST($4 AS TEXT)",
    );
    let statement = statement.bind(run.0).bind(now).bind(from.0).bind(INPUT_PREFIX);
    if session.execute(statement).await? == 0 {
        return Ok(());
    }
    let statement = Statement::new(
        "INSERT INTO artifact_chunks (run, name, seq, bytes)
         SELECT CAST($1 AS BIGINT), name, seq, bytes
         FROM artifact_chunks WHERE run = $2 AND SUBSTR(name, 1, LENGTH(CAST($3 AS TEXT))) = CAST($3 AS TEXT)",
    );
    session.execute(statement.bind(run.0).bind(from.0).bind(INPUT_PREFIX)).await.map(drop)
}

/// Reads a piece of what was handed in.
pub(crate) struct ReadInput {
    pub(crate) run: RunId,
    pub(crate) param: String,
    pub(crate) offset: u64,
    pub(crate) limit: usize,
}

impl Command for ReadInput {
    type Reply = Option<Vec<u8>>;
    const WHAT: &'static str = "read what was handed in";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Vec<u8>>> {
        let chunk_bytes = CHUNK_BYTES as u64;
        let (first, inside) = (self.offset / chunk_bytes, (self.offset % chunk_bytes) as usize);
        let last = self.offset.saturating_add(self.limit as u64) / chunk_bytes;
        // One statement, so that nothing and an end are told apart.
        let statement = Statement::new(
            "SELECT chunk.bytes AS bytes FROM artifacts AS artifact LEFT JOIN artifact_chunks AS chunk
                ON chunk.run = artifact.run AND chunk.name = artifact.name AND chunk.seq BETWEEN $3 AND $4
             WHERE artifact.run = $1 AND artifact.name = $2 ORDER BY chunk.seq",
        );
        let statement = statement.bind(self.run.0).bind(of_input(&self.param));
        let rows = session.rows(statement.bind(Some(first)).bind(Some(last))).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for row in rows {
            bytes.extend(row.get::<Option<Vec<u8>>>("bytes")?.unwrap_or_default());
        }
        bytes.drain(..inside.min(bytes.len()));
        bytes.truncate(self.limit);
        Ok(Some(bytes))
    }
}
