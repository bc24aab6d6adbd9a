//! What the engine stands on: its ports to everything outside, and the few things it is told. It runs nothing.

use std::{collections::BTreeMap, sync::Arc};

use roundsman_model::{Clock, Credentials, TaskDefinition, time::SteadyClock};
use roundsman_store::{Holder, Store};
use roundsman_telemetry::KindMetrics;
use roundsman_wire::{Executor, LogLine};

use crate::{EngineSettings, Health};

/// Resolves the references in a task's `with` table; the error is a sentence for people, without a secret.
pub type Resolver = Arc<dyn Fn(&TaskDefinition) -> Result<Resolved, String> + Send + Sync>;

/// A task's `with` table without references.
#[derive(Clone, Default)]
pub struct Resolved {
    /// The table; it holds secrets.
    pub with: serde_json::Value,
    /// The values in it that are secret.
    pub secrets: Vec<String>,
    /// The spaces of documents that its kind declares, each with the scope that this table gives it.
    pub scopes: BTreeMap<String, String>,
}

impl Resolved {
    /// The table as it is written, in which nothing is secret.
    pub fn as_written(definition: &TaskDefinition) -> Self {
        Self { with: definition.with.clone(), ..Self::default() }
    }
}

/// Looks up an environment variable of the daemon.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Finds the credentials that tasks name.
#[async_trait::async_trait]
pub trait Keyring: Send + Sync + 'static {
    /// The credentials that this definition names, each role in its section, with all fields that its kind must have.
    /// The error is a sentence for people, without a secret.
    async fn credentials(&self, definition: &TaskDefinition) -> Result<Credentials, String>;

    /// Encrypts what a task keeps and nobody else may read. The error is a sentence for people.
    fn seal(&self, value: &[u8]) -> Result<String, String> {
        let _ = value;
        Err("this node has no key by which documents can be kept secret".to_owned())
    }

    /// What [`seal`](Self::seal) encrypted, here or on another node with the same key; nothing if no key opens it.
    fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let _ = sealed;
        None
    }

    /// Something that differs once credentials may have changed, where that can be told at little cost. It is no secret.
    fn revision(&self) -> Option<String> {
        None
    }
}

/// A keyring without keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeyring;

#[async_trait::async_trait]
impl Keyring for NoKeyring {
    async fn credentials(&self, definition: &TaskDefinition) -> Result<Credentials, String> {
        match definition.credentials.keys().next() {
            None => Ok(Credentials::new()),
            Some(role) => Err(format!("there are no credentials for {role:?} on this node")),
        }
    }
}

/// Sees what an attempt says while it runs; for terminals.
pub trait Observer: Send + Sync + 'static {
    /// A log line.
    fn log(&self, line: &LogLine);
    /// How far the work is.
    fn progress(&self, done: u64, total: Option<u64>, note: &str);
}

/// What the engine stands on.
pub struct EngineParts {
    /// Durable truth.
    pub store: Arc<dyn Store>,
    /// Starts attempts.
    pub executor: Arc<dyn Executor>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A clock that nobody sets.
    pub steady: Arc<dyn SteadyClock>,
    /// This node and boot.
    pub me: Holder,
    /// Declared metrics of all kinds, and their samples.
    pub metrics: Arc<KindMetrics>,
    /// Resolves references at dispatch.
    pub resolver: Resolver,
    /// The daemon's environment, for variables that tasks name.
    pub environment: Environment,
    /// Finds credentials at dispatch.
    pub keyring: Arc<dyn Keyring>,
    /// Whoever watches.
    pub observer: Option<Arc<dyn Observer>>,
    /// How alive we are; shared with `/readyz`.
    pub health: Arc<Health>,
    /// What it is told about its surroundings.
    pub settings: EngineSettings,
}
