//! The `[retention]` table as written. It fills in no default.

use std::num::NonZeroU32;

use roundsman_model::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is kept of the past. Whatever is written here: active runs stay, and the newest run and the newest success of
/// each task.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionTable {
    /// How long ended runs are kept, with their attempts, logs and artifacts.
    #[schemars(extend("default" = "90d", "x-min" = "1h"))]
    pub(crate) keep: Option<HumanDuration>,
    /// How many ended runs of each task are kept at most. Of tasks with `history = "changes"`, successes that only repeat
    /// the one before do not count: they become hourly sums after an hour.
    #[schemars(extend("default" = 1000))]
    pub(crate) runs_per_task: Option<NonZeroU32>,
    /// How large logs and artifacts of all runs together may grow; above it the oldest runs go.
    #[schemars(extend("default" = "2 GiB"))]
    pub(crate) bytes: Option<ByteSize>,
    /// How long the ledger is kept. Slots of runs that are gone stay in it, so that `roundsman why` still answers.
    #[schemars(extend("default" = "400d", "x-min" = "1h"))]
    pub(crate) ledger: Option<HumanDuration>,
}
