//! What a plugin told, as an outcome: each purpose has its own form. Pure; it calls nothing.

use roundsman_model::{Finding, KindDescription, Outcome, TaskError, kind::MAX_DESCRIPTION_BYTES};
use roundsman_plugin_abi::raw;
use roundsman_wire::Purpose;
use serde_json::{Value, json};

use super::desk::Told;
use crate::errand::looked;

/// What came of it: the function returned `status` and told this.
pub(super) fn read(purpose: Purpose, status: i32, told: Told) -> Result<Outcome, TaskError> {
    let name = name(purpose);
    let answer = match told {
        Told::Failure { instruction, cause } => return Err(failure(instruction, cause)),
        Told::Unreadable(why) => return Err(TaskError::permanent(format!("`{name}` gave no JSON: {why}"))),
        Told::Answer(_) | Told::Nothing if status != 0 => {
            return Err(TaskError::permanent(format!("`{name}` returned {status} and did not say why")));
        }
        Told::Answer(answer) if answer.get("error").is_some() => {
            return Err(instruction(name, answer));
        }
        Told::Answer(answer) => Some(answer),
        Told::Nothing => None,
    };
    match (purpose, answer) {
        (Purpose::Run, answer) => outcome(answer),
        (Purpose::Preflight, answer) => findings(answer),
        (Purpose::Describe, Some(answer)) => description(answer).map_err(TaskError::config),
        (Purpose::Describe, None) => Err(TaskError::config("`describe` returned without an answer")),
    }
}

const fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Run => "run",
        Purpose::Describe => "describe",
        Purpose::Preflight => "preflight",
    }
}

fn failure(instruction: i32, cause: String) -> TaskError {
    match instruction {
        raw::RETRY => TaskError::retry(cause),
        raw::CONFIG => TaskError::config(cause),
        _ => TaskError::permanent(cause),
    }
}

/// A failure as an answer says it: an object with the key `error`.
fn instruction(name: &str, answer: Value) -> TaskError {
    serde_json::from_value(answer).unwrap_or_else(|error| {
        TaskError::permanent(format!("`{name}` failed, and said so wrongly: {error}"))
    })
}

fn outcome(answer: Option<Value>) -> Result<Outcome, TaskError> {
    let unreadable = |error: serde_json::Error| {
        TaskError::permanent(format!("`run` answered with what is no outcome: {error}"))
    };
    match answer {
        None => Ok(Outcome::default()),
        // That it did not run is not for it to say.
        Some(answer) => serde_json::from_value(answer)
            .map(|outcome: Outcome| Outcome { unstarted: false, ..outcome })
            .map_err(unreadable),
    }
}

fn findings(answer: Option<Value>) -> Result<Outcome, TaskError> {
    let findings: Vec<Finding> = match answer {
        None => Vec::new(),
        Some(answer) => serde_json::from_value(answer).map_err(|error| {
            TaskError::permanent(format!("`preflight` answered with what is no list of findings: {error}"))
        })?,
    };
    Ok(looked(&findings))
}

fn description(answer: Value) -> Result<Outcome, String> {
    let bytes = answer.to_string().len();
    if bytes > MAX_DESCRIPTION_BYTES {
        return Err(format!("its description has {bytes} bytes; at most {MAX_DESCRIPTION_BYTES} are taken"));
    }
    let wrong = |why: String| format!("its description is not valid: {why}");
    let description = KindDescription::read(answer).map_err(wrong)?;
    Ok(Outcome::success("described").with_detail(json!(description)))
}

#[cfg(test)]
mod tests;
