//! Logs of runs, in pieces. It does not read the lines.

use roundsman_model::RunId;

use super::Command;
use crate::{
    LogChunk,
    sql::{Outcome, Row, Session, Statement},
};

/// Adds a piece. The same piece twice is one: the answer to the first may have got lost.
pub(crate) struct AppendLog(pub(crate) LogChunk);

impl Command for AppendLog {
    type Reply = ();
    const WHAT: &'static str = "store a run's log";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        let statement = Statement::new(
            "INSERT INTO log_chunks (run, attempt, seq, lines, bytes) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (run, attempt, seq) DO NOTHING",
        );
        let LogChunk { run, attempt, seq, lines } = &self.0;
        let statement =
            statement.bind(run.0).bind(*attempt).bind(*seq).bind(lines.as_str()).bind(lines.len() as i64);
        session.execute(statement).await.map(drop)
    }
}

/// Reads pieces, in order.
pub(crate) struct ReadLog {
    pub(crate) run: RunId,
    pub(crate) after: Option<(u32, i64)>,
    pub(crate) limit: u32,
}

impl Command for ReadLog {
    type Reply = Vec<LogChunk>;
    const WHAT: &'static str = "read a run's log";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<LogChunk>> {
        let statement = Statement::new(
            "SELECT run, attempt, seq, lines FROM log_chunks WHERE run = $1 AND (attempt, seq) > ($2, $3)
             ORDER BY attempt, seq LIMIT $4",
        );
        let (attempt, seq) = self.after.unwrap_or((0, i64::MIN));
        let statement = statement.bind(self.run.0).bind(attempt).bind(seq).bind(self.limit);
        session.rows(statement).await?.iter().map(chunk).collect()
    }
}

fn chunk(row: &Row) -> Outcome<LogChunk> {
    Ok(LogChunk {
        run: row.run("run")?,
        attempt: row.small("attempt")?,
        seq: row.int("seq")?,
        lines: row.text("lines")?,
    })
}
