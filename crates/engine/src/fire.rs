//! Fires slots: a heap of next looks, asleep until the earliest. Each due slot becomes a verdict and, if it is to run, a
//! queued run, both in one transaction. The next slot always comes from the definition and the clock, never from the
//! last run. Only a node that leads fires; taking over and reloading happen between two ticks. It starts no worker.

pub(crate) mod gap;
mod refresh;
mod take_over;
mod turn;
pub(crate) mod watched;

pub(crate) use take_over::Ahead;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{TaskName, Timestamp, time::delta};
use roundsman_store::{Fired, Firing, SlotFate, StoreResult};
use roundsman_telemetry::ClockOdd;
use tokio::sync::Notify;

use self::{
    gap::{Cause, Gap},
    refresh::Refresh,
    watched::Watched,
};
use crate::{
    Engine, Service, Standing,
    clock::{ClockWatch, Glance, Tick},
    engine::store_pause,
};

/// The longest sleep: steps of the wall clock are noticed within it.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// The pause when something is due that could not be fired just now.
const SHORTEST_REST: Duration = Duration::from_millis(1);
/// How often tasks that catch up are looked at.
const CATCH_UP_RHYTHM: Duration = Duration::from_millis(250);
/// A slot this late counts as overdue.
const OVERDUE_GRACE: Duration = Duration::from_secs(30);
/// How often tasks that somebody else changed are read anew before the next tick.
const READ_ANEW: usize = 3;

/// Fires slots.
pub struct Firer {
    engine: Arc<Engine>,
    /// The standing under which the ledgers were taken over.
    reign: Option<Standing>,
    /// Since when nobody fired, until this node does.
    quiet: Option<Gap>,
    began_at: Timestamp,
    /// Whether another node led since then.
    stood_by: bool,
    watched: HashMap<TaskName, Watched>,
    heap: BinaryHeap<Reverse<(Timestamp, TaskName)>>,
    gap: Option<Gap>,
    clock: ClockWatch,
    /// Whether the wall clock was compared with what is recorded, or was steady for long enough since.
    trusted: bool,
    /// What was written for later than this was written under a wrong clock.
    mend_after: Option<Timestamp>,
    refresh: Refresh,
    wound_up: bool,
    failures: u32,
}

impl Firer {
    /// A firer that has not taken over yet. `down_since` is when a daemon was last known to live.
    pub fn new(engine: Arc<Engine>, down_since: Option<Timestamp>) -> Self {
        Self {
            began_at: engine.now(),
            stood_by: false,
            engine,
            reign: None,
            quiet: Some(down_since.map_or(Gap::unknown(), |since| Gap::open(Cause::DaemonDown, since))),
            watched: HashMap::new(),
            heap: BinaryHeap::new(),
            gap: None,
            clock: ClockWatch::default(),
            trusted: false,
            mend_after: None,
            refresh: Refresh::default(),
            wound_up: false,
            failures: 0,
        }
    }

    /// The first turn, for a start that wants to know of errors: takes over, if this node may fire and its clock can be
    /// trusted, and fires what is due.
    pub async fn begin(&mut self) -> StoreResult<()> {
        self.look_at_clock();
        let begun = self.turn().await;
        self.tell_clock();
        self.clock.rest(self.glance());
        begun
    }

    fn glance(&self) -> Glance {
        Glance { wall: self.engine.now(), uptime: self.engine.uptime() }
    }

    fn look_at_clock(&mut self) {
        let (tick, step) = self.clock.look(self.glance());
        if let Some(step) = step {
            ClockOdd { step_ms: step.num_milliseconds() }.emit();
        }
        match tick {
            Tick::Even | Tick::Held => {}
            Tick::Lapsed(since, lapse) => self.note_gap(Cause::Clock(lapse), since),
            Tick::Settled { truth, since, lapse } => {
                self.trusted = true;
                self.mend_after = Some(truth).filter(|_| matches!(lapse, crate::clock::Lapse::SetBack(_)));
                self.note_gap(Cause::Clock(lapse), since);
            }
        }
        self.tell_clock();
    }

    /// Tells the others what to think of the wall clock.
    fn tell_clock(&self) {
        let held = self.clock.held();
        self.engine.trust_clock(self.trusted && held.is_none());
        self.engine.health().clock(held);
    }

    /// When a daemon was last known to live before this one.
    fn known_until(&self) -> Option<Timestamp> {
        self.quiet.map(|quiet| quiet.since).filter(|since| *since > Timestamp::MIN_UTC)
    }

    fn note_gap(&mut self, cause: Cause, since: Timestamp) {
        self.gap.get_or_insert(Gap::open(cause, since));
    }

    /// One turn: whatever is to be done before the next rest.
    async fn turn(&mut self) -> StoreResult<()> {
        let standing = self.engine.standing();
        if !standing.fires() || self.clock.held().is_some() {
            self.stand_by(standing).await;
            return Ok(());
        }
        if self.reign != Some(standing) && !self.take_over(standing).await? {
            return Ok(());
        }
        self.answer_reloads().await;
        if self.reign.is_none() {
            return Ok(());
        }
        self.mend().await?;
        self.look_for_changes().await?;
        self.fire_due().await?;
        self.catch_up().await?;
        self.gap = None;
        Ok(())
    }

    /// Watches a task from now on.
    fn watch(&mut self, task: TaskName, watched: Watched) {
        self.watched.insert(task.clone(), watched);
        self.plan_next(&task);
    }

    /// Puts the task's next look on the heap.
    fn plan_next(&mut self, task: &TaskName) {
        let now = self.engine.now();
        let Some(watched) = self.watched.get_mut(task) else { return };
        let next_slot = watched.next_slot().filter(|_| watched.definition.enabled);
        self.engine.set_next_slot(task, next_slot);
        let look_at = watched.next_look(now);
        if look_at == watched.look_at {
            return;
        }
        watched.look_at = look_at;
        if let Some(at) = look_at {
            self.heap.push(Reverse((at, task.clone())));
        }
    }

    fn take_due(&mut self, now: Timestamp) -> Vec<TaskName> {
        let mut due = Vec::new();
        while self.heap.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((at, task))) = self.heap.pop() else { break };
            if let Some(watched) = self.watched.get_mut(&task).filter(|watched| watched.look_at == Some(at)) {
                watched.look_at = None;
                due.push(task);
            }
        }
        due
    }

    async fn fire_due(&mut self) -> StoreResult<()> {
        for _ in 0..READ_ANEW {
            let now = self.engine.now();
            let due = self.take_due(now);
            let gap = self.gap;
            let decided = due.iter().filter_map(|task| self.watched.get_mut(task)?.firing(gap, false, now));
            let firings: Vec<Firing> = decided.collect();
            let written = self.write(firings, now).await;
            for task in &due {
                self.plan_next(task);
            }
            if !self.read_anew(written?).await? {
                break;
            }
        }
        Ok(())
    }

    /// Lets tasks that are behind take their next slot, unless a run of theirs is active.
    async fn catch_up(&mut self) -> StoreResult<()> {
        let behind = |watched: &Watched| watched.behind.is_some();
        let mut tasks: Vec<TaskName> = self
            .watched
            .iter()
            .filter(|(_, watched)| behind(watched))
            .map(|(task, _)| task.clone())
            .collect();
        if tasks.is_empty() || !self.refresh.busy_is_due(self.engine.uptime().total) {
            return Ok(());
        }
        let busy = self.engine.note_read(self.engine.store().busy().await)?;
        let busy: std::collections::HashSet<_> = busy.into_iter().collect();
        tasks.retain(|task| !busy.contains(task));
        let (now, gap) = (self.engine.now(), self.gap);
        let firings: Vec<Firing> =
            tasks.iter().filter_map(|task| self.watched.get_mut(task)?.firing(gap, true, now)).collect();
        let moved = self.write(firings, now).await;
        for task in &tasks {
            self.plan_next(task);
        }
        self.read_anew(moved?).await.map(drop)
    }

    /// Writes firings. Returns the tasks that somebody else changed meanwhile.
    async fn write(&mut self, firings: Vec<Firing>, now: Timestamp) -> StoreResult<Vec<TaskName>> {
        if firings.is_empty() {
            return Ok(Vec::new());
        }
        let epoch = self.reign.and_then(Standing::epoch);
        let fired = self.engine.store().fire(firings.clone(), epoch, now).await;
        let fired = self.engine.note_write(fired).inspect_err(|_| self.note_gap(Cause::StoreAway, now))?;
        let mut moved = Vec::new();
        for (firing, fired) in firings.iter().zip(fired) {
            match fired {
                Fired::Done(fates) => self.fired(firing, &fates),
                Fired::Moved => moved.push(firing.task.clone()),
                Fired::Deposed => {
                    self.depose();
                    return Ok(Vec::new());
                }
            }
        }
        self.engine.wake_dispatcher.notify_one();
        Ok(moved)
    }

    fn fired(&mut self, firing: &Firing, fates: &[SlotFate]) {
        let Some(watched) = self.watched.get_mut(&firing.task) else { return };
        watched.fired(firing);
        for fate in fates {
            if let SlotFate::Overlap(run) = fate {
                tracing::info!(task.name = %firing.task, run.id = %run, "slot skipped: this run is still active");
            }
        }
    }

    fn overdue(&self, now: Timestamp) -> u64 {
        let limit = now - delta(OVERDUE_GRACE);
        match self.heap.peek() {
            Some(Reverse((at, _))) if *at < limit => {
                let is_overdue = |watched: &&Watched| watched.look_at.is_some_and(|at| at < limit);
                self.watched.values().filter(is_overdue).count() as u64
            }
            _ => 0,
        }
    }

    fn rest(&self) -> Duration {
        if !self.engine.standing().fires() || self.reign.is_none() || self.clock.held().is_some() {
            return LONGEST_REST;
        }
        let now = self.engine.now();
        let longest = if self.watched.values().any(|watched| watched.behind.is_some()) {
            CATCH_UP_RHYTHM
        } else {
            LONGEST_REST
        };
        let until_next =
            self.heap.peek().map(|Reverse((at, _))| (*at - now).to_std().unwrap_or(SHORTEST_REST));
        until_next.unwrap_or(longest).min(longest)
    }

    /// Fires no more. Tasks that are switched off get the slots written down that were put off.
    async fn wind_up(&mut self) {
        if std::mem::replace(&mut self.wound_up, true) {
            return;
        }
        self.refuse_reloads();
        if self.reign.is_none() || self.reign != Some(self.engine.standing()) {
            return;
        }
        let now = self.engine.now();
        let idle = self.watched.values_mut().filter(|watched| !watched.definition.enabled);
        let firings = idle.filter_map(|watched| watched.firing(None, false, now)).collect();
        // What cannot be written now is for the next start to account for, like everything due from now on.
        let _ = self.write(firings, now).await;
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
            self.wind_up().await;
            return LONGEST_REST;
        }
        self.look_at_clock();
        let turned = self.turn().await;
        self.tell_clock();
        let overdue = if self.reign.is_some() { self.overdue(self.engine.now()) } else { 0 };
        self.engine.health().ticked(overdue);
        self.clock.rest(self.glance());
        if turned.is_ok() {
            self.failures = 0;
            return self.rest();
        }
        self.failures += 1;
        store_pause(self.failures).min(LONGEST_REST)
    }
}
