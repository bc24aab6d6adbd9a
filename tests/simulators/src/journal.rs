//! What the simulators were asked, in the order of its effects. It judges nothing.

use std::sync::{Mutex, MutexGuard};

use roundsman_model::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::{exchange::Asked, pattern::Pattern};

/// A request and how it was answered. `Authorization` is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which system was asked: `databricks` or `acs`.
    pub system: &'static str,
    /// When, on the simulator's clock.
    pub at: Timestamp,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, percent-encoding undone.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The body as it was sent.
    pub body: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The status; 0 if the connection was cut or the answer never came.
    pub status: u16,
    /// Whether the system did what was asked, if it could: false where a fault came before.
    pub effect: bool,
}

impl Entry {
    pub(crate) fn new(system: &'static str, at: Timestamp, asked: &Asked, status: u16, effect: bool) -> Self {
        let headers = asked.headers.iter().filter(|(name, _)| *name != "authorization");
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
        Self {
            system,
            at,
            method: asked.method.clone(),
            path: asked.path.clone(),
            query: asked.query.clone(),
            body: String::from_utf8_lossy(&asked.body).into_owned(),
            headers: headers.collect(),
            status,
            effect,
        }
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether it fits a pattern such as `POST /api/2.1/clusters/*`.
    pub fn fits(&self, pattern: &str) -> bool {
        Pattern::of(pattern).fits(&self.method, &self.path)
    }
}

/// The entries so far.
pub(crate) struct Journal {
    entries: Mutex<Vec<Entry>>,
    count: watch::Sender<usize>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { entries: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl Journal {
    pub(crate) fn write(&self, entry: Entry) {
        tracing::info!(
            "{} {} {}{}{} -> {}",
            entry.system,
            entry.method,
            entry.path,
            if entry.query.is_empty() { "" } else { "?" },
            entry.query,
            entry.status
        );
        let mut entries = self.entries();
        entries.push(entry);
        self.count.send_replace(entries.len());
    }

    pub(crate) fn all(&self) -> Vec<Entry> {
        self.entries().clone()
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries();
        entries.clear();
        self.count.send_replace(0);
    }

    /// Returns once there are so many entries.
    pub(crate) async fn reached(&self, count: usize) {
        let mut seen = self.count.subscribe();
        drop(seen.wait_for(|now| *now >= count).await);
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().expect("nothing panics while it holds the lock")
    }
}
