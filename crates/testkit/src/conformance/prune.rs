//! Pruning: what goes and what stays, in batches, and that every slot is accounted for all the same.

use crate::Installing as _;
use std::slice::from_ref;

use anyhow::Context as _;
use futures::future::try_join_all;
use roundsman_model::{
    Artifact, History, Outcome, Overlap, Reason, Run, RunId, RunState, SlotRange, TaskDefinition, Timestamp,
    Transition, Verdict as SlotVerdict,
};
use roundsman_store::{
    Claimer, Fired, LogChunk, PruneCursor, PruneOrder, Pruned, RunFilter, RunLease, SlotFate, Store,
};

use super::{Stage, Verdict, at, definition, holder, slot, stage::success};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// An order that takes nothing out.
pub(super) fn nothing() -> PruneOrder {
    PruneOrder {
        older_than: Timestamp::MIN_UTC,
        runs_per_task: u32::MAX,
        bytes: u64::MAX,
        ledger_older_than: Timestamp::MIN_UTC,
        changes_older_than: Timestamp::MIN_UTC,
        removed_before: Timestamp::MIN_UTC,
        batch: 200,
        dry_run: false,
        from: PruneCursor::default(),
    }
}

/// Carries an order out to its end, and says what each batch came to.
async fn batches(store: &dyn Store, order: &PruneOrder) -> anyhow::Result<Vec<Pruned>> {
    let (mut order, mut batches) = (order.clone(), Vec::new());
    loop {
        let batch = store.prune(&order).await?;
        let next = batch.next.clone();
        batches.push(Pruned { next: None, ..batch });
        match next {
            Some(next) => order.from = next,
            None => return Ok(batches),
        }
    }
}

async fn sweep(store: &dyn Store, order: &PruneOrder) -> anyhow::Result<Pruned> {
    let mut sum = Pruned::default();
    batches(store, order).await?.iter().for_each(|batch| sum.add(batch));
    Ok(sum)
}

/// Carries an order out, after a dry run of it that must say the same and change nothing.
pub(super) async fn sweep_as_foretold(stage: &Stage, order: &PruneOrder) -> anyhow::Result<Pruned> {
    let store = stage.store.as_ref();
    let before = all_runs(store).await?;
    let foretold = sweep(store, &PruneOrder { dry_run: true, ..order.clone() }).await?;
    assert_eq!(all_runs(store).await?, before, "a dry run changes nothing");
    let pruned = sweep(store, order).await?;
    assert_eq!(pruned, foretold, "a dry run tells what happens");
    assert_eq!(sweep(store, order).await?, Pruned::default(), "a second sweep finds nothing");
    Ok(pruned)
}

async fn all_runs(store: &dyn Store) -> anyhow::Result<Vec<RunId>> {
    let runs = store.runs(&RunFilter { limit: 100_000, ..RunFilter::default() }).await?;
    Ok(runs.iter().map(|run| run.id).collect())
}

async fn whole_ledger(store: &dyn Store, task: &TaskDefinition) -> anyhow::Result<Vec<SlotRange>> {
    let mut rows = store.slots(&task.name, None, 100_000).await?;
    rows.reverse();
    assert!(rows.windows(2).all(|pair| pair[0].last < pair[1].first), "rows never overlap");
    Ok(rows)
}

/// A task several runs of which may be under way.
fn spacious(name: &str) -> TaskDefinition {
    TaskDefinition { overlap: Overlap::Allow(64), ..definition(name) }
}

impl Stage {
    /// Fires these slots at the last of them; their runs start at once and end half a minute later.
    async fn live(
        &self,
        task: &TaskDefinition,
        slots: &[i64],
        end: impl Fn(i64) -> Transition,
    ) -> anyhow::Result<Vec<RunLease>> {
        let now = *slots.last().context("there is a slot")?;
        let firing = self.firing(task, now, slots.iter().map(|at| slot(*at)).collect()).await?;
        let fired = self.store.fire(vec![firing], None, at(now)).await?;
        let Some(Fired::Done(fates)) = fired.first() else { anyhow::bail!("not fired: {fired:?}") };
        assert!(fates.iter().all(|fate| matches!(fate, SlotFate::Queued(_))), "{fates:?}");
        let me = holder("a");
        let claimed = self.store.claim(&Claimer::of(me.clone()), 64, at(now)).await?.runs;
        let lease = |run: &Run| RunLease { run: run.id, attempt: run.attempt, holder: me.clone() };
        let settle = claimed.iter().map(|run| {
            let slot = run.slot.map_or(0, |slot| (slot - at(0)).num_seconds());
            let (lease, end) = (lease(run), end(slot));
            async move { self.settle(&lease, end, now + 30).await }
        });
        try_join_all(settle).await?;
        Ok(claimed.iter().map(lease).collect())
    }
}

fn failure() -> Transition {
    Transition::End { state: RunState::Failed, cause: Some("no answer".to_owned()), outcome: None }
}

/// Four slots a day for 400 days; every fifth day fails, every ninth was missed altogether.
pub async fn every_slot_of_400_days_still_answers(stage: Stage) -> Verdict {
    let task = spacious("past");
    stage.install(from_ref(&task)).await?;
    let slots_of = |day: i64| [1, 2, 3, 4].map(|quarter| day * DAY + quarter * 6 * HOUR);
    for day in 0..400 {
        let slots = slots_of(day);
        if day % 9 == 8 {
            let mut firing = stage.firing(&task, slots[3], Vec::new()).await?;
            firing.passed.push(SlotRange {
                task: task.name.clone(),
                first: at(slots[0]),
                last: at(slots[3]),
                count: 4,
                verdict: SlotVerdict::Missed,
                reason: Some(Reason::Down),
                detail: Some("the daemon was down".to_owned()),
                run: None,
                decided_at: at(slots[3]),
            });
            stage.store.fire(vec![firing], None, at(slots[3])).await?;
        } else {
            let end = |_| if day % 5 == 4 { failure() } else { success("done") };
            stage.live(&task, &slots, end).await?;
        }
    }
    let totals = stage.store.totals().await?;
    let now = at(401 * DAY);
    let order = PruneOrder {
        runs_per_task: 100,
        changes_older_than: now,
        ledger_older_than: now - chrono::TimeDelta::days(400),
        batch: 37,
        ..nothing()
    };
    let pruned = sweep_as_foretold(&stage, &order).await?;
    assert_eq!(pruned.runs, 4 * (400 - 44) - 100);
    assert_eq!(stage.store.totals().await?, totals, "totals are those of all time");
    let ledger = whole_ledger(stage.store.as_ref(), &task).await?;
    assert_eq!(ledger.iter().map(|row| row.count).sum::<u64>(), 1600);
    assert_eq!(ledger.len() as u64, 4 * (400 - 44) + 44 - pruned.ledger_rows);
    assert!(ledger.len() < 220, "{} rows are left", ledger.len());
    for day in 0..400 {
        for slot in slots_of(day) {
            let row = stage.store.slot(&task.name, at(slot)).await?.context("every slot has a row")?;
            let expected = if day % 9 == 8 { SlotVerdict::Missed } else { SlotVerdict::Ran };
            assert_eq!(row.verdict, expected, "day {day}");
            if let Some(run) = row.run {
                assert_eq!(stage.run(run).await?.slot, Some(at(slot)));
            }
        }
    }
    assert_eq!(ledger.iter().filter(|row| row.run.is_some()).count(), 100);
    Ok(())
}

/// Rows older than the ledger's age go; a row never reaches over a change of the definition.
pub async fn old_rows_go_and_changes_part_them(stage: Stage) -> Verdict {
    let task = spacious("parted");
    stage.install(from_ref(&task)).await?;
    stage.live(&task, &[60, 120, 180], |_| success("done")).await?;
    let mut changed = task.clone();
    changed.about = Some("something else".to_owned());
    stage.store.install_tasks(from_ref(&changed), at(200)).await?;
    stage.live(&changed, &[240, 300, 360], |_| success("done")).await?;
    let order = PruneOrder { runs_per_task: 1, changes_older_than: at(DAY), ..nothing() };
    sweep_as_foretold(&stage, &order).await?;
    let rows =
        |rows: Vec<SlotRange>| rows.iter().map(|row| (row.first, row.last, row.count)).collect::<Vec<_>>();
    let ledger = whole_ledger(stage.store.as_ref(), &task).await?;
    assert_eq!(rows(ledger), [(at(60), at(180), 3), (at(240), at(300), 2), (at(360), at(360), 1)]);
    let order = PruneOrder { ledger_older_than: at(200), ..order };
    assert_eq!(sweep_as_foretold(&stage, &order).await?.ledger_rows, 1);
    assert_eq!(stage.store.slot(&task.name, at(120)).await?, None);
    assert_eq!(whole_ledger(stage.store.as_ref(), &task).await?.len(), 2);
    Ok(())
}

/// Active runs stay, and the newest run and success of each task, and runs whose followers are not decided.
pub async fn what_must_stay_stays(stage: Stage) -> Verdict {
    let (task, quiet, followed) = (spacious("busy"), spacious("quiet"), spacious("followed"));
    stage.install(&[task.clone(), quiet.clone(), followed.clone()]).await?;
    let of_busy =
        stage.live(&task, &[60, 120, 180, 240], |slot| if slot < 150 { success("done") } else { failure() });
    let of_busy = of_busy.await?;
    let of_quiet = stage.live(&quiet, &[60], |_| success("done")).await?;
    let active = stage.queue(&task, 300).await?;
    let mut firing = stage.firing(&followed, 361, vec![slot(360), slot(361)]).await?;
    firing.followed = true;
    stage.store.fire(vec![firing], None, at(361)).await?;
    let me = holder("a");
    let claimed = stage.store.claim(&Claimer::of(me.clone()), 9, at(361)).await?.runs;
    let undecided: Vec<RunId> =
        claimed.iter().filter(|run| run.task == followed.name).map(|run| run.id).collect();
    for run in claimed.iter().filter(|run| run.task == followed.name) {
        stage.settle(&RunLease { run: run.id, attempt: 1, holder: me.clone() }, failure(), 362).await?;
    }
    let order = PruneOrder { older_than: at(100 * DAY), bytes: 0, ..nothing() };
    let pruned = sweep_as_foretold(&stage, &order).await?;
    assert_eq!(pruned.runs, 2);
    let mut stay = vec![of_busy[1].run, of_busy[3].run, of_quiet[0].run, active];
    stay.extend(undecided);
    let mut left = all_runs(stage.store.as_ref()).await?;
    left.sort();
    stay.sort();
    assert_eq!(left, stay);
    Ok(())
}

/// With `history = "changes"`, successes that only repeat the one before become hourly sums.
pub async fn repetitions_become_hourly_sums(stage: Stage) -> Verdict {
    let task = TaskDefinition { history: History::Changes, ..spacious("monitor") };
    stage.install(from_ref(&task)).await?;
    // From noon on, each minute for two hours; an hour in, two failures.
    for minute in 1..=120 {
        let end = move |_| match minute {
            60 | 61 => failure(),
            minute => success(&format!("3 servers answer, slowest {minute} ms")),
        };
        stage.live(&task, &[minute * 60], end).await?;
    }
    let order = PruneOrder { changes_older_than: at(HOUR + 1800), batch: 10, ..nothing() };
    let pruned = sweep_as_foretold(&stage, &order).await?;
    // The first of all and the first after the failure stay, and what ended after half past one.
    assert_eq!((pruned.runs, pruned.repeats), (58 + 27, 58 + 27));
    let sums = stage.store.roll_ups(&task.name, 9).await?;
    let sums: Vec<_> = sums.iter().map(|sum| (sum.hour, sum.runs, sum.total_ms, sum.longest_ms)).collect();
    assert_eq!(sums, [(at(HOUR), 27, 27 * 30_000, 30_000), (at(0), 58, 58 * 30_000, 30_000)]);
    let left = stage.store.runs(&RunFilter { limit: 200, ..RunFilter::default() }).await?;
    let failed = left.iter().filter(|run| run.state == RunState::Failed).count();
    assert_eq!((left.len(), failed), (120 - 85, 2));
    let row = stage.store.slot(&task.name, at(600)).await?.context("a slot in a range")?;
    assert_eq!((row.first, row.last, row.count, row.run), (at(120), at(59 * 60), 58, None));
    Ok(())
}

/// Where logs and artifacts are too large, the oldest runs go with theirs.
pub async fn the_oldest_go_where_bytes_are_too_many(stage: Stage) -> Verdict {
    let (first, second) = (spacious("first"), spacious("second"));
    stage.install(&[first.clone(), second.clone()]).await?;
    let mut runs = Vec::new();
    for minute in 1..=6 {
        let task = if minute % 2 == 1 { &first } else { &second };
        let firing = stage.firing(task, minute * 60, vec![slot(minute * 60)]).await?;
        stage.store.fire(vec![firing], None, at(minute * 60)).await?;
        let (run, lease) = stage.claim_one("a", minute * 60).await?;
        // Two bytes for each letter: bytes count, not letters.
        let lines = "ä".repeat(500);
        stage.store.append_log(LogChunk { run: run.id, attempt: 1, seq: 1, lines }).await?;
        let bytes = vec![7; 2000];
        let artifact = Artifact {
            name: "plan".to_owned(),
            media_type: "text/plain".to_owned(),
            size: 2000,
            sha256: "0".repeat(64),
        };
        assert!(stage.store.put_artifact(&lease, &artifact, bytes, at(minute * 60)).await?);
        stage.settle(&lease, success("done"), minute * 60 + 1).await?;
        runs.push(run.id);
    }
    let order = PruneOrder { bytes: 13_000, batch: 1, ..nothing() };
    let pruned = sweep_as_foretold(&stage, &order).await?;
    assert_eq!((pruned.runs, pruned.bytes), (2, 6000));
    let mut left = all_runs(stage.store.as_ref()).await?;
    left.reverse();
    assert_eq!(left, runs[2..]);
    assert_eq!(stage.store.log(runs[0], None, 9).await?, []);
    assert_eq!(stage.store.artifact(runs[0], "plan").await?, None);
    assert!(stage.store.artifact(runs[2], "plan").await?.is_some());
    let none = PruneOrder { bytes: 0, ..order };
    assert_eq!(sweep_as_foretold(&stage, &none).await?.runs, 2, "the newest of each task stay");
    Ok(())
}

/// No batch takes out more than it may, and firing goes on between them.
pub async fn batches_are_small(stage: Stage) -> Verdict {
    let task = spacious("many");
    stage.install(from_ref(&task)).await?;
    let slots: Vec<i64> = (1..=50).map(|minute| minute * 60).collect();
    stage
        .live(&task, &slots, |_| Transition::End {
            state: RunState::Succeeded,
            cause: None,
            outcome: Some(Outcome::success("done")),
        })
        .await?;
    let order = PruneOrder { runs_per_task: 10, batch: 7, ..nothing() };
    let batches = batches(stage.store.as_ref(), &order).await?;
    let sizes: Vec<u64> = batches.iter().map(|batch| batch.runs).filter(|runs| *runs > 0).collect();
    assert_eq!(sizes, [7, 7, 7, 7, 7, 5]);
    stage.live(&task, &[3060], |_| success("done")).await?;
    assert_eq!(sweep_as_foretold(&stage, &order).await?.runs, 1);
    Ok(())
}

/// A slot may be passed over because of a run that was queued after it: then the ledger names that run at a time before it.
pub async fn no_slot_names_a_run_that_is_gone(stage: Stage) -> Verdict {
    let (store, task) = (stage.store.as_ref(), definition("late"));
    stage.install(from_ref(&task)).await?;
    let run = stage.queue(&task, 600).await?;
    let caught_up = stage.firing(&task, 610, vec![slot(300)]).await?;
    let fired = store.fire(vec![caught_up], None, at(610)).await?;
    assert!(
        !matches!(&fired[..], [Fired::Done(fates)] if matches!(fates[..], [SlotFate::Queued(_)])),
        "{fired:?}"
    );
    let (_, lease) = stage.claim_one("a", 620).await?;
    stage.succeed(&lease, 630).await?;
    stage.queue(&task, 660).await?;
    let (_, lease) = stage.claim_one("a", 660).await?;
    stage.succeed(&lease, 670).await?;
    let named = |rows: &[SlotRange]| rows.iter().filter(|row| row.run == Some(run)).count();
    assert_eq!(named(&whole_ledger(store, &task).await?), 2, "its own slot, and the one before");
    let order = PruneOrder { runs_per_task: 1, ..nothing() };
    assert_eq!(sweep_as_foretold(&stage, &order).await?.runs, 1);
    assert_eq!(named(&whole_ledger(store, &task).await?), 0);
    Ok(())
}
