//! Fires slots: a heap of next slots, asleep until the earliest. Each due slot becomes a verdict and, if it is to run, a
//! queued run, both in one transaction. The next slot always comes from the definition and the clock, never from the
//! last run. It starts no worker.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use roundsman_model::{
    Reason, SlotRange, TaskDefinition, TaskName, Timestamp, Verdict, misfire, time::delta,
};
use roundsman_store::{Extra, Fired, Firing, SlotFate, SlotToRun, TaskRow};
use roundsman_telemetry::FiringMoved;
use tokio::{sync::Notify, time::Instant};

use crate::{Engine, Service, engine::store_pause};

/// The longest sleep: steps of the wall clock are noticed within it.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// A pause between two ticks longer than this means that nothing could fire: the host slept or the daemon was frozen.
const STALL: Duration = Duration::from_secs(5);
/// A slot this late counts as overdue.
const OVERDUE_GRACE: Duration = Duration::from_secs(30);

struct Watched {
    definition: Arc<TaskDefinition>,
    hash: String,
    ledger_until: Timestamp,
    revision: i64,
    offset: TimeDelta,
}

/// Why slots could not fire for a while.
#[derive(Debug, Clone, Copy)]
struct Outage {
    reason: Reason,
    since: Timestamp,
}

/// Fires slots.
pub struct Firer {
    engine: Arc<Engine>,
    watched: HashMap<TaskName, Watched>,
    heap: BinaryHeap<Reverse<(Timestamp, TaskName)>>,
    outage: Option<Outage>,
    last_tick: Option<(Instant, Timestamp)>,
    failures: u32,
}

impl Firer {
    /// Watches the tasks of the engine's definitions from where their ledgers end.
    pub fn new(engine: Arc<Engine>, rows: &[TaskRow]) -> Self {
        let mut firer = Self {
            engine,
            watched: HashMap::new(),
            heap: BinaryHeap::new(),
            outage: None,
            last_tick: None,
            failures: 0,
        };
        for definition in firer.engine.definitions() {
            let row = rows.iter().find(|row| row.definition.name == definition.name);
            let Some(ledger_until) = row.and_then(|row| row.ledger_until) else { continue };
            let revision = row.map_or(0, |row| row.revision);
            let hash = definition.hash();
            let offset = delta(definition.jitter_offset());
            let name = definition.name.clone();
            firer.watched.insert(name.clone(), Watched { definition, hash, ledger_until, revision, offset });
            firer.plan_next(&name);
        }
        firer
    }

    /// Puts the task's next slot on the heap.
    fn plan_next(&mut self, task: &TaskName) {
        let Some(watched) = self.watched.get(task) else { return };
        let next = watched.definition.next_slot(watched.ledger_until);
        self.engine.set_next_slot(task, next);
        if let Some(next) = next {
            self.heap.push(Reverse((next + watched.offset, task.clone())));
        }
    }

    fn take_due(&mut self, now: Timestamp) -> Vec<TaskName> {
        let mut due = Vec::new();
        while self.heap.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            due.extend(self.heap.pop().map(|Reverse((_, task))| task));
        }
        due
    }

    /// What firing this task now means; `None` if it has no slot after all.
    fn firing(&self, task: &TaskName, now: Timestamp) -> Option<Firing> {
        let watched = self.watched.get(task)?;
        let definition = &watched.definition;
        let until = now - watched.offset;
        let schedule = definition.schedule.as_ref()?;
        let slots = schedule.slots(watched.ledger_until, until, definition.timezone);
        let (run, passed) = match self.outage {
            None => (slots.collect::<Vec<_>>(), Vec::new()),
            Some(outage) => {
                let plan = misfire::decide(definition.misfire, definition.window.get(), slots, until);
                let passed = plan.missed.map(|passed| missed_row(definition, passed, outage, now));
                (plan.run, passed.into_iter().collect())
            }
        };
        let last = run.last().copied().or_else(|| passed.last().map(|range| range.last))?;
        let run = run
            .into_iter()
            .map(|slot| SlotToRun {
                slot: Some(slot),
                due_at: slot + watched.offset,
                extra: Extra::default(),
            })
            .collect();
        Some(Firing {
            task: task.clone(),
            kind: definition.kind.clone(),
            definition: watched.hash.clone(),
            overlap: definition.overlap,
            terms: definition.terms(),
            followed: false,
            revision: watched.revision,
            ledger_was: Some(watched.ledger_until),
            ledger_until: last,
            passed,
            run,
        })
    }

    fn notice_stall(&mut self, now: Timestamp) {
        if let Some((before, wall)) = self.last_tick {
            let stepped = (now - wall).to_std().is_ok_and(|passed| passed > STALL);
            if self.outage.is_none() && (before.elapsed() > STALL || stepped) {
                self.outage = Some(Outage { reason: Reason::Down, since: wall });
            }
        }
    }

    async fn fire_due(&mut self, now: Timestamp) -> bool {
        let due = self.take_due(now);
        let firings: Vec<Firing> = due.iter().filter_map(|task| self.firing(task, now)).collect();
        let written = firings.is_empty() || self.write(firings, now).await;
        for task in &due {
            self.plan_next(task);
        }
        written
    }

    async fn write(&mut self, firings: Vec<Firing>, now: Timestamp) -> bool {
        let fired = self.engine.store().fire(firings.clone(), None, now).await;
        let Ok(fired) = self.engine.note_write(fired) else {
            self.outage.get_or_insert(Outage { reason: Reason::StoreAway, since: now });
            return false;
        };
        for (firing, fired) in firings.iter().zip(fired) {
            self.follow(firing, fired);
        }
        self.engine.wake_dispatcher.notify_one();
        true
    }

    fn follow(&mut self, firing: &Firing, fired: Fired) {
        let Some(watched) = self.watched.get_mut(&firing.task) else { return };
        match fired {
            Fired::Done(fates) => {
                watched.ledger_until = firing.ledger_until;
                for fate in fates {
                    if let SlotFate::Overlap(run) = fate {
                        tracing::info!(task.name = %firing.task, run.id = %run, "slot skipped: this run is still active");
                    }
                }
            }
            Fired::Moved | Fired::Deposed => FiringMoved { task: &firing.task }.emit(),
        }
    }

    fn overdue(&self, now: Timestamp) -> u64 {
        let limit = now - delta(OVERDUE_GRACE);
        match self.heap.peek() {
            Some(Reverse((at, _))) if *at < limit => {
                self.heap.iter().filter(|Reverse((at, _))| *at < limit).count() as u64
            }
            _ => 0,
        }
    }

    fn rest(&self) -> Duration {
        let now = self.engine.now();
        let until_next = self.heap.peek().map(|Reverse((at, _))| (*at - now).to_std().unwrap_or_default());
        until_next.unwrap_or(LONGEST_REST).min(LONGEST_REST)
    }
}

#[async_trait]
impl Service for Firer {
    fn name(&self) -> &'static str {
        "fire"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.engine.wake_firer.clone()
    }

    async fn run_once(&mut self) -> Duration {
        if self.engine.stop_claiming.is_cancelled() {
            // Slots that fall due during a drain are for the next start to account for.
            return LONGEST_REST;
        }
        let now = self.engine.now();
        self.notice_stall(now);
        let written = self.fire_due(now).await;
        let after = self.engine.now();
        self.engine.health().ticked(self.overdue(after));
        self.last_tick = Some((Instant::now(), after));
        if written {
            self.failures = 0;
            self.outage = None;
            self.rest()
        } else {
            self.failures += 1;
            store_pause(self.failures).min(LONGEST_REST)
        }
    }
}

fn missed_row(
    definition: &TaskDefinition,
    passed: misfire::Passed,
    outage: Outage,
    now: Timestamp,
) -> SlotRange {
    let local = |at: Timestamp| at.with_timezone(&definition.timezone).format("%Y-%m-%d %H:%M:%S %:z");
    let what = if outage.reason == Reason::StoreAway { "store away" } else { "daemon down" };
    SlotRange {
        task: definition.name.clone(),
        first: passed.first,
        last: passed.last,
        count: passed.count,
        verdict: Verdict::Missed,
        reason: Some(outage.reason),
        detail: Some(format!("{what} from {} to {}", local(outage.since), local(now))),
        run: None,
        decided_at: now,
    }
}

pub(crate) fn missed_while_down(
    definition: &TaskDefinition,
    passed: misfire::Passed,
    since: Timestamp,
    now: Timestamp,
) -> SlotRange {
    missed_row(definition, passed, Outage { reason: Reason::Down, since }, now)
}
