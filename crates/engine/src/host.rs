//! The daemon's side of an attempt under way: takes its log, progress and metrics, answers its questions. It never makes
//! the reading of the worker wait for the store, save where the worker itself waits for an answer.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{
    Answer, Artifact, AskError, DocumentError, DocumentOp, DocumentPlace, DocumentReply, MetricValue,
    Question, Run, TaskDefinition, Timestamp,
    artifact::{INPUT_PREFIX, LAST_LINES, MAX_STORED_BYTES},
    document::{own_space, shared_space},
    time::delta,
};
use roundsman_store::{LogChunk, RunLease, StoreResult};
use roundsman_telemetry::{MetricsRefused, SUM_TOO_LARGE, sum};
use roundsman_wire::{Host, LogLine, LogStream};
use sha2::{Digest, Sha256};

use crate::{
    Engine, Progress, covered_lines::CoveredLines, denied::Denials, engine::store_pause,
    log_keeper::LogKeeper, mask::Mask, sealing,
};

/// The most label sets that one attempt may report.
const MAX_SAMPLES: usize = 5_000;
/// The most bytes that are kept of what a run says it is at.
const NOTE_BYTES: usize = 500;
/// What is left of the time limit when a question is given up, so that the kind can still say so.
const ANSWER_RESERVE: Duration = Duration::from_secs(5);

/// Where an attempt's words arrive.
pub(crate) struct AttemptHost {
    pub(crate) engine: Arc<Engine>,
    run: Run,
    definition: Arc<TaskDefinition>,
    lease: RunLease,
    deadline: Timestamp,
    mask: Mask,
    scopes: BTreeMap<String, String>,
    lines: Mutex<CoveredLines>,
    keeper: Mutex<LogKeeper>,
    metrics: Mutex<HashMap<String, MetricValue>>,
    pub(crate) denials: Denials,
    unsent: tokio::sync::Mutex<Unsent>,
}

/// The piece of the log that is on its way to the store, and the number of the last one.
#[derive(Default)]
struct Unsent {
    chunk: Option<LogChunk>,
    last: i64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AttemptHost {
    pub(crate) fn new(
        engine: Arc<Engine>,
        run: Run,
        definition: Arc<TaskDefinition>,
        lease: RunLease,
        deadline: Timestamp,
    ) -> Self {
        let keeper = Mutex::new(LogKeeper::of_attempt(lease.attempt));
        Self {
            engine,
            run,
            definition,
            lease,
            deadline,
            mask: Mask::default(),
            scopes: BTreeMap::new(),
            lines: Mutex::new(CoveredLines::new(Mask::default())),
            keeper,
            metrics: Mutex::default(),
            denials: Denials::default(),
            unsent: tokio::sync::Mutex::default(),
        }
    }

    /// The same, with these secrets covered in all it says.
    pub(crate) fn masking(self, mask: Mask) -> Self {
        Self { lines: Mutex::new(CoveredLines::new(mask.clone())), mask, ..self }
    }

    /// The same, with these scopes of the spaces it shares with other tasks.
    pub(crate) fn sharing(self, scopes: BTreeMap<String, String>) -> Self {
        Self { scopes, ..self }
    }

    /// Adds a line of our own.
    pub(crate) fn say(&self, level: &str, text: String) {
        let at = self.engine.now();
        self.log(LogLine { at, stream: LogStream::Roundsman, level: level.to_owned(), text });
    }

    /// The samples reported so far.
    pub(crate) fn take_metrics(&self) -> Vec<MetricValue> {
        let mut samples: Vec<_> = locked(&self.metrics).drain().collect();
        samples.sort_by(|(a, _), (b, _)| a.cmp(b));
        samples.into_iter().map(|(_, sample)| sample).collect()
    }

    /// The attempt is over: what remains of the log is written by the next [`flush`](Self::flush).
    pub(crate) fn finish_log(&self) {
        let left = locked(&self.lines).finish();
        for line in &left {
            self.keep(line);
        }
        locked(&self.keeper).finish(self.engine.now());
    }

    /// Writes what waits of the log. On an error it stays, and the next call goes on with it.
    pub(crate) async fn flush(&self) -> StoreResult<()> {
        let mut unsent = self.unsent.lock().await;
        loop {
            let chunk = match unsent.chunk.clone() {
                Some(chunk) => chunk,
                None => match self.next_chunk(unsent.last + 1) {
                    Some(chunk) => chunk,
                    None => return Ok(()),
                },
            };
            unsent.last = chunk.seq;
            unsent.chunk = Some(chunk.clone());
            self.engine.note_write(self.engine.store().append_log(chunk).await)?;
            unsent.chunk = None;
        }
    }

    fn next_chunk(&self, seq: i64) -> Option<LogChunk> {
        let lines = locked(&self.keeper).take_chunk()?;
        Some(LogChunk { run: self.lease.run, attempt: self.lease.attempt, seq, lines })
    }

    /// Writes the rest of the log, however long the store is away. Gives up only when the engine is to stop at once, or
    /// when the store refuses it.
    pub(crate) async fn flush_all(&self) {
        let mut failures = 0;
        while let Err(error) = self.flush().await {
            failures += 1;
            if !error.is_passing() || self.engine.stop_now.is_cancelled() {
                tracing::error!(run.id = %self.lease.run, "the end of a run's log could not be kept: {error}");
                return;
            }
            tokio::time::sleep(store_pause(failures)).await;
        }
    }

    /// The run the attempt belongs to, as it was claimed.
    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// What it was made from.
    pub(crate) fn definition(&self) -> &TaskDefinition {
        &self.definition
    }

    /// The right to write for it.
    pub(crate) fn lease(&self) -> &RunLease {
        &self.lease
    }

    /// Whether the kind could still make something of a late answer.
    pub(crate) fn may_still_ask(&self) -> bool {
        self.engine.now() + delta(ANSWER_RESERVE) < self.deadline
    }

    /// What is published byte for byte cannot be covered, and what holds a secret must not be published. What our own
    /// kinds write for people can.
    async fn without_secrets(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if self.mask.is_empty() {
            return Ok(bytes);
        }
        let named = [name, media_type].into_iter().any(|word| self.mask.is_in(word.as_bytes()));
        let (mask, ours) = (self.mask.clone(), name == LAST_LINES);
        // Megabytes of text: not on a thread that has other things to do in time.
        let looked = tokio::task::spawn_blocking(move || match mask.is_in(&bytes) {
            false => Some(bytes),
            true if ours => mask.json_bytes(&bytes).filter(|covered| !mask.is_in(covered)),
            true => None,
        });
        match looked.await.map_err(|error| error.to_string())? {
            Some(bytes) if !named => Ok(bytes),
            _ => {
                let name = self.mask.text(name);
                Err(format!("artifact {name:?} holds the value of a secret of this task, and so is not kept"))
            }
        }
    }

    fn keep(&self, line: &LogLine) {
        self.denials.listen(&line.text);
        if let Some(observer) = &self.engine.parts.observer {
            observer.log(line);
        }
        locked(&self.keeper).push(line);
    }

    /// What the store calls the space of these documents.
    fn space(&self, place: &DocumentPlace) -> Result<String, DocumentError> {
        let Some(space) = &place.space else { return Ok(own_space(&self.run.task)) };
        let scope = self.scopes.get(space).ok_or_else(|| DocumentError::Invalid {
            cause: format!("the kind {} declares no space {space:?}", self.run.kind),
        })?;
        shared_space(space, scope).map_err(|cause| DocumentError::Invalid { cause })
    }

    /// The question with its secrets encrypted. Keys are in files: not on a thread that has other things to do in time.
    async fn sealed(&self, op: DocumentOp, at: String) -> Result<DocumentOp, DocumentError> {
        let keyring = self.engine.parts.keyring.clone();
        let sealed = tokio::task::spawn_blocking(move || sealing::seal(op, &at, &*keyring)).await;
        sealed.unwrap_or_else(|error| Err(DocumentError::Unavailable { cause: error.to_string() }))
    }

    /// The answer with its secrets decrypted.
    async fn opened(&self, reply: DocumentReply, at: String) -> Result<DocumentReply, DocumentError> {
        let keyring = self.engine.parts.keyring.clone();
        let opened = tokio::task::spawn_blocking(move || sealing::open(reply, &at, &*keyring)).await;
        opened.map_err(|error| DocumentError::Unavailable { cause: error.to_string() })
    }

    fn refuse(&self, why: &str) {
        MetricsRefused { task: &self.run.task, why }.emit();
    }
}

#[async_trait]
impl Host for AttemptHost {
    fn log(&self, line: LogLine) {
        let line = locked(&self.lines).line(line);
        self.keep(&line);
    }

    fn log_piece(&self, piece: LogLine) {
        let piece = locked(&self.lines).piece(piece);
        if let Some(line) = piece {
            self.keep(&line);
        }
    }

    fn progress(&self, done: u64, total: Option<u64>, note: String) {
        let note = self.mask.text(&note);
        if let Some(observer) = &self.engine.parts.observer {
            observer.progress(done, total, &note);
        }
        let note = note[..note.floor_char_boundary(NOTE_BYTES)].to_owned();
        let (run, at) = (self.run.id, self.engine.now());
        self.engine.live.advance(&self.lease, Progress { run, at, done, total, note });
    }

    fn metric(&self, mut metric: MetricValue) {
        self.mask.metric(&mut metric);
        let Some(family) = self.engine.parts.metrics.family(&metric.name) else {
            return self.refuse("its kind does not declare it");
        };
        let fits = metric.labels.len() == family.labels.len()
            && family.labels.iter().all(|label| metric.labels.contains_key(label));
        if !fits {
            return self.refuse("its labels are not the declared ones");
        }
        if !metric.value.is_finite() {
            return self.refuse("it is no number");
        }
        let key = format!("{} {:?}", metric.name, metric.labels);
        let mut metrics = locked(&self.metrics);
        if metrics.len() >= MAX_SAMPLES && !metrics.contains_key(&key) {
            drop(metrics);
            return self.refuse("too many label sets");
        }
        let adds = family.merge == roundsman_telemetry::Merge::Add;
        match metrics.get_mut(&key) {
            Some(known) if adds => match sum(known.value, metric.value) {
                Some(sum) => known.value = sum,
                None => self.refuse(SUM_TOO_LARGE),
            },
            Some(known) => known.value = metric.value,
            None => drop(metrics.insert(key, metric)),
        }
    }

    fn dropped(&self, logs: u64, metrics: u64) {
        locked(&self.keeper).dropped(logs);
        (0..metrics.min(1)).for_each(|_| self.refuse("the worker's queue was full"));
    }

    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        op.check()?;
        let space = self.space(place)?;
        let at = format!("{space}\n{}", place.collection);
        let op = if sealing::concerns(&op) { self.sealed(op, at.clone()).await? } else { op };
        let mut failures = 0;
        loop {
            let now = self.engine.now();
            let reply =
                self.engine.store().document(&self.lease, &space, &place.collection, op.clone(), now).await;
            match reply {
                Err(DocumentError::Unavailable { .. }) if self.may_still_ask() => {
                    failures += 1;
                    tokio::time::sleep(store_pause(failures)).await;
                }
                Ok(reply) if sealing::is_sealed(&reply) => return self.opened(reply, at).await,
                other => return other,
            }
        }
    }

    async fn artifact(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Artifact, String> {
        if bytes.len() > MAX_STORED_BYTES {
            return Err(format!("{} bytes; at most {MAX_STORED_BYTES} are kept", bytes.len()));
        }
        if name.starts_with(INPUT_PREFIX) {
            return Err(format!("names that begin with {INPUT_PREFIX:?} are those of what was handed in"));
        }
        let bytes = self.without_secrets(name, media_type, bytes).await?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let size = bytes.len() as u64;
        let artifact = Artifact { name: name.to_owned(), media_type: media_type.to_owned(), size, sha256 };
        let mut failures = 0;
        loop {
            let now = self.engine.now();
            let kept = self.engine.store().put_artifact(&self.lease, &artifact, bytes.clone(), now).await;
            match self.engine.note_write(kept) {
                Ok(true) => return Ok(artifact),
                Ok(false) => return Err("this attempt no longer owns its run".to_owned()),
                Err(error) if error.is_passing() && self.may_still_ask() => {
                    failures += 1;
                    tokio::time::sleep(store_pause(failures)).await;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        self.answer(question).await
    }
}
