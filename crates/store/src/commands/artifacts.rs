//! Artifacts of runs, in chunks. It checks neither their size nor their hash.

use roundsman_model::{Artifact, RunId, Timestamp};

use super::{Command, in_force};
use crate::{
    RunLease,
    sql::{Outcome, Row, Session, Statement},
};

/// Both databases handle values of this size without keeping much more than one in memory.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

/// Keeps an artifact.
pub(crate) struct PutArtifact {
    pub(crate) lease: RunLease,
    pub(crate) artifact: Artifact,
    pub(crate) bytes: Vec<u8>,
    pub(crate) now: Timestamp,
}

impl Command for PutArtifact {
    type Reply = bool;
    const WHAT: &'static str = "store an artifact";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<bool> {
        if !in_force(session, &self.lease).await? {
            return Ok(false);
        }
        let Artifact { name, media_type, size, sha256 } = &self.artifact;
        let run = self.lease.run.0;
        let old = Statement::new("DELETE FROM artifacts WHERE run = $1 AND name = $2");
        session.execute(old.bind(run).bind(name.as_str())).await?;
        let statement = Statement::new(
            "INSERT INTO artifacts (run, name, media_type, size, sha256, attempt, kept_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let statement = statement
            .bind(run)
            .bind(name.as_str())
            .bind(media_type.as_str())
            .bind(Some(*size))
            .bind(sha256.as_str())
            .bind(self.lease.attempt)
            .bind(self.now);
        session.execute(statement).await?;
        for (seq, chunk) in (0_i64..).zip(self.bytes.chunks(CHUNK_BYTES)) {
            let statement =
                Statement::new("INSERT INTO artifact_chunks (run, name, seq, bytes) VALUES ($1, $2, $3, $4)");
            session.execute(statement.bind(run).bind(name.as_str()).bind(seq).bind(chunk.to_vec())).await?;
        }
        Ok(true)
    }
}

/// Lists the artifacts of a run.
pub(crate) struct Artifacts(pub(crate) RunId);

impl Command for Artifacts {
    type Reply = Vec<Artifact>;
    const WHAT: &'static str = "list artifacts";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Artifact>> {
        let statement = Statement::new(
            "SELECT name, media_type, size, sha256 FROM artifacts WHERE run = $1 ORDER BY name",
        );
        session.rows(statement.bind(self.0.0)).await?.iter().map(artifact).collect()
    }
}

fn artifact(row: &Row) -> Outcome<Artifact> {
    Ok(Artifact {
        name: row.text("name")?,
        media_type: row.text("media_type")?,
        size: row.count("size")?,
        sha256: row.text("sha256")?,
    })
}

/// Reads an artifact.
pub(crate) struct ReadArtifact {
    pub(crate) run: RunId,
    pub(crate) name: String,
}

impl Command for ReadArtifact {
    type Reply = Option<Vec<u8>>;
    const WHAT: &'static str = "read an artifact";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Vec<u8>>> {
        // One statement, so that an artifact being replaced is read either old or new; one without bytes has no chunk.
        let statement = Statement::new(
            "SELECT chunk.bytes AS bytes FROM artifacts AS artifact LEFT JOIN artifact_chunks AS chunk
                ON chunk.run = artifact.run AND chunk.name = artifact.name
             WHERE artifact.run = $1 AND artifact.name = $2 ORDER BY chunk.seq",
        );
        let rows = session.rows(statement.bind(self.run.0).bind(self.name.as_str())).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for row in rows {
            bytes.extend(row.get::<Option<Vec<u8>>>("bytes")?.unwrap_or_default());
        }
        Ok(Some(bytes))
    }
}
