//! Looks at tasks before they have to run: whatever is new or changed first, everything once a day, what failed sooner. It
//! holds up no run and takes no place of one, and nothing waits for what it finds.

mod memory;
mod overtaken;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream::FuturesUnordered};
use roundsman_model::{Finding, TaskDefinition, TaskName, Timestamp};
use roundsman_store::{CheckRow, StoreResult};
use roundsman_telemetry::set_check_failures;
use tokio::{sync::Notify, time::Instant};

use self::memory::{Memory, Turn, failures};
use crate::{
    Engine, PREFLIGHT_WITHIN, Service,
    engine::store_pause,
    preflight::{Looked, look_at},
};

/// How long after a start the first look is taken: a start has more urgent things to do.
const FIRST: Duration = Duration::from_secs(2);
/// A host that came up less than this ago is still busy with itself.
const HOST_STARTS: Duration = Duration::from_mins(1);
/// So many tasks are looked at together.
const TOGETHER: usize = 2;
/// How long to rest when all tasks have been looked at. New definitions wake us.
const RHYTHM: Duration = Duration::from_mins(1);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The shortest pause between two looks: the rest of the daemon comes first.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// Looks at tasks before they have to run.
pub struct Examiner {
    engine: Arc<Engine>,
    begun: Instant,
    /// What was looked at, and when; nothing until the store was asked.
    memory: Option<Memory>,
    /// The definitions in force that concern this node, each with its hash, and which edition of them that is.
    known: (u64, Vec<(Arc<TaskDefinition>, String)>),
    /// Those whose turn it is, the next one first.
    queue: VecDeque<(Arc<TaskDefinition>, String)>,
    /// Those that are being looked at.
    busy: HashSet<TaskName>,
    /// What was found and is not in the store yet.
    unrecorded: Vec<CheckRow>,
    failures: u32,
}

impl Examiner {
    /// An examiner whose first look is still to come.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            begun: Instant::now(),
            memory: None,
            known: (0, Vec::new()),
            queue: VecDeque::new(),
            busy: HashSet::new(),
            unrecorded: Vec::new(),
            failures: 0,
        }
    }

    /// Looks at all tasks whose turn it is, two at a time, and keeps what was found of each as it comes. Returns how many
    /// that were.
    pub async fn examine(&mut self) -> StoreResult<usize> {
        let Some(node) = self.engine.node_name() else { return Ok(0) };
        // What an earlier turn left unfinished is not under way any more.
        self.busy.clear();
        self.queue.clear();
        self.record().await?;
        self.remember(&node).await?;
        self.show_overtaken().await?;
        let mut looked = 0;
        let mut under_way = FuturesUnordered::new();
        let wakeups = self.engine.wake_examiner.clone();
        loop {
            self.line_up();
            while under_way.len() < TOGETHER
                && let Some((definition, hash)) = self.queue.pop_front()
            {
                self.busy.insert(definition.name.clone());
                under_way.push(look(self.engine.clone(), definition, hash, node.clone()));
            }
            let (row, unable, took) = tokio::select! {
                ended = under_way.next() => match ended {
                    Some(ended) => ended,
                    None => return Ok(looked),
                },
                // There may be others to look at now.
                () = wakeups.notified() => continue,
                // Whoever drains waits for nobody who only looks; what is under way ends with this.
                () = self.engine.stop_claiming.cancelled() => return Ok(looked),
            };
            self.busy.remove(&row.task);
            if let Some(finding) = unable {
                // What this host is short of is no fault of the task: what was known of it stays.
                tracing::info!(task.name = %row.task, "could not be looked at: {}", finding.found);
                self.memory.get_or_insert_default().note_unable(&row);
            } else {
                Self::tell(&row);
                self.note(&row);
                self.unrecorded.push(row);
                looked += 1;
                self.record().await?;
            }
            if !self.queue.is_empty() {
                // Half of the time is everybody else's.
                tokio::time::sleep(took.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
            }
        }
    }

    /// Sees to it that those whose turn it is stand in the queue: first those whose definition nobody here has looked at,
    /// and by their next slot.
    fn line_up(&mut self) {
        let edition = self.engine.edition();
        if self.known.0 != edition {
            // Hashing takes longest.
            let here = self.engine.definitions().into_iter();
            let here = here.filter(|definition| definition.enabled && self.engine.suits(definition));
            self.known = (edition, here.map(|definition| (definition.clone(), definition.hash())).collect());
        } else if !self.queue.is_empty() {
            return;
        }
        let (now, next_slots) = (self.engine.now(), self.engine.next_slots());
        let revision = self.engine.parts.keyring.revision();
        let memory = self.memory.get_or_insert_default();
        memory.found_revision(revision);
        let known = self.known.1.iter().filter(|(task, _)| !self.busy.contains(&task.name));
        let mut due: Vec<(Turn, _, _)> =
            known.filter_map(|(task, hash)| Some((memory.turn(task, hash, now)?, task, hash))).collect();
        due.sort_by_cached_key(|(turn, definition, _)| {
            let next = next_slots.get(&definition.name).copied().unwrap_or(Timestamp::MAX_UTC);
            (*turn, next, definition.name.clone())
        });
        self.queue =
            due.into_iter().map(|(_, definition, hash)| (definition.clone(), hash.clone())).collect();
    }

    /// Learns what was found before this boot.
    async fn remember(&mut self, node: &str) -> StoreResult<()> {
        if self.memory.is_some() {
            return Ok(());
        }
        let rows = self.engine.note_read(self.engine.store().checks().await)?;
        self.memory = Some(Memory::default());
        let in_force = self.engine.definitions();
        for row in rows.iter().filter(|row| row.node == node) {
            self.note(row);
            if in_force
                .iter()
                .any(|definition| definition.name == row.task && definition.hash() == row.definition)
            {
                show(row);
            }
        }
        Ok(())
    }

    fn note(&mut self, row: &CheckRow) {
        self.memory.get_or_insert_default().note(row);
    }

    /// Writes what was found. What could not be written stays.
    async fn record(&mut self) -> StoreResult<()> {
        while let Some(row) = self.unrecorded.first() {
            let recorded = self.engine.note_write(self.engine.store().record_check(row.clone()).await);
            match recorded {
                Ok(true) => {}
                // Nobody has put the task in force yet, or it left meanwhile: it is looked at again after a while.
                Ok(false) => self.memory.get_or_insert_default().note_unable(row),
                Err(error) if error.is_refusal() => {
                    tracing::warn!(task.name = %row.task, "what was found of it cannot be stored: {error}");
                }
                Err(error) => return Err(error),
            }
            self.unrecorded.remove(0);
        }
        Ok(())
    }

    /// Says what went badly, and shows it.
    fn tell(row: &CheckRow) {
        show(row);
        for finding in failures(row) {
            tracing::info!(task.name = %row.task, "cannot {}: {}", finding.what, finding.found);
        }
    }
}

/// Looks at one task. Returns what was found, why its kind could not be asked, and how long it took.
async fn look(
    engine: Arc<Engine>,
    definition: Arc<TaskDefinition>,
    hash: String,
    node: String,
) -> (CheckRow, Option<Finding>, Duration) {
    let began = Instant::now();
    let now = engine.now();
    let Looked { findings, unable } = look_at(engine.means(), &definition, PREFLIGHT_WITHIN, now).await;
    let row = CheckRow { task: definition.name.clone(), definition: hash, node, at: engine.now(), findings };
    (row, unable, began.elapsed())
}

fn show(row: &CheckRow) {
    set_check_failures(row.task.as_str(), failures(row).count() as u64);
}

#[async_trait]
impl Service for Examiner {
    fn name(&self) -> &'static str {
        "examine"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.engine.wake_examiner.clone()
    }

    async fn run_once(&mut self) -> Duration {
        let wait = FIRST
            .saturating_sub(self.begun.elapsed())
            .max(HOST_STARTS.saturating_sub(self.engine.uptime().total));
        if !wait.is_zero() {
            return wait;
        }
        if self.engine.stop_claiming.is_cancelled() {
            return RHYTHM;
        }
        if self.examine().await.is_err() {
            self.failures += 1;
            return store_pause(self.failures);
        }
        self.failures = 0;
        RHYTHM
    }
}
