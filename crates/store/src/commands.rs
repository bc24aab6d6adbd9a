//! What a store does, one file per subject, the same for both databases. Each command runs inside a transaction that
//! somebody else begins and commits; it may be run again from the start when the database asks for that.

pub(crate) mod artifacts;
pub(crate) mod budgets;
pub(crate) mod checks;
pub(crate) mod claim;
pub(crate) mod controls;
mod counters;
pub(crate) mod documents;
pub(crate) mod examine;
pub(crate) mod expire;
pub(crate) mod fire;
pub(crate) mod follow;
pub(crate) mod inputs;
pub(crate) mod leader;
pub(crate) mod leases;
pub(crate) mod limits;
pub(crate) mod logs;
pub(crate) mod nodes;
pub(crate) mod pauses;
mod places;
mod pools;
pub(crate) mod prune;
pub(crate) mod request;
pub(crate) mod roll_ups;
pub(crate) mod runs;
pub(crate) mod settle;
pub(crate) mod slots;
pub(crate) mod stop;
pub(crate) mod tasks;
pub(crate) mod totals;
pub(crate) mod waiting;
mod wakes;
pub(crate) mod watch;
pub(crate) mod withdraw;

use std::future::Future;

use crate::{
    Holder, RunLease,
    sql::{Outcome, Session, Statement, sql},
};

/// Something to do in a store.
pub(crate) trait Command: Send + Sync {
    /// What it comes to.
    type Reply: Send + 'static;
    /// What is attempted, for messages: "claim runs".
    const WHAT: &'static str;

    /// Does it. Nothing is kept when this fails.
    fn run(&self, session: &mut Session<'_>) -> impl Future<Output = Outcome<Self::Reply>> + Send;
}

/// Asks for the shortest answer there is.
pub(crate) struct Ping;

impl Command for Ping {
    type Reply = ();
    const WHAT: &'static str = "reach the store";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        session.row(Statement::new("SELECT CAST(1 AS BIGINT) AS one")).await.map(drop)
    }
}

/// Whether a lease is in force; if so it stays in force until the transaction ends.
async fn in_force(session: &mut Session<'_>, lease: &RunLease) -> Outcome<bool> {
    let statement = Statement::new(sql!(
        "SELECT id FROM runs WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running'"
        SHARED
    ));
    Ok(session.row(with_lease(statement, lease)).await?.is_some())
}

/// Binds run, attempt, node and boot to the next four placeholders.
fn with_lease(statement: Statement, lease: &RunLease) -> Statement {
    let RunLease { run, attempt, holder: Holder { node, boot } } = lease;
    statement.bind(run.0).bind(*attempt).bind(node.as_str()).bind(boot.as_str())
}
