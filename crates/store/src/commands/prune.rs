//! Taking out what need not be kept: first a look at what goes, in small batches and without writing, then one short
//! transaction that takes it out. Which runs stay is decided in `model::retention`; nothing here is.

mod bytes;
mod documents;
mod ledger;
mod runs;
mod take;

use std::collections::BTreeSet;

use roundsman_model::{RunId, TaskName, Timestamp};

use self::{
    bytes::BytesAt,
    documents::{Abandoned, DocumentsAt},
    ledger::LedgerAt,
    runs::RunsAt,
};
pub(crate) use self::{ledger::LedgerWork, take::TakeOut};
use super::Command;
use crate::{
    PruneCursor, PruneOrder, Pruned,
    sql::{Outcome, Rows, Session, Statement, sql},
};

/// The most bytes of logs and artifacts that go in one batch, unless a single run has more: a transaction stays short.
const BATCH_BYTES: u64 = 32 << 20;

/// How far a sweep has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    stage: Stage,
    /// Of a dry run: the runs that would have gone, and their bytes.
    gone: BTreeSet<RunId>,
    gone_bytes: u64,
}

/// What a sweep looks at, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The runs of each task, for age, number and repetition.
    Runs(RunsAt),
    /// The oldest runs of all tasks, as long as there are too many bytes.
    Bytes(BytesAt),
    /// The ledger, for rows that are too old or say the same as their neighbours.
    Ledger(LedgerAt),
    /// The documents of tasks that were removed long ago.
    Documents(DocumentsAt),
}

impl Default for Stage {
    fn default() -> Self {
        Self::Runs(RunsAt::default())
    }
}

/// A run that goes.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    run: RunId,
    task: TaskName,
    /// For the sum of its hour: when it began and how long it took in milliseconds.
    sum: Option<(Timestamp, i64)>,
    bytes: u64,
}

/// What one look came to.
#[derive(Debug)]
pub(crate) struct Surveyed {
    pub(crate) leaving: Vec<Leaving>,
    pub(crate) ledger: LedgerWork,
    pub(crate) abandoned: Option<Abandoned>,
    /// Hourly sums older than this go; set once, at the end of a sweep.
    pub(crate) sums_older_than: Option<Timestamp>,
    next: Option<Progress>,
}

impl Surveyed {
    /// Whether there is anything to take out.
    pub(crate) fn is_empty(&self) -> bool {
        self.leaving.is_empty()
            && self.ledger.is_empty()
            && self.abandoned.is_none()
            && self.sums_older_than.is_none()
    }

    /// What would go.
    pub(crate) fn told(&self) -> Pruned {
        Pruned {
            runs: self.leaving.len() as u64,
            repeats: self.leaving.iter().filter(|run| run.sum.is_some()).count() as u64,
            bytes: self.leaving.iter().map(|run| run.bytes).sum(),
            ledger_rows: self.ledger.rows(),
            documents: self.abandoned.as_ref().map_or(0, Abandoned::count),
            next: self.next.clone().map(PruneCursor),
        }
    }
}

/// Looks for a batch of what need not be kept.
pub(crate) struct Survey(pub(crate) PruneOrder);

impl Command for Survey {
    type Reply = Surveyed;
    const WHAT: &'static str = "look for what need not be kept";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Surveyed> {
        let order = &self.0;
        let mut progress = order.from.0.clone();
        let mut surveyed = Surveyed {
            leaving: Vec::new(),
            ledger: LedgerWork::default(),
            abandoned: None,
            sums_older_than: None,
            next: None,
        };
        let next = match &progress.stage {
            Stage::Runs(at) => {
                let (leaving, next) = runs::survey(session, order, at.clone()).await?;
                surveyed.leaving = leaving;
                Some(next.map_or(Stage::Bytes(BytesAt::default()), Stage::Runs))
            }
            Stage::Bytes(at) => {
                let (leaving, next) = bytes::survey(session, order, at.clone(), &progress).await?;
                surveyed.leaving = leaving;
                Some(next.map_or(Stage::Ledger(LedgerAt::default()), Stage::Bytes))
            }
            Stage::Ledger(at) => {
                let (work, next) = ledger::survey(session, order, at.clone(), &progress).await?;
                surveyed.ledger = work;
                surveyed.sums_older_than = next.is_none().then_some(order.ledger_older_than);
                Some(next.map_or(Stage::Documents(DocumentsAt::default()), Stage::Ledger))
            }
            Stage::Documents(at) => {
                let (abandoned, next) = documents::survey(session, order, at.clone()).await?;
                surveyed.abandoned = abandoned;
                next.map(Stage::Documents)
            }
        };
        if order.dry_run {
            progress.gone.extend(surveyed.leaving.iter().map(|run| run.run));
            progress.gone_bytes += surveyed.leaving.iter().map(|run| run.bytes).sum::<u64>();
        }
        surveyed.next = next.map(|stage| Progress { stage, ..progress });
        Ok(surveyed)
    }
}

/// The bytes of logs and artifacts of these runs, in their order.
async fn sizes(session: &mut Session<'_>, runs: &[RunId]) -> Outcome<Vec<u64>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let text = sql!(
        "SELECT CAST(e.value->>0 AS BIGINT) AS run, CAST(
            COALESCE((SELECT SUM(bytes) FROM log_chunks WHERE run = CAST(e.value->>0 AS BIGINT)), 0)
            + COALESCE((SELECT SUM(size) FROM artifacts WHERE run = CAST(e.value->>0 AS BIGINT)), 0) AS BIGINT) AS bytes
         FROM" ROWS
    );
    let rows = session.rows(Statement::new(text).bind(Rows::of(runs, |run| [run.0.into()]))).await?;
    let mut sizes = std::collections::HashMap::new();
    for row in &rows {
        sizes.insert(row.run("run")?, row.count("bytes")?);
    }
    Ok(runs.iter().map(|run| sizes.get(run).copied().unwrap_or_default()).collect())
}
