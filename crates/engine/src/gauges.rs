//! Brings the gauges that come from the store up to date. It counts nothing itself.

use std::{collections::BTreeMap, sync::Arc};

use roundsman_model::{PoolName, TaskName, Timestamp, time::delta};
use roundsman_store::{StoreResult, TaskTotals};
use roundsman_telemetry::{TaskGauges, WITHOUT_POOL, set_daemon, set_queues, set_task};

use crate::Engine;

/// Reads the totals of all tasks and sets their gauges, and the daemon's own.
pub async fn refresh_gauges(engine: &Arc<Engine>) -> StoreResult<()> {
    let mut busy = engine.live().tasks();
    let totals = engine.note_read(engine.store().totals().await);
    busy.extend(engine.live().tasks());
    let tick_age = engine.health().tick_age().unwrap_or_default();
    let (store_up, leads) = (engine.health().store_up(), engine.standing().fires());
    set_daemon(tick_age.as_secs_f64(), store_up, engine.health().overdue(), leads);
    let totals: BTreeMap<TaskName, TaskTotals> = totals?.into_iter().collect();
    set_queues(&queues(engine, totals.values()));
    // What one-shot runs reported arrives through the store; of tasks under way here our own samples are newer.
    for (task, of_task) in totals.iter().filter(|(task, _)| !busy.contains(*task)) {
        engine.parts.metrics.restore(task, of_task.metrics.clone());
    }
    let next_slots = engine.next_slots();
    let none = TaskTotals::default();
    for definition in engine.definitions() {
        let of_task = totals.get(&definition.name).unwrap_or(&none);
        let next = next_slots.get(&definition.name).copied();
        let fresh_within = definition.fresh_within.map(|within| delta(within.get()));
        let expected_by = fresh_within.zip(of_task.last_success).map(|(within, last)| last + within);
        let gauges = TaskGauges {
            last_success: seconds(of_task.last_success),
            next_slot: seconds(next),
            expected_by: seconds(expected_by),
            active: of_task.active.iter().map(|(_, count)| *count).sum::<u64>() as f64,
            runs: of_task.runs.clone(),
            slots: of_task.slots.clone(),
        };
        set_task(definition.name.as_str(), &gauges);
    }
    Ok(())
}

/// Queued runs by pool, the configured ones also where nothing waits.
fn queues<'a>(engine: &Engine, totals: impl Iterator<Item = &'a TaskTotals>) -> BTreeMap<String, u64> {
    let mut queues: BTreeMap<String, u64> =
        engine.limits().0.iter().map(|(pool, _)| (pool.to_string(), 0)).collect();
    for (pool, count) in totals.flat_map(|totals| &totals.queued) {
        let pool = pool.as_ref().map_or(WITHOUT_POOL, PoolName::as_str);
        *queues.entry(pool.to_owned()).or_default() += count;
    }
    queues
}

fn seconds(at: Option<Timestamp>) -> f64 {
    at.map_or(0.0, |at| at.timestamp_micros() as f64 / 1e6)
}
