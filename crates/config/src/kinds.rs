//! What the configuration must know about kinds. It runs none of them, and does not know where they come from.

use std::{fmt, time::Duration};

use serde_json::Value;

/// The kinds that tasks may use.
pub trait Kinds {
    /// The names of all kinds, sorted.
    fn names(&self) -> Vec<String>;
    /// What is known about one of them.
    fn kind(&self, name: &str) -> Option<KindFacts>;
}

/// Says whether a `with` table fits, references already resolved.
pub type WithCheck = Box<dyn Fn(&Value) -> Result<(), WithProblem> + Send + Sync>;

/// What is known about a kind without running it.
pub struct KindFacts {
    /// One sentence, beginning with a verb.
    pub about: String,
    /// The JSON Schema of a task's `with` table.
    pub schema: Value,
    /// How long an attempt may take where the task says nothing.
    pub timeout: Duration,
    /// Whether a failed attempt may simply be repeated.
    pub repeatable: bool,
    /// The schedule of its built-in task.
    pub default_schedule: Option<String>,
    /// The last word on a `with` table that fits the schema.
    pub check: WithCheck,
}

impl fmt::Debug for KindFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KindFacts").field("about", &self.about).finish_non_exhaustive()
    }
}

impl KindFacts {
    /// The schedule of the built-in task: of kinds that have one and need no configuration.
    pub fn built_in(&self) -> Option<&str> {
        let empty = Value::Object(serde_json::Map::new());
        self.default_schedule.as_deref().filter(|_| (self.check)(&empty).is_ok())
    }
}

/// What is wrong in a `with` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithProblem {
    /// Where, as keys joined by dots, places in lists as `[0]`; empty for the table itself.
    pub path: String,
    /// What was found and what is expected.
    pub message: String,
}
