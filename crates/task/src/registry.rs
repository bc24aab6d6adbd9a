//! Finds the compiled-in kinds. It loads no plugin and reads no script.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use roundsman_model::{Confirmation, Finding, KindDescription, Outcome, TaskError, document::shared_space};
use serde_json::Value;

use crate::{Kind, KindInfo, SpaceInfo, TaskContext};

/// A kind's work under way.
pub type KindFuture<'a> = Pin<Box<dyn Future<Output = Result<Outcome, TaskError>> + 'a>>;

/// A kind's look at whether it could work.
pub type FindingsFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Finding>, TaskError>> + 'a>>;

/// Registers a kind. The crate must be named in the daemon's `tasks.rs`, or it is not linked.
#[macro_export]
macro_rules! register {
    ($kind:ty) => {
        $crate::inventory::submit! { $crate::Entry::of::<$kind>(env!("CARGO_PKG_NAME")) }
    };
}

inventory::collect!(Entry);

/// A registered kind, with its types forgotten.
pub struct Entry {
    /// What is known about it.
    pub info: KindInfo,
    /// The crate it comes from.
    pub crate_name: &'static str,
    schema: fn() -> Value,
    check: fn(&Value) -> Result<(), ConfigProblem>,
    start: for<'a> fn(&'a TaskContext, Value) -> KindFuture<'a>,
    look: for<'a> fn(&'a TaskContext, Value) -> FindingsFuture<'a>,
    scopes: fn(&Value) -> Result<BTreeMap<String, String>, ConfigProblem>,
    confirmation: fn(&str, &Value, &Value) -> Result<Option<Confirmation>, ConfigProblem>,
}

/// What is wrong in a task's `with` table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigProblem {
    /// Where, as keys joined by dots; empty for the table itself.
    pub path: String,
    /// What was found and what is expected.
    pub message: String,
}

/// Two kinds with one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two kinds are called {name:?}: one in crate {first}, one in crate {second}; rename one of them")]
pub struct DuplicateKind {
    /// The name.
    pub name: &'static str,
    /// A crate that registers it.
    pub first: &'static str,
    /// The other crate.
    pub second: &'static str,
}

impl Entry {
    /// Forgets the types of a kind.
    pub const fn of<K: Kind>(crate_name: &'static str) -> Self {
        Self {
            info: K::INFO,
            crate_name,
            schema: schema::<K>,
            check: check::<K>,
            start: start::<K>,
            look: look::<K>,
            scopes: scopes::<K>,
            confirmation: confirmation::<K>,
        }
    }

    /// The JSON Schema of its `with` table.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// Whether a `with` table fits, references already resolved.
    pub fn check(&self, with: &Value) -> Result<(), ConfigProblem> {
        (self.check)(with)
    }

    /// Whether it can run without any configuration, on its own schedule.
    pub fn is_built_in(&self) -> bool {
        self.info.default_schedule.is_some() && self.check(&Value::Object(serde_json::Map::new())).is_ok()
    }

    /// Begins the work. A `with` table that does not fit ends it as a configuration error.
    pub fn start<'a>(&self, cx: &'a TaskContext, with: Value) -> KindFuture<'a> {
        (self.start)(cx, with)
    }

    /// Begins the look whether the work could be done.
    pub fn preflight<'a>(&self, cx: &'a TaskContext, with: Value) -> FindingsFuture<'a> {
        (self.look)(cx, with)
    }

    /// The spaces it shares with other tasks, each with the scope that this `with` table gives it, references resolved.
    pub fn scopes(&self, with: &Value) -> Result<BTreeMap<String, String>, ConfigProblem> {
        (self.scopes)(with)
    }

    /// What a person is asked before this action is done, references of the `with` table resolved.
    pub fn confirmation(
        &self,
        action: &str,
        with: &Value,
        params: &Value,
    ) -> Result<Option<Confirmation>, ConfigProblem> {
        (self.confirmation)(action, with, params)
    }

    /// What is known about it, in the form that kinds from files have too.
    pub fn description(&self) -> KindDescription {
        crate::describe::describe(self)
    }
}

fn schema<K: Kind>() -> Value {
    schemars::schema_for!(K::Config).to_value()
}

fn parse<C: serde::de::DeserializeOwned>(with: Value) -> Result<C, ConfigProblem> {
    serde_path_to_error::deserialize(with).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        ConfigProblem { path, message: error.into_inner().to_string() }
    })
}

fn check<K: Kind>(with: &Value) -> Result<(), ConfigProblem> {
    parse::<K::Config>(with.clone()).map(drop)
}

fn scopes<K: Kind>(with: &Value) -> Result<BTreeMap<String, String>, ConfigProblem> {
    if K::INFO.spaces.is_empty() {
        return Ok(BTreeMap::new());
    }
    let config = parse::<K::Config>(with.clone())?;
    let scope = |space: &SpaceInfo| {
        let scope = K::scope(space.name, &config);
        shared_space(space.name, &scope).map_err(|message| ConfigProblem { path: String::new(), message })?;
        Ok((space.name.to_owned(), scope))
    };
    K::INFO.spaces.iter().map(scope).collect()
}

fn confirmation<K: Kind>(
    action: &str,
    with: &Value,
    params: &Value,
) -> Result<Option<Confirmation>, ConfigProblem> {
    Ok(K::confirmation(action, &parse::<K::Config>(with.clone())?, params))
}

fn start<K: Kind>(cx: &TaskContext, with: Value) -> KindFuture<'_> {
    Box::pin(async move {
        let config = config::<K>(with)?;
        K::run(&cx.declaring(K::INFO.budgets), config).await
    })
}

fn look<K: Kind>(cx: &TaskContext, with: Value) -> FindingsFuture<'_> {
    Box::pin(async move {
        let config = config::<K>(with)?;
        Ok(K::preflight(&cx.declaring(K::INFO.budgets), config).await)
    })
}

fn config<K: Kind>(with: Value) -> Result<K::Config, TaskError> {
    parse::<K::Config>(with).map_err(|problem| {
        let place = if problem.path.is_empty() { String::new() } else { format!(".{}", problem.path) };
        TaskError::config(format!("with{place}: {}", problem.message))
    })
}

/// All compiled-in kinds, by name.
#[derive(Clone)]
pub struct Registry {
    entries: BTreeMap<&'static str, &'static Entry>,
}

impl Registry {
    /// Collects what was registered. Two kinds with one name are an error.
    pub fn collect() -> Result<Self, DuplicateKind> {
        Self::of(inventory::iter::<Entry>())
    }

    /// A registry of these entries.
    pub fn of(entries: impl IntoIterator<Item = &'static Entry>) -> Result<Self, DuplicateKind> {
        let mut found: BTreeMap<&'static str, &'static Entry> = BTreeMap::new();
        for entry in entries {
            if let Some(other) = found.insert(entry.info.name, entry) {
                let (first, second) =
                    (other.crate_name.min(entry.crate_name), other.crate_name.max(entry.crate_name));
                return Err(DuplicateKind { name: entry.info.name, first, second });
            }
        }
        Ok(Self { entries: found })
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&'static Entry> {
        self.entries.get(name).copied()
    }

    /// All kinds, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Entry> + '_ {
        self.entries.values().copied()
    }
}
