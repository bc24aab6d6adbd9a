//! What people can ask of a Metabase besides the scheduled export. Each action is one function; this is the list of them.

mod export;
mod looks;
mod scheduled;
mod target;

use std::time::Duration;

use roundsman_task::{ActionInfo, Outcome, TaskContext, TaskError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::Checked;

/// All actions.
pub const ALL: &[ActionInfo] = &[
    scheduled::EXPORT,
    export::QUESTION,
    export::QUESTIONS,
    export::DASHBOARD,
    export::COLLECTION,
    looks::RECENT,
    looks::LIST,
    looks::PING,
];

/// Does an action.
pub async fn run(cx: &TaskContext, config: &Checked, action: &str) -> Result<Outcome, TaskError> {
    match action {
        "export" => scheduled::export(cx, config).await,
        "question" => export::question(cx, config).await,
        "questions" => export::questions(cx, config).await,
        "dashboard" => export::dashboard(cx, config).await,
        "collection" => export::collection(cx, config).await,
        "recent" => looks::recent(cx, config).await,
        "list" => looks::list(cx, config).await,
        "ping" => looks::ping(cx, config).await,
        _ => Err(TaskError::config(format!("there is no action {action:?}"))),
    }
}

/// An action that goes beside everything else.
const fn beside(
    name: &'static str,
    about: &'static str,
    timeout: Duration,
    params: fn() -> Value,
) -> ActionInfo {
    ActionInfo { name, about, timeout, exclusive: false, writes: false, params }
}

/// The parameters of the action asked for. They were held against the schema before there was a run.
fn read_params<P: DeserializeOwned>(cx: &TaskContext) -> Result<P, TaskError> {
    let params =
        if cx.params().is_null() { Value::Object(serde_json::Map::new()) } else { cx.params().clone() };
    serde_json::from_value(params).map_err(|error| {
        TaskError::config(format!("parameters of {}: {error}", cx.action().unwrap_or("the action")))
    })
}
