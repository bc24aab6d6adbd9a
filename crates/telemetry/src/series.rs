//! The daemon's own metric series: names, help texts, and their presence from the start. Values come from events and
//! from the engine's gauges.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use roundsman_model::{Ended, Reason, RunState, Verdict};

/// The names of all series, so that nobody writes one twice.
pub mod names {
    /// When the task's last success ended; 0 if never.
    pub const LAST_SUCCESS: &str = "roundsman_task_last_success_timestamp_seconds";
    /// The task's next slot; 0 if there is none.
    pub const NEXT_SLOT: &str = "roundsman_task_next_slot_timestamp_seconds";
    /// When the task's next success is due; 0 if no objective is set.
    pub const EXPECTED_BY: &str = "roundsman_task_expected_by_timestamp_seconds";
    /// Slots by verdict and reason.
    pub const SLOTS: &str = "roundsman_slots_total";
    /// Ended runs by state.
    pub const RUNS: &str = "roundsman_runs_total";
    /// From start to end of a run.
    pub const RUN_DURATION: &str = "roundsman_run_duration_seconds";
    /// From slot to start.
    pub const START_LAG: &str = "roundsman_start_lag_seconds";
    /// Runs queued, running or waiting.
    pub const RUNS_ACTIVE: &str = "roundsman_runs_active";
    /// Attempts by how they ended.
    pub const ATTEMPTS: &str = "roundsman_attempts_total";
    /// Samples refused.
    pub const METRICS_REFUSED: &str = "roundsman_metrics_refused_total";
    /// Age of the last tick.
    pub const TICK_AGE: &str = "roundsman_tick_age_seconds";
    /// Whether the store answers.
    pub const STORE_UP: &str = "roundsman_store_up";
    /// Queued runs.
    pub const QUEUE_LENGTH: &str = "roundsman_queue_length";
    /// Whether this node fires.
    pub const LEADER: &str = "roundsman_leader";
    /// The version.
    pub const BUILD_INFO: &str = "roundsman_build_info";
    /// Slots that should have fired.
    pub const OVERDUE: &str = "roundsman_slots_overdue";
    /// Failures that the last look at a task found.
    pub const CHECK_FAILURES: &str = "roundsman_task_check_failures";
    /// Whether a run takes longer than its task's interval.
    pub const OVERRUN: &str = "roundsman_task_overrun";
    /// Running runs of which nobody knows whether they go on.
    pub const UNCONFIRMED: &str = "roundsman_runs_unconfirmed";
    /// Results that the store has not taken yet.
    pub const UNWRITTEN: &str = "roundsman_results_unwritten";
    /// Panics of services.
    pub const SERVICE_PANICS: &str = "roundsman_service_panics_total";
}

const DURATION_BUCKETS: [f64; 8] = [0.1, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 7200.0];
const LAG_BUCKETS: [f64; 7] = [0.005, 0.01, 0.02, 0.1, 1.0, 10.0, 60.0];

/// The recorder's reading side.
#[derive(Clone)]
pub struct Prometheus(PrometheusHandle);

/// Another recorder was installed before.
#[derive(Debug, thiserror::Error)]
#[error("metrics are set up already")]
pub struct RecorderTaken;

impl Prometheus {
    /// Makes this process record metrics.
    pub fn install() -> Result<Self, RecorderTaken> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(names::RUN_DURATION.into()), &DURATION_BUCKETS)
            .and_then(|b| b.set_buckets_for_metric(Matcher::Full(names::START_LAG.into()), &LAG_BUCKETS))
            .expect("the buckets are not empty")
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| RecorderTaken)?;
        describe();
        Ok(Self(handle))
    }

    /// All series in the text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Moves samples into their buckets; to be called now and then when nobody scrapes.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    crate::keeping::describe();
    describe_gauge!(
        names::LAST_SUCCESS,
        "When the task's last successful run ended; 0 if it never succeeded."
    );
    describe_gauge!(names::NEXT_SLOT, "The task's next slot; 0 if there is none.");
    describe_gauge!(
        names::EXPECTED_BY,
        "When the next success is due at the latest; 0 without fresh_within."
    );
    describe_counter!(names::SLOTS, "Slots that ran, were skipped or missed, by reason, from the store.");
    describe_counter!(names::RUNS, "Ended runs by state, one-shot runs included, from the store.");
    describe_histogram!(names::RUN_DURATION, "Seconds from the first attempt's start to the end of the run.");
    describe_histogram!(names::START_LAG, "Seconds from the slot to the start of its first attempt.");
    describe_gauge!(names::RUNS_ACTIVE, "Runs that are queued, running or waiting, from the store.");
    describe_counter!(names::ATTEMPTS, "Attempts settled by this node, by how they ended.");
    describe_counter!(
        names::METRICS_REFUSED,
        "Samples of kinds that were refused: undeclared, or too many label sets."
    );
    describe_gauge!(names::TICK_AGE, "Seconds since slots were last looked at.");
    describe_gauge!(names::STORE_UP, "Whether the store answered last time: 1 or 0.");
    describe_gauge!(
        names::QUEUE_LENGTH,
        "Runs that wait for room, by pool; runs without a pool count as \"default\"."
    );
    describe_gauge!(names::LEADER, "Whether this node fires slots: 1 or 0.");
    describe_gauge!(
        names::CHECK_FAILURES,
        "Failures that this node's last look at the task found; 0 if there are none, or before the first look."
    );
    describe_gauge!(names::BUILD_INFO, "The version, as a label; always 1.");
    describe_gauge!(names::OVERDUE, "Slots that should have fired and did not yet.");
    describe_counter!(names::SERVICE_PANICS, "Panics of the daemon's own services.");
}

/// Gauges of a task, from the store and the schedule. Zero where there is nothing to tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskGauges {
    /// Unix time of the end of the last success.
    pub last_success: f64,
    /// Unix time of the next slot.
    pub next_slot: f64,
    /// Unix time by which a success is due.
    pub expected_by: f64,
    /// Runs queued, running or waiting.
    pub active: f64,
    /// Ended runs by state.
    pub runs: Vec<(RunState, u64)>,
    /// Slots by verdict and reason.
    pub slots: Vec<(Verdict, Option<Reason>, u64)>,
}

/// Makes all series of a task present that begin at zero. To be called when the store was read: a counter that the store
/// keeps must not be seen at zero before.
pub fn declare_task(task: &str) {
    for state in RunState::ALL.into_iter().filter(|state| !state.is_active()) {
        counter!(names::RUNS, "task" => task.to_owned(), "state" => state.as_str()).increment(0);
    }
    for (verdict, reason) in [
        (Verdict::Ran, ""),
        (Verdict::Skipped, Reason::Overlap.as_str()),
        (Verdict::Missed, Reason::Down.as_str()),
        (Verdict::Missed, Reason::StoreAway.as_str()),
    ] {
        counter!(names::SLOTS, "task" => task.to_owned(), "verdict" => verdict.as_str(), "reason" => reason)
            .increment(0);
    }
    for ended in Ended::ALL {
        counter!(names::ATTEMPTS, "task" => task.to_owned(), "outcome" => ended.as_str()).increment(0);
    }
    counter!(names::METRICS_REFUSED, "task" => task.to_owned()).increment(0);
    // Declared anew, as by a reload, it keeps what it has.
    gauge!(names::CHECK_FAILURES, "task" => task.to_owned()).increment(0.0);
    drop(histogram!(names::RUN_DURATION, "task" => task.to_owned()));
    drop(histogram!(names::START_LAG, "task" => task.to_owned()));
}

/// Sets what the store knows of a task.
pub fn set_task(task: &str, gauges: &TaskGauges) {
    gauge!(names::LAST_SUCCESS, "task" => task.to_owned()).set(gauges.last_success);
    gauge!(names::NEXT_SLOT, "task" => task.to_owned()).set(gauges.next_slot);
    gauge!(names::EXPECTED_BY, "task" => task.to_owned()).set(gauges.expected_by);
    gauge!(names::RUNS_ACTIVE, "task" => task.to_owned()).set(gauges.active);
    for (state, count) in &gauges.runs {
        counter!(names::RUNS, "task" => task.to_owned(), "state" => state.as_str()).absolute(*count);
    }
    // A slot whose run has not started is none of these yet: its number falls, which no counter may.
    for (verdict, reason, count) in gauges.slots.iter().filter(|(verdict, ..)| *verdict != Verdict::Fired) {
        let reason = reason.map_or("", Reason::as_str);
        counter!(names::SLOTS, "task" => task.to_owned(), "verdict" => verdict.as_str(), "reason" => reason)
            .absolute(*count);
    }
}

/// Sets how many failures the last look at a task found.
pub fn set_check_failures(task: &str, failures: u64) {
    gauge!(names::CHECK_FAILURES, "task" => task.to_owned()).set(failures as f64);
}

/// A task that left the configuration has no next slot, no objective, and nothing wrong with it.
pub fn retire_task(task: &str) {
    set_check_failures(task, 0);
    gauge!(names::NEXT_SLOT, "task" => task.to_owned()).set(0.0);
    gauge!(names::EXPECTED_BY, "task" => task.to_owned()).set(0.0);
}

/// Sets the daemon's own gauges: age of the last tick in seconds, whether the store answers, overdue slots, the lead.
pub fn set_daemon(tick_age: f64, store_up: bool, overdue: u64, leader: bool) {
    gauge!(names::TICK_AGE).set(tick_age);
    gauge!(names::STORE_UP).set(f64::from(u8::from(store_up)));
    gauge!(names::OVERDUE).set(overdue as f64);
    gauge!(names::LEADER).set(f64::from(u8::from(leader)));
}

/// What runs without a pool count as.
pub const WITHOUT_POOL: &str = "default";

/// Pools that were told once: a series stays when its pool goes, and must not keep its last length.
static TOLD_POOLS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Sets how many runs are queued, by pool; pools that are not named have none.
pub fn set_queues(queued: &BTreeMap<String, u64>) {
    let mut told = TOLD_POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    told.insert(WITHOUT_POOL.to_owned());
    told.extend(queued.keys().cloned());
    for pool in told.iter() {
        let length = queued.get(pool).copied().unwrap_or_default();
        gauge!(names::QUEUE_LENGTH, "pool" => pool.clone()).set(length as f64);
    }
}

/// Sets the age of the last tick in seconds, as a scrape sees it.
pub fn set_tick_age(seconds: f64) {
    gauge!(names::TICK_AGE).set(seconds);
}

/// Sets the version.
pub fn set_build_info(version: &'static str) {
    gauge!(names::BUILD_INFO, "version" => version).set(1.0);
    counter!(names::SERVICE_PANICS).increment(0);
}

#[cfg(test)]
mod tests;
