//! An entry of `blackout` as written, the daemon's and a task's alike. It resolves nothing and fills in no default.

use roundsman_model::HumanDuration;
use schemars::JsonSchema;
use serde::Deserialize;

/// Windows in which slots are skipped: each opens at a time of the schedule and lasts a while.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlackoutTable {
    /// When windows open, as cron writes it.
    #[schemars(extend("format" = "cron", "examples" = ["0 22 * * fri"]))]
    pub(crate) schedule: String,
    /// How long each lasts; shorter than the time between two openings.
    #[schemars(extend("x-min" = "1s", "x-max" = "366d", "examples" = ["4h"]))]
    pub(crate) duration: HumanDuration,
    /// The time zone the schedule is read in.
    #[schemars(extend("format" = "timezone", "x-default" = "the task's `timezone`, or the daemon's if it is the daemon's blackout", "examples" = ["Europe/Berlin"]))]
    pub(crate) timezone: Option<String>,
    /// Why; shown by `roundsman why` and in listings.
    #[schemars(extend("x-default" = "none", "examples" = ["maintenance of the core switches"]))]
    pub(crate) reason: Option<String>,
}
