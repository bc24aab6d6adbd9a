//! What tasks share by name, as written: `[pools.NAME]` and `[budgets.NAME]`. It fills in no default.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;

/// How many runs may be under way that use something, all tasks and nodes together.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolTable {
    /// How many runs of all tasks with `pool = "NAME"` may be under way at the same time, on all nodes together.
    #[schemars(required, extend("examples" = [2]))]
    pub(crate) size: Option<NonZeroU32>,
}

/// How often something may be done, all tasks and nodes together.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetTable {
    /// How often: a number, a slash and `s`, `m`, `h` or `d`.
    #[schemars(required, extend("format" = "rate", "examples" = ["5/s"]))]
    pub(crate) rate: Option<String>,
    /// How many may be done at once after a rest.
    #[schemars(extend("x-default" = "what `rate` allows in a second, and at least 1", "examples" = [5]))]
    pub(crate) burst: Option<NonZeroU32>,
}
