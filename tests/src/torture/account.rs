//! The account of a store, taken over a connection of its own when nothing runs any more: every slot has one verdict, no
//! slot ran twice, nothing is said to run. Which slots there must be is worked out here from the interval alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use roundsman_model::{Origin, Run, RunId, RunState, SlotRange, TaskName, Timestamp, Verdict};
use roundsman_store::{OpenOptions, Role, RunFilter, Store, TaskRow};

/// What an account came to.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Slots by what became of them.
    pub(super) slots: BTreeMap<String, u64>,
    /// Runs by state.
    pub(super) runs: BTreeMap<String, u64>,
    /// Attempts that were lost.
    pub(super) lost: u64,
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |counts: &BTreeMap<String, u64>| {
            counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
        };
        write!(f, "slots: {}; runs: {}; attempts lost: {}", words(&self.slots), words(&self.runs), self.lost)
    }
}

/// Opens a store and takes its account. All tasks must be scheduled by `every = "1s"`.
pub(super) fn take(url: &str, accounted_since: Timestamp) -> Result<Account> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let store = roundsman_store::open(url, OpenOptions::for_role(Role::Reader)).await?;
        let account = of(&*store, accounted_since).await;
        store.close().await;
        account
    })
}

async fn of(store: &dyn Store, accounted_since: Timestamp) -> Result<Account> {
    let mut account = Account::default();
    let runs = all_runs(store).await?;
    for run in &runs {
        ensure!(
            run.state != RunState::Running,
            "run {} of {} is a ghost: it is said to run",
            run.id,
            run.task
        );
        *account.runs.entry(run.state.to_string()).or_default() += 1;
        account.lost += lost_attempts(store, run).await?;
    }
    let by_id: HashMap<RunId, &Run> = runs.iter().map(|run| (run.id, run)).collect();
    no_slot_ran_twice(&runs)?;
    for row in store.tasks().await? {
        let task = &row.definition.name;
        let until = row.ledger_until.with_context(|| format!("{task} has no ledger"))?;
        ensure!(until >= accounted_since, "the ledger of {task} ends at {until}, before {accounted_since}");
        every_slot_has_one_verdict(store, &row, until, &by_id, &mut account)
            .await
            .with_context(|| format!("the ledger of {task} up to {until}"))?;
    }
    Ok(account)
}

fn no_slot_ran_twice(runs: &[Run]) -> Result<()> {
    let mut seen: HashSet<(&TaskName, Timestamp)> = HashSet::new();
    for run in runs.iter().filter(|run| run.origin == Origin::Schedule) {
        let slot =
            run.slot.with_context(|| format!("run {} comes from a schedule and has no slot", run.id))?;
        ensure!(seen.insert((&run.task, slot)), "{} was fired twice for {slot}", run.task);
    }
    Ok(())
}

async fn every_slot_has_one_verdict(
    store: &dyn Store,
    row: &TaskRow,
    until: Timestamp,
    runs: &HashMap<RunId, &Run>,
    account: &mut Account,
) -> Result<()> {
    let first =
        row.first_seen.context("it was never installed")?.timestamp_micros().div_euclid(1_000_000) + 1;
    let mut next = first;
    for range in ledger(store, &row.definition.name).await? {
        let (begin, end) = (second(range.first)?, second(range.last)?);
        ensure!(begin == next, "the slots from second {next} to {begin} have none or two verdicts");
        let count = i64::try_from(range.count)?;
        ensure!(end - begin + 1 == count, "a row from {} to {} counts {count}", range.first, range.last);
        next = end + 1;
        verdict_fits(&range, runs)?;
        let reason = range.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        *account.slots.entry(format!("{}{reason}", range.verdict)).or_default() += range.count;
    }
    let last = until.timestamp_micros().div_euclid(1_000_000);
    ensure!(next == last + 1, "the last row ends before second {next}, the ledger at {last}");
    Ok(())
}

fn second(at: Timestamp) -> Result<i64> {
    let micros = at.timestamp_micros();
    ensure!(micros.rem_euclid(1_000_000) == 0, "{at} is no slot of a task of every second");
    Ok(micros / 1_000_000)
}

fn verdict_fits(range: &SlotRange, runs: &HashMap<RunId, &Run>) -> Result<()> {
    let run = range.run.and_then(|run| runs.get(&run));
    match range.verdict {
        Verdict::Ran => {
            let run = run.with_context(|| format!("the slot {} ran without a run", range.first))?;
            ensure!(run.attempt > 0, "run {} of {} ran without an attempt", run.id, range.first);
        }
        Verdict::Fired => {
            let run = run.with_context(|| format!("the slot {} was fired without a run", range.first))?;
            let open = run.state.is_active() && run.started_at.is_none();
            ensure!(open, "the slot {} says fired, run {} is {}", range.first, run.id, run.state);
        }
        Verdict::Skipped | Verdict::Missed => {
            ensure!(range.reason.is_some(), "the slot {} was {} for no reason", range.first, range.verdict);
        }
    }
    Ok(())
}

/// The whole ledger of a task, oldest first.
async fn ledger(store: &dyn Store, task: &TaskName) -> Result<Vec<SlotRange>> {
    let mut all: Vec<SlotRange> = Vec::new();
    let mut until = None;
    loop {
        let page = store.slots(task, until, 1000).await?;
        let Some(oldest) = page.last() else { break };
        until = Some(oldest.first - chrono::TimeDelta::microseconds(1));
        all.extend(page);
    }
    all.reverse();
    Ok(all)
}

async fn all_runs(store: &dyn Store) -> Result<Vec<Run>> {
    let mut all: Vec<Run> = Vec::new();
    loop {
        let before = all.last().map(|run| run.id);
        let page = store.runs(&RunFilter { before, limit: 1000, ..RunFilter::default() }).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

async fn lost_attempts(store: &dyn Store, run: &Run) -> Result<u64> {
    if run.attempt < 2 && run.state != RunState::Lost {
        return Ok(0);
    }
    let attempts = store.attempts(run.id).await?;
    let is_lost = |end: &roundsman_model::AttemptEnd| end.ended() == roundsman_model::Ended::Lost;
    Ok(attempts.iter().filter(|attempt| attempt.end.as_ref().is_some_and(is_lost)).count() as u64)
}
