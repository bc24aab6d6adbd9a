//! What people can ask of a workspace besides the scheduled work (D.6). Each action is one function; this is the list of
//! them.

use roundsman_task::{ActionInfo, Confirmation, Outcome, TaskError};
use serde_json::Value;

use crate::{config::Checked, lab::Lab};

/// All actions of the kind `databricks-quota`.
pub const ALL: &[ActionInfo] = &[];

/// Does an action.
pub async fn run(lab: &Lab, action: &str) -> Result<Outcome, TaskError> {
    let _ = lab;
    Err(TaskError::config(format!("there is no action {action:?}")))
}

/// What a person is asked before an action.
pub fn confirmation(action: &str, config: &Checked, params: &Value) -> Option<Confirmation> {
    let _ = (action, config, params);
    None
}
