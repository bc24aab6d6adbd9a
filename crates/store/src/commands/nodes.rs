//! Nodes: entering, heartbeats with the renewal of leases, leaving. It judges nobody dead.

use std::{collections::HashSet, time::Duration};

use roundsman_model::{RunId, Timestamp, time::delta};

use super::{Command, inputs};
use crate::{
    Holder, NodeEntry, NodeRow, RunLease,
    sql::{Outcome, Row, Rows, Session, Statement, Value, sql},
};

/// How long a node that left is still listed.
const LISTED_FOR: Duration = Duration::from_hours(24);
/// How long a node that left is kept.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// Records a node and its boot.
pub(crate) struct Enter {
    pub(crate) entry: NodeEntry,
    pub(crate) now: Timestamp,
}

impl Command for Enter {
    type Reply = ();
    const WHAT: &'static str = "record this node";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        let old = Statement::new("DELETE FROM nodes WHERE ended_at < $1").bind(self.now - delta(KEPT_FOR));
        session.execute(old).await?;
        inputs::forget_old(session, self.now).await?;
        // The count of beats goes on rising over boots: whoever watches it sees a node come back.
        let statement = Statement::new(
            "INSERT INTO nodes (node, boot, name, one_shot, pid, version, listen, started_at, beat_at, beats,
                labels, configuration, kinds)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1, $9, $10, $11)
             ON CONFLICT (node) DO UPDATE SET boot = excluded.boot, name = excluded.name,
                started_at = CASE WHEN nodes.boot = excluded.boot THEN nodes.started_at ELSE excluded.started_at END,
                one_shot = excluded.one_shot, pid = excluded.pid, version = excluded.version,
                listen = excluded.listen, beat_at = excluded.beat_at,
                beats = nodes.beats + 1, ended_at = NULL, labels = excluded.labels,
                configuration = excluded.configuration, kinds = excluded.kinds",
        );
        let NodeEntry { holder, name, one_shot, pid, version, listen, kinds, labels, configuration } =
            &self.entry;
        let labels = serde_json::to_string(labels).unwrap_or_default();
        let kinds = serde_json::to_string(kinds).unwrap_or_default();
        let statement = statement
            .bind(holder.node.as_str())
            .bind(holder.boot.as_str())
            .bind(name.as_str())
            .bind(*one_shot)
            .bind(*pid)
            .bind(version.as_str())
            .bind(listen.as_deref())
            .bind(self.now)
            .bind(labels.as_str())
            .bind(configuration.as_deref())
            .bind(kinds.as_str());
        session.execute(statement).await.map(drop)
    }
}

/// A heartbeat.
pub(crate) struct Beat {
    pub(crate) me: Holder,
    pub(crate) runs: Vec<RunLease>,
    pub(crate) now: Timestamp,
}

impl Command for Beat {
    type Reply = Vec<RunId>;
    const WHAT: &'static str = "renew leases";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<RunId>> {
        let beat =
            Statement::new("UPDATE nodes SET beats = beats + 1, beat_at = $3 WHERE node = $1 AND boot = $2");
        let beat = beat.bind(self.me.node.as_str()).bind(self.me.boot.as_str()).bind(self.now);
        session.execute(beat).await?;
        if self.runs.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Rows::of(&self.runs, |lease| {
            let RunLease { run, attempt, holder } = lease;
            [run.0.into(), (*attempt).into(), holder.node.as_str().into(), holder.boot.as_str().into()]
        });
        let rows: Value = rows.into();
        // Whoever locks several runs does it in this order, so that two of them never wait for each other in a circle.
        let text = sql!(
            "SELECT id FROM runs WHERE state = 'running' AND id IN (SELECT CAST(e.value->>0 AS BIGINT) FROM" ROWS ")
             ORDER BY id" LOCKED
        );
        session.rows(Statement::new(text).bind(rows.clone())).await?;
        let text = sql!(
            "UPDATE runs SET renewals = renewals + 1 FROM" ROWS
            "WHERE runs.id = CAST(e.value->>0 AS BIGINT) AND runs.attempt = CAST(e.value->>1 AS BIGINT)
               AND runs.node = e.value->>2 AND runs.boot = e.value->>3 AND runs.state = 'running'
             RETURNING id, attempt, node, boot"
        );
        let renewed = session.rows(Statement::new(text).bind(rows)).await?;
        let ours = renewed.iter().map(lease).collect::<Outcome<HashSet<_>>>()?;
        Ok(self.runs.iter().filter(|lease| ours.contains(lease)).map(|lease| lease.run).collect())
    }
}

fn lease(row: &Row) -> Outcome<RunLease> {
    let holder = Holder { node: row.node()?, boot: row.boot()? };
    Ok(RunLease { run: row.run("id")?, attempt: row.small("attempt")?, holder })
}

/// Records that a node left in good order.
pub(crate) struct Leave {
    pub(crate) me: Holder,
    pub(crate) now: Timestamp,
}

impl Command for Leave {
    type Reply = ();
    const WHAT: &'static str = "record that this node leaves";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        let statement = Statement::new("UPDATE nodes SET ended_at = $3 WHERE node = $1 AND boot = $2");
        let statement = statement.bind(self.me.node.as_str()).bind(self.me.boot.as_str()).bind(self.now);
        session.execute(statement).await.map(drop)
    }
}

/// Lists nodes.
pub(crate) struct Nodes {
    pub(crate) now: Timestamp,
}

impl Command for Nodes {
    type Reply = Vec<NodeRow>;
    const WHAT: &'static str = "list nodes";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<NodeRow>> {
        let statement = Statement::new(
            "SELECT node, boot, name, one_shot, pid, version, listen, started_at, beat_at, beats, ended_at, labels,
                configuration, kinds
             FROM nodes WHERE ended_at IS NULL OR ended_at >= $1 ORDER BY started_at, node",
        );
        session.rows(statement.bind(self.now - delta(LISTED_FOR))).await?.iter().map(node).collect()
    }
}

fn node(row: &Row) -> Outcome<NodeRow> {
    let entry = NodeEntry {
        holder: Holder { node: row.node()?, boot: row.boot()? },
        name: row.text("name")?,
        one_shot: row.flag("one_shot")?,
        pid: row.small("pid")?,
        version: row.text("version")?,
        listen: row.get("listen")?,
        kinds: row.json_or_none("kinds")?.unwrap_or_default(),
        labels: row.json_or_none("labels")?.unwrap_or_default(),
        configuration: row.get("configuration")?,
    };
    Ok(NodeRow {
        entry,
        started_at: row.at("started_at")?,
        beat_at: row.at("beat_at")?,
        beats: row.int("beats")?,
        ended_at: row.at_or_none("ended_at")?,
    })
}
