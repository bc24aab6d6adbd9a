//! Attempts without an engine: orders as tests need them, and a host that only takes notes.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{
    Answer, Artifact, AskError, Clock, Document, DocumentError, DocumentOp, DocumentPlace, DocumentReply,
    DocumentWrite, MetricValue, Question, RunId, time,
};
use roundsman_task::SystemClock;
use roundsman_wire::{AttemptOrder, Host, LogLine, Request};
use serde_json::Value;

/// An order for the first attempt of a run of this kind, with half a minute of time and a grace of one second.
pub fn order(kind: &str, with: Value) -> AttemptOrder {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let limit = Duration::from_secs(30);
    let request = Request {
        run: RunId(run.cast_signed()),
        attempt: 1,
        task: "test".parse().expect("a name"),
        kind: kind.parse().expect("a name"),
        slot: None,
        round: None,
        timezone: "Europe/Berlin".into(),
        action: None,
        params: Value::Null,
        dry_run: false,
        with,
        deadline: SystemClock.now() + time::delta(limit),
        time_limit_ms: u64::try_from(limit.as_millis()).expect("a short time"),
        grace_ms: 1_000,
        lease: None,
        purpose: roundsman_wire::Purpose::Run,
        code: roundsman_model::Code::Compiled,
        credentials: roundsman_model::Credentials::new(),
        confinement: roundsman_wire::Confinement::default(),
        parent_pid: 0,
    };
    AttemptOrder { request, mark: format!("test/{}/{run}", std::process::id()), env: Vec::new() }
}

/// A host in memory.
#[derive(Default)]
pub struct Notes {
    /// Log lines, oldest first.
    pub lines: Mutex<Vec<LogLine>>,
    /// Reports of progress.
    pub progress: Mutex<Vec<(u64, Option<u64>, String)>>,
    /// Samples.
    pub metrics: Mutex<Vec<MetricValue>>,
    /// Log lines and samples that were dropped.
    pub dropped: Mutex<(u64, u64)>,
    /// Documents by collection and key.
    pub documents: Mutex<BTreeMap<(String, String), Value>>,
    /// Artifacts by name.
    pub artifacts: Mutex<BTreeMap<String, Vec<u8>>>,
    asked_now: AtomicUsize,
    /// The most questions that were open at a time.
    pub asked_at_once: AtomicUsize,
}

impl Notes {
    /// The texts of all log lines.
    pub fn texts(&self) -> Vec<String> {
        self.lines.lock().expect("no test panics here").iter().map(|line| line.text.clone()).collect()
    }

    fn write(&self, collection: &str, writes: Vec<DocumentWrite>) -> Result<DocumentReply, DocumentError> {
        let mut versions = Vec::new();
        for write in writes {
            let DocumentWrite::Put { key, value, .. } = write else {
                return Err(DocumentError::Invalid { cause: "only put is noted".into() });
            };
            self.documents.lock().expect("no test panics here").insert((collection.to_owned(), key), value);
            versions.push(1);
        }
        Ok(DocumentReply::Written { versions })
    }

    fn read(&self, collection: &str, key: &str) -> DocumentReply {
        let documents = self.documents.lock().expect("no test panics here");
        let found = documents.get(&(collection.to_owned(), key.to_owned()));
        let document = found.map(|value| Document { key: key.to_owned(), version: 1, value: value.clone() });
        DocumentReply::One { document }
    }
}

#[async_trait]
impl Host for Notes {
    fn log(&self, line: LogLine) {
        self.lines.lock().expect("no test panics here").push(line);
    }

    fn progress(&self, done: u64, total: Option<u64>, note: String) {
        self.progress.lock().expect("no test panics here").push((done, total, note));
    }

    fn metric(&self, metric: MetricValue) {
        self.metrics.lock().expect("no test panics here").push(metric);
    }

    fn dropped(&self, logs: u64, metrics: u64) {
        let mut dropped = self.dropped.lock().expect("no test panics here");
        dropped.0 += logs;
        dropped.1 += metrics;
    }

    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        let now = self.asked_now.fetch_add(1, Ordering::SeqCst) + 1;
        self.asked_at_once.fetch_max(now, Ordering::SeqCst);
        // Long enough for others to come in between.
        tokio::task::yield_now().await;
        let reply = match op {
            DocumentOp::Write { writes } => self.write(&place.collection, writes),
            DocumentOp::Get { key } => Ok(self.read(&place.collection, &key)),
            _ => Err(DocumentError::Invalid { cause: "only get and put are noted".into() }),
        };
        self.asked_now.fetch_sub(1, Ordering::SeqCst);
        reply
    }

    async fn artifact(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Artifact, String> {
        let (name, media_type, size) = (name.to_owned(), media_type.to_owned(), bytes.len() as u64);
        self.artifacts.lock().expect("no test panics here").insert(name.clone(), bytes);
        Ok(Artifact { name, media_type, size, sha256: String::new() })
    }

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        match question {
            // Scripts are given files with what was handed in: nothing was.
            Question::Inputs => Ok(Answer::Inputs { names: Vec::new() }),
            other => Err(AskError::Invalid { cause: format!("nobody is here to answer {other:?}") }),
        }
    }
}
