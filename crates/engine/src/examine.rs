//! Looks at tasks before they have to run: whatever is new or changed first, everything once a day. It holds up no run and
//! takes no place of one, and nothing waits for what it finds.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream::FuturesUnordered};
use roundsman_model::{FindingLevel, TaskDefinition, TaskName, Timestamp, time::delta};
use roundsman_store::{CheckRow, StoreResult};
use roundsman_telemetry::set_check_failures;
use tokio::{sync::Notify, time::Instant};

use crate::{Engine, PREFLIGHT_WITHIN, Service, engine::store_pause, preflight};

/// How long after a start the first look is taken: a start has more urgent things to do.
const FIRST: Duration = Duration::from_secs(2);
/// A host that came up less than this ago is still busy with itself.
const HOST_STARTS: Duration = Duration::from_mins(1);
/// So many tasks are looked at together.
const TOGETHER: usize = 2;
/// How long a look counts.
const COUNTS_FOR: Duration = Duration::from_hours(24);
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
    /// The hash that was looked at last, and when; nothing until the store was asked.
    seen: Option<HashMap<TaskName, (String, Timestamp)>>,
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
            seen: None,
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
            let (row, took) = tokio::select! {
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
            Self::tell(&row);
            self.note(&row);
            self.unrecorded.push(row);
            looked += 1;
            self.record().await?;
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
        let known = self.known.1.iter().filter(|(task, _)| !self.busy.contains(&task.name));
        let mut due: Vec<_> =
            known.filter_map(|(task, hash)| Some((self.turn(task, hash, now)?, task, hash))).collect();
        due.sort_by_cached_key(|(turn, definition, _)| {
            let next = next_slots.get(&definition.name).copied().unwrap_or(Timestamp::MAX_UTC);
            (*turn, next, definition.name.clone())
        });
        self.queue =
            due.into_iter().map(|(_, definition, hash)| (definition.clone(), hash.clone())).collect();
    }

    /// Whether it is a task's turn, and how soon.
    fn turn(&self, definition: &TaskDefinition, hash: &str, now: Timestamp) -> Option<Turn> {
        let seen = self.seen.as_ref().and_then(|seen| seen.get(&definition.name));
        match seen.filter(|(seen, _)| seen == hash) {
            None => Some(Turn::Unseen),
            // A look in the future was taken under a clock that was wrong.
            Some((_, at)) => (*at > now || now - *at >= delta(COUNTS_FOR)).then_some(Turn::Again),
        }
    }

    /// Learns what was found before this boot.
    async fn remember(&mut self, node: &str) -> StoreResult<()> {
        if self.seen.is_some() {
            return Ok(());
        }
        let rows = self.engine.note_read(self.engine.store().checks().await)?;
        self.seen = Some(HashMap::new());
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
        self.seen.get_or_insert_default().insert(row.task.clone(), (row.definition.clone(), row.at));
    }

    /// Writes what was found. What could not be written stays.
    async fn record(&mut self) -> StoreResult<()> {
        while let Some(row) = self.unrecorded.first() {
            let recorded = self.engine.note_write(self.engine.store().record_check(row.clone()).await);
            match recorded {
                Ok(true) => {}
                // Nobody has put the task in force yet, or it left meanwhile: it is looked at again after a while.
                Ok(false) => {
                    let again = row.at - delta(COUNTS_FOR) + delta(RHYTHM);
                    let seen = (row.definition.clone(), again);
                    self.seen.get_or_insert_default().insert(row.task.clone(), seen);
                }
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
        for finding in row.findings.iter().filter(|finding| finding.level == FindingLevel::Failure) {
            tracing::info!(task.name = %row.task, "cannot {}: {}", finding.what, finding.found);
        }
    }
}

/// Looks at one task. Returns what was found, and how long it took.
async fn look(
    engine: Arc<Engine>,
    definition: Arc<TaskDefinition>,
    hash: String,
    node: String,
) -> (CheckRow, Duration) {
    let began = Instant::now();
    let findings = preflight(engine.means(), &definition, PREFLIGHT_WITHIN, engine.now()).await;
    let row = CheckRow { task: definition.name.clone(), definition: hash, node, at: engine.now(), findings };
    (row, began.elapsed())
}

/// How soon a task is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Nobody here has looked at this definition.
    Unseen,
    /// The last look was long ago.
    Again,
}

fn show(row: &CheckRow) {
    let failures = row.findings.iter().filter(|finding| finding.level == FindingLevel::Failure).count();
    set_check_failures(row.task.as_str(), failures as u64);
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
