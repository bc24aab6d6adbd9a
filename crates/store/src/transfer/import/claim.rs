//! Whether an import has the store to itself. In a file the lock of its owner sees to that; on a server there may be
//! daemons, and other imports. Clocks prove nothing: a daemon is alive if its count of heartbeats moves.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::WHAT;
use crate::{
    StoreError, StoreResult,
    access::Lone,
    sql::{Outcome, Session, Statement},
};

/// The advisory lock of an import: "import".
const LOCK: i64 = 0x0069_6d70_6f72_7400;
/// How long the end of another import is waited for: the server may not have noticed yet that its process is gone.
const OTHER_IMPORT: Duration = Duration::from_secs(5);
/// How long a daemon that has not left is watched: more than two heartbeats.
const WATCHED: Duration = Duration::from_secs(25);

/// A daemon that has not left, and the count of its heartbeats.
#[derive(PartialEq, Eq)]
pub(super) struct Daemon {
    node: String,
    name: String,
    beats: i64,
}

/// Takes the store for an import, or says who uses it. Returns the daemons that never left and give no sign of life.
pub(super) async fn claim(lone: &mut Lone) -> StoreResult<Vec<Daemon>> {
    if !lone.is_shared() {
        return Ok(Vec::new());
    }
    let deadline = Instant::now() + OTHER_IMPORT;
    loop {
        let locked = lock(&mut lone.session()).await;
        if locked.map_err(|fault| lone.explain(WHAT, fault))? {
            break;
        }
        if Instant::now() > deadline {
            return Err(in_use(lone, "another import".to_owned()));
        }
        sleep(Duration::from_millis(100)).await;
    }
    let silent = daemons(lone).await?;
    let until = Instant::now() + WATCHED;
    while !silent.is_empty() && Instant::now() < until {
        sleep(Duration::from_secs(1)).await;
        check(lone, &silent).await?;
    }
    Ok(silent)
}

/// Fails if there is a daemon that is not one of the silent ones.
pub(super) async fn check(lone: &mut Lone, silent: &[Daemon]) -> StoreResult<()> {
    if !lone.is_shared() {
        return Ok(());
    }
    match daemons(lone).await?.into_iter().find(|daemon| !silent.contains(daemon)) {
        Some(daemon) => Err(in_use(lone, format!("the daemon on {}", daemon.name))),
        None => Ok(()),
    }
}

async fn lock(session: &mut Session<'_>) -> Outcome<bool> {
    let statement = Statement::new(
        "SELECT CAST(CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END AS BIGINT) AS locked",
    );
    session.row(statement.bind(LOCK)).await?.map_or(Ok(false), |row| row.flag("locked"))
}

async fn daemons(lone: &mut Lone) -> StoreResult<Vec<Daemon>> {
    let statement = Statement::new(
        "SELECT node, name, beats FROM nodes WHERE ended_at IS NULL AND one_shot = 0 ORDER BY node",
    );
    let read = async |lone: &mut Lone| -> Outcome<Vec<Daemon>> {
        let rows = lone.session().rows(statement).await?;
        let daemon = |row: &crate::sql::Row| {
            Ok(Daemon { node: row.text("node")?, name: row.text("name")?, beats: row.int("beats")? })
        };
        rows.iter().map(daemon).collect()
    };
    let read = read(lone).await;
    read.map_err(|fault| lone.explain(WHAT, fault))
}

fn in_use(lone: &Lone, who: String) -> StoreError {
    StoreError::InUse { store: lone.place().shown(), who }
}
