//! Named leases: what one run has to itself while its attempt is under way. A lease has no life of its own: it goes with
//! the attempt.

use std::collections::HashSet;

use roundsman_model::{LeaseName, RunId, Timestamp};

use super::{Command, claim::Candidate, with_lease};
use crate::{
    LeaseReply, RunLease,
    sql::{Fault, Outcome, Row, Rows, Session, Statement, sql},
};

/// Takes the leases of runs that are about to start, and returns the runs that have all of theirs. Whoever comes too late
/// for one of its leases gets none of them.
pub(super) async fn take(
    session: &mut Session<'_>,
    runs: Vec<Candidate>,
    now: Timestamp,
) -> Outcome<Vec<Candidate>> {
    let mut wanted: Vec<_> =
        runs.iter().flat_map(|run| run.leases.iter().map(move |lease| (lease, run))).collect();
    if wanted.is_empty() {
        return Ok(runs);
    }
    // All at once and in order of names, so that two claimers never wait for each other in a circle.
    wanted.sort_by_key(|(lease, _)| *lease);
    let rows =
        Rows::of(&wanted, |(lease, run)| [lease.as_str().into(), run.id.0.into(), (run.attempt + 1).into()]);
    let text = sql!(
        "INSERT INTO leases (name, run, attempt, taken_at)
         SELECT e.value->>0, CAST(e.value->>1 AS BIGINT), CAST(e.value->>2 AS BIGINT), $2 FROM" ROWS "WHERE true
         ON CONFLICT (name) DO NOTHING RETURNING name"
    );
    let taken = session.rows(Statement::new(text).bind(rows).bind(now)).await?;
    let taken = taken.iter().map(|row| row.name("name")).collect::<Outcome<HashSet<LeaseName>>>()?;
    let (got_all, too_late): (Vec<_>, Vec<_>) =
        runs.into_iter().partition(|run| run.leases.iter().all(|lease| taken.contains(lease)));
    for run in too_late {
        free(session, run.id).await?;
    }
    Ok(got_all)
}

/// Frees what a run has to itself.
pub(super) async fn free(session: &mut Session<'_>, run: RunId) -> Outcome<()> {
    session.execute(Statement::new("DELETE FROM leases WHERE run = $1").bind(run.0)).await.map(drop)
}

/// Takes one lease for an attempt that is under way.
pub(crate) struct TryLease {
    pub(crate) lease: RunLease,
    pub(crate) name: LeaseName,
    pub(crate) now: Timestamp,
}

impl Command for TryLease {
    type Reply = LeaseReply;
    const WHAT: &'static str = "take a lease";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<LeaseReply> {
        // This also keeps the attempt in force until the lease is its own, and tells settling to look for leases.
        let ours = Statement::new(
            "UPDATE runs SET has_leases = 1
             WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running'",
        );
        if session.execute(with_lease(ours, &self.lease)).await? == 0 {
            return Ok(LeaseReply::NotOurs);
        }
        let statement = Statement::new(
            "INSERT INTO leases (name, run, attempt, taken_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO NOTHING",
        );
        let name = self.name.as_str();
        let statement = statement.bind(name).bind(self.lease.run.0).bind(self.lease.attempt).bind(self.now);
        if session.execute(statement).await? == 1 {
            return Ok(LeaseReply::Taken);
        }
        let statement = Statement::new(
            "SELECT leases.run AS run, runs.task AS task FROM leases JOIN runs ON runs.id = leases.run
             WHERE leases.name = $1",
        );
        // Nobody: it became free between the two statements.
        let held = session.row(statement.bind(name)).await?.ok_or(Fault::Raced)?;
        self.answer(&held)
    }
}

/// Frees one lease of an attempt that is under way.
pub(crate) struct FreeLease {
    pub(crate) lease: RunLease,
    pub(crate) name: LeaseName,
}

impl Command for FreeLease {
    type Reply = ();
    const WHAT: &'static str = "free a lease";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        let statement = Statement::new("DELETE FROM leases WHERE name = $1 AND run = $2 AND attempt = $3");
        let statement = statement.bind(self.name.as_str()).bind(self.lease.run.0).bind(self.lease.attempt);
        session.execute(statement).await.map(drop)
    }
}

impl TryLease {
    fn answer(&self, held: &Row) -> Outcome<LeaseReply> {
        let run = held.run("run")?;
        if run == self.lease.run {
            return Ok(LeaseReply::Taken);
        }
        Ok(LeaseReply::Busy { task: held.name("task")?, run })
    }
}
