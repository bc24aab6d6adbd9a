//! What the configuration must know about kinds. It runs none of them, and does not know where they come from.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use roundsman_model::{Code, CredentialWish};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds that tasks may use.
pub trait Kinds {
    /// The names of all kinds, sorted.
    fn names(&self) -> Vec<String>;
    /// What is known about one of them.
    fn kind(&self, name: &str) -> Option<KindFacts>;
    /// What was known about it in the version that was accepted before, if that is another; also of a kind that is not
    /// among [`names`](Self::names) any more. It counts where the version of now does not fit.
    fn before(&self, name: &str) -> Option<KindFacts> {
        let _ = name;
        None
    }
    /// Why a kind of this name is not among [`names`](Self::names), where more can be said than that there is none.
    fn why_not(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// A kind from a file that could not be taken as the file is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub kind: String,
    /// What is wrong, with file, line and key.
    pub reason: String,
    /// Whether the version that was accepted before counts in its place; otherwise there is no such kind.
    pub kept: bool,
}

/// A kind from a file that can be used, but not on the schedule that its file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unscheduled {
    /// Its name.
    pub kind: String,
    /// What its own task lacks, with file, line and key.
    pub reason: String,
}

/// Says whether a `with` table fits, references already resolved.
pub type WithCheck = Box<dyn Fn(&Value) -> Result<(), WithProblem> + Send + Sync>;

/// The scopes of the spaces that a kind shares, by the resolved `with` table.
pub type Scopes = Box<dyn Fn(&Value) -> Result<BTreeMap<String, String>, WithProblem> + Send + Sync>;

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
    /// Where its code is.
    pub code: Code,
    /// The credentials it asks for.
    pub credentials: Vec<CredentialWish>,
    /// What its file says of tasks that use it, if it is a file that says so.
    pub header: Option<KindHeader>,
    /// The last word on a `with` table that fits the schema.
    pub check: WithCheck,
    /// The spaces of documents that tasks of the kind share, with the scope that a resolved `with` table gives each.
    pub scopes: Scopes,
}

impl fmt::Debug for KindFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KindFacts").field("about", &self.about).finish_non_exhaustive()
    }
}

/// What the file of a kind says of tasks that use it: keys of `[tasks.NAME]` that count where a task does not write them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindHeader {
    /// The file, for messages.
    pub path: PathBuf,
    /// TOML with nothing in it but keys of a task, each on its line of the file.
    pub text: String,
    /// Whether it stands for a task of its own, named after the kind, where the configuration has none of that name.
    pub scheduled: bool,
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
