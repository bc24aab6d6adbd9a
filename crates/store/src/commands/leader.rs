//! Who fires: one row that is taken, kept and given up, and an epoch that fences the writes of whoever lost it. When to
//! take it is the engine's to decide; no clock is compared here.

use roundsman_model::Timestamp;

use super::Command;
use crate::{
    Holder, Leader,
    sql::{Outcome, Row, Session, Statement, sql},
};

/// Tells who leads.
pub(crate) struct ReadLeader;

impl Command for ReadLeader {
    type Reply = Option<Leader>;
    const WHAT: &'static str = "read who leads";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Leader>> {
        let statement = Statement::new("SELECT node, boot, epoch, renewals, since FROM leader WHERE one = 1");
        session.row(statement).await?.map(|row| leader(&row)).transpose()
    }
}

fn leader(row: &Row) -> Outcome<Leader> {
    let holder = match row.get::<Option<String>>("node")? {
        Some(_) => Some(Holder { node: row.node()?, boot: row.boot()? }),
        None => None,
    };
    let (epoch, renewals) = (row.int("epoch")?, row.int("renewals")?);
    Ok(Leader { holder, epoch, renewals, since: row.at("since")? })
}

/// Whether an epoch leads; if so it goes on leading until the transaction ends.
pub(super) async fn leads(session: &mut Session<'_>, epoch: i64) -> Outcome<bool> {
    let text = sql!("SELECT epoch FROM leader WHERE one = 1 AND epoch = $1 AND node IS NOT NULL" SHARED);
    Ok(session.row(Statement::new(text).bind(epoch)).await?.is_some())
}

/// Takes the lead from nobody, or from whom it was seen with.
pub(crate) struct TakeLead {
    pub(crate) me: Holder,
    pub(crate) seen: Option<Leader>,
    pub(crate) now: Timestamp,
}

impl Command for TakeLead {
    type Reply = Option<i64>;
    const WHAT: &'static str = "take the lead";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<i64>> {
        let (node, boot) = (self.me.node.as_str(), self.me.boot.as_str());
        let statement = match &self.seen {
            None => Statement::new(
                "INSERT INTO leader (one, node, boot, epoch, renewals, since) VALUES (1, $1, $2, 1, 0, $3)
                 ON CONFLICT (one) DO NOTHING RETURNING epoch",
            )
            .bind(node)
            .bind(boot)
            .bind(self.now),
            // Whoever renewed or took it meanwhile made another row of it; one who resigned did not.
            Some(seen) => Statement::new(
                "UPDATE leader SET node = $1, boot = $2, epoch = epoch + 1, renewals = renewals + 1, since = $3
                 WHERE one = 1 AND epoch = $4 AND renewals = $5 RETURNING epoch",
            )
            .bind(node)
            .bind(boot)
            .bind(self.now)
            .bind(seen.epoch)
            .bind(seen.renewals),
        };
        session.row(statement).await?.map(|row| row.int("epoch")).transpose()
    }
}

/// Keeps the lead.
pub(crate) struct KeepLead {
    pub(crate) me: Holder,
    pub(crate) epoch: i64,
}

impl Command for KeepLead {
    type Reply = bool;
    const WHAT: &'static str = "keep the lead";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<bool> {
        let statement = Statement::new(
            "UPDATE leader SET renewals = renewals + 1 WHERE one = 1 AND epoch = $1 AND node = $2 AND boot = $3",
        );
        Ok(session.execute(of(statement, &self.me, self.epoch)).await? > 0)
    }
}

/// Gives the lead up.
pub(crate) struct Resign {
    pub(crate) me: Holder,
    pub(crate) epoch: i64,
}

impl Command for Resign {
    type Reply = ();
    const WHAT: &'static str = "give the lead up";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        let statement = Statement::new(
            "UPDATE leader SET node = NULL, boot = NULL WHERE one = 1 AND epoch = $1 AND node = $2 AND boot = $3",
        );
        session.execute(of(statement, &self.me, self.epoch)).await.map(drop)
    }
}

fn of(statement: Statement, me: &Holder, epoch: i64) -> Statement {
    statement.bind(epoch).bind(me.node.as_str()).bind(me.boot.as_str())
}
