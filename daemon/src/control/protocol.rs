//! What is said on the control socket: one JSON object to a line, in both directions. It carries nothing that has to last.

use roundsman_engine::Progress;
use roundsman_model::{Abilities, BootId, TaskName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is asked of a daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Load the configuration again.
    Reload {
        /// Who asks, as they call themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Look at the store now instead of at the next turn: a hint, never needed.
    Wake,
    /// How the daemon is.
    Status,
}

/// What a reload changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reloaded {
    /// Tasks that are new.
    pub(crate) added: Vec<TaskName>,
    /// Tasks that left the configuration.
    pub(crate) removed: Vec<TaskName>,
    /// Tasks whose definition is another now.
    pub(crate) changed: Vec<TaskName>,
    /// Keys that have changed and count only from the next start on.
    #[serde(default)]
    pub(crate) restart: Vec<String>,
    /// Whether another daemon leads, whose configuration is the one that counts.
    #[serde(default)]
    pub(crate) follows: bool,
    /// What has changed among the kinds.
    #[serde(default, skip_serializing_if = "KindChanges::is_empty")]
    pub(crate) kinds: KindChanges,
    /// Files and folders of kinds that cannot be used as they are, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) broken: Vec<String>,
}

/// What a reload changed among the kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KindChanges {
    /// Kinds that are new.
    pub(crate) added: Vec<String>,
    /// Kinds that are gone.
    pub(crate) removed: Vec<String>,
    /// Kinds that are others now.
    pub(crate) changed: Vec<String>,
}

impl KindChanges {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a daemon is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Its boot.
    pub(crate) boot: BootId,
    /// Whether it is the one that fires.
    pub(crate) leader: bool,
    /// Since how many seconds it is up.
    pub(crate) uptime_secs: f64,
    /// How many seconds ago it last looked at slots.
    pub(crate) tick_age_secs: Option<f64>,
    /// Its version; absent in one that is older than this key.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// Whether its executable was replaced since it was started.
    #[serde(default)]
    pub(crate) replaced: bool,
    /// What it can enforce of sandboxes: more, perhaps, than whoever asks.
    #[serde(default)]
    pub(crate) abilities: Option<Abilities>,
    /// How far the runs are that it has under way, where their kinds tell.
    #[serde(default)]
    pub(crate) progress: Vec<Progress>,
}

/// The line that says what came of an order.
pub(crate) fn done(what: &impl Serialize) -> Value {
    let mut answer = json!({ "ok": true });
    if let (Some(answer), Ok(Value::Object(what))) = (answer.as_object_mut(), serde_json::to_value(what)) {
        answer.extend(what);
    }
    answer
}

/// The line that says why nothing came of an order.
pub(crate) fn refused(error: &str) -> Value {
    json!({ "ok": false, "error": error })
}
