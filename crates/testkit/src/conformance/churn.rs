//! Everything at once, from two nodes: firing, claiming, logging, settling, retrying, renewing. Afterwards the books must
//! balance. It looks for lost updates and for transactions that wait for each other in a circle.

use roundsman_store::Claimer;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use anyhow::Result;
use roundsman_model::{RunState, TaskDefinition, Transition, Verdict as SlotVerdict};
use roundsman_store::{Fired, LogChunk, RunFilter, RunLease, Store};

use super::{
    Stage, Verdict, at, definition, firing_of, holder, slot,
    stage::{settlement, success},
};

const TASKS: usize = 8;
const MINUTES: i64 = 25;

/// Each slot is accounted for once, each run ended once, and the counts say so.
pub async fn nothing_is_lost_when_all_happens_at_once(stage: Stage) -> Verdict {
    let tasks: Vec<_> = (0..TASKS).map(|n| definition(&format!("t{n}"))).collect();
    stage.install(&tasks).await?;
    let other = stage.other_node().await?;
    let minute = AtomicI64::new(0);
    let firing = fire_all(&stage.store, &other, &tasks, &minute);
    let working = futures::future::try_join_all((0..4).map(|n| {
        let store = if n % 2 == 0 { &stage.store } else { &other };
        work(store, format!("node-{n}"), &minute)
    }));
    tokio::try_join!(firing, working)?;
    let mut rest = Vec::new();
    while rest.is_empty() || stage.next_due().await?.is_some() {
        rest.push(attempt(&stage.store, "last", MINUTES * 60 + 3600).await?);
    }
    balance(&stage, &tasks).await?;
    other.close().await;
    Ok(())
}

/// Both nodes fire each minute; the one that comes second finds the ledger moved.
async fn fire_all(
    ours: &Arc<dyn Store>,
    theirs: &Arc<dyn Store>,
    tasks: &[TaskDefinition],
    minute: &AtomicI64,
) -> Result<()> {
    for now in (1..=MINUTES).map(|minute| minute * 60) {
        let batch = || {
            let firing = |task| firing_of(task, Some(at(now - 60)), now, vec![slot(now)]);
            tasks.iter().map(firing).collect::<Vec<_>>()
        };
        let (first, second) =
            tokio::join!(ours.fire(batch(), None, at(now)), theirs.fire(batch(), None, at(now)));
        let done = first?.iter().chain(&second?).filter(|fired| matches!(fired, Fired::Done(_))).count();
        anyhow::ensure!(done == tasks.len(), "{done} of {} tasks were fired at {now}", tasks.len());
        minute.store(now, Ordering::Relaxed);
    }
    minute.store(i64::MAX, Ordering::Relaxed);
    Ok(())
}

async fn work(store: &Arc<dyn Store>, node: String, minute: &AtomicI64) -> Result<()> {
    loop {
        let now = minute.load(Ordering::Relaxed);
        if now == i64::MAX {
            return Ok(());
        }
        if !attempt(store, &node, now).await? {
            tokio::task::yield_now().await;
        }
    }
}

/// One attempt from claim to end. Every third first attempt is tried again at once; every end is reported twice.
async fn attempt(store: &Arc<dyn Store>, node: &str, now: i64) -> Result<bool> {
    let me = holder(node);
    let Some(run) = store.claim(&Claimer::of(me.clone()), 1, at(now)).await?.runs.pop() else {
        return Ok(false);
    };
    let lease = RunLease { run: run.id, attempt: run.attempt, holder: me.clone() };
    store.append_log(LogChunk { run: run.id, attempt: run.attempt, seq: 1, lines: "{}".to_owned() }).await?;
    anyhow::ensure!(store.beat(&me, std::slice::from_ref(&lease), at(now)).await? == [run.id]);
    let again = run.id.0 % 3 == 0 && run.attempt == 1;
    let wait = || Transition::Wait { due_at: at(now), cause: "again".to_owned(), counted: true };
    let transition = if again { wait() } else { success("done") };
    for _ in 0..2 {
        store.settle(settlement(&lease, transition.clone(), now)).await?;
    }
    Ok(true)
}

async fn balance(stage: &Stage, tasks: &[TaskDefinition]) -> Result<()> {
    assert_eq!(stage.store.held().await?, []);
    let runs = stage.store.runs(&RunFilter { limit: 9999, ..RunFilter::default() }).await?;
    for (name, totals) in stage.store.totals().await? {
        let of = |state| runs.iter().filter(|run| run.task == name && run.state == state).count() as u64;
        let counted =
            |state| totals.runs.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, count)| *count);
        for state in RunState::ALL {
            assert_eq!(counted(state), of(state), "{name} {state}");
        }
        assert_eq!(totals.active, []);
        let slots: u64 = totals.slots.iter().map(|(_, _, count)| count).sum();
        assert_eq!(slots, MINUTES as u64, "{name}");
        let ran =
            totals.slots.iter().find(|(verdict, _, _)| *verdict == SlotVerdict::Ran).map_or(0, |slot| slot.2);
        let started = runs.iter().filter(|run| run.task == name && run.attempt > 0).count() as u64;
        assert_eq!(ran, started, "{name}");
    }
    for task in tasks {
        assert_eq!(stage.store.slots(&task.name, None, 999).await?.len() as i64, MINUTES);
    }
    for run in &runs {
        assert_eq!(stage.store.attempts(run.id).await?.len() as u32, run.attempt);
    }
    Ok(())
}
