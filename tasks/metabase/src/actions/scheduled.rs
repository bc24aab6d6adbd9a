//! The scheduled export on request: all of it anew, or some items only.

use std::time::Duration;

use roundsman_task::{ActionInfo, Outcome, TaskContext, TaskError, params_of};
use schemars::JsonSchema;
use serde::Deserialize;

use super::read_params;
use crate::{
    config::Checked,
    export::{self, Wish},
};

/// The scheduled export.
pub(super) const EXPORT: ActionInfo = ActionInfo {
    name: "export",
    about: "does the scheduled export; with force=true also what is done already, with item=NAME only that item",
    timeout: Duration::from_hours(2),
    exclusive: true,
    writes: true,
    params: params_of::<Params>,
};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Params {
    /// Exports everything, also what is done for this slot already.
    force: bool,
    /// Only this item.
    item: Option<String>,
}

/// Does it.
pub(super) async fn export(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let Params { force, item } = read_params(cx)?;
    if let Some(name) = item.as_ref().filter(|name| config.item.iter().all(|item| item.name != **name)) {
        let there: Vec<_> = config.item.iter().map(|item| format!("{:?}", item.name)).collect();
        let there = if there.is_empty() { "none at all".to_owned() } else { there.join(", ") };
        return Err(TaskError::config(format!("there is no item {name:?}; there are {there}")));
    }
    export::run(cx, config, Wish { force, item }).await
}
