//! What a script finds: its request in variables and on standard input, and the work directory around it. It starts nothing.

use std::{collections::BTreeMap, io};

use roundsman_finder::variable_of;
use roundsman_model::{Credentials, TaskError, Timestamp};
use roundsman_program::{Program, UPSTREAM_VARIABLE, write_upstreams};
use roundsman_task::TaskContext;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Script, channel, inputs};

/// The most bytes of one variable: Linux starts nothing with a larger one.
const VARIABLE_BYTES: usize = 100 << 10;
/// The most bytes of all variables together, well below what Linux allows.
const ALL_BYTES: usize = 1 << 20;

/// The request as it stands on standard input.
#[derive(Serialize)]
struct Request<'a> {
    task: &'a str,
    run: i64,
    attempt: u32,
    slot: Option<Timestamp>,
    deadline: Timestamp,
    timezone: &'a str,
    round: Option<&'a str>,
    action: Option<&'a str>,
    params: &'a Value,
    dry_run: bool,
    with: &'a Value,
    credentials: &'a Credentials,
    upstream: Option<String>,
}

/// The script as a program, with everything it finds.
pub(super) async fn program(script: &Script, cx: &TaskContext, with: Value) -> Result<Program, TaskError> {
    let path = script.path.to_str().ok_or_else(|| {
        TaskError::config(format!("{} has a name that is no UTF-8 text; rename it", script.path.display()))
    })?;
    let here = std::env::current_dir().map_err(no_folder)?;
    let params = inputs::with_files(cx, &here).await?;
    let with = merged(&script.defaults, with, &params, cx.action());
    let upstream = write_upstreams(cx, &here).await?.map(|file| file.display().to_string());
    let request = Request {
        task: cx.task().as_str(),
        run: cx.run_id().0,
        attempt: cx.attempt().number,
        slot: cx.slot(),
        deadline: cx.deadline(),
        timezone: cx.timezone().name(),
        round: cx.round(),
        action: cx.action(),
        params: &params,
        dry_run: cx.dry_run(),
        with: &with,
        credentials: cx.credentials(),
        upstream,
    };
    let mut stdin = serde_json::to_vec(&request).map_err(TaskError::permanent)?;
    stdin.push(b'\n');
    let env = variables(&request);
    Ok(Program { argv: vec![path.to_owned()], cwd: None, env, stdin: Some(stdin) })
}

fn no_folder(error: io::Error) -> TaskError {
    TaskError::retry(format!("the work directory cannot be found: {error}"))
}

/// The config: the header's defaults, replaced by what the task says, and that by the parameters of a run without an action.
fn merged(defaults: &Value, with: Value, params: &Value, action: Option<&str>) -> Value {
    let mut keys = defaults.as_object().cloned().unwrap_or_else(Map::new);
    if let Value::Object(with) = with {
        keys.extend(with);
    }
    if let (None, Value::Object(params)) = (action, params) {
        keys.extend(params.clone());
    }
    Value::Object(keys)
}

/// The variables, those left out that no program can be given.
fn variables(request: &Request<'_>) -> BTreeMap<String, String> {
    let mut found = Variables::default();
    let instant = |at: Timestamp| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    found.add("ROUNDSMAN_TASK", request.task);
    found.add("ROUNDSMAN_RUN", &request.run.to_string());
    found.add("ROUNDSMAN_ATTEMPT_NUMBER", &request.attempt.to_string());
    found.add("ROUNDSMAN_DRY_RUN", if request.dry_run { "1" } else { "0" });
    found.add("ROUNDSMAN_DEADLINE", &instant(request.deadline));
    found.add("ROUNDSMAN_FD", &channel::NUMBER.to_string());
    let optional = [
        ("ROUNDSMAN_SLOT", request.slot.map(instant)),
        ("ROUNDSMAN_ROUND", request.round.map(str::to_owned)),
        ("ROUNDSMAN_ACTION", request.action.map(str::to_owned)),
        (UPSTREAM_VARIABLE, request.upstream.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            found.add(name, &value);
        }
    }
    for (role, fields) in request.credentials {
        for (field, values) in fields {
            let name = format!("ROUNDSMAN_CRED_{}_{}", capitals(role), capitals(field));
            found.add(&name, values.current());
            if let Some(next) = values.next() {
                found.add(&format!("{name}_NEXT"), next);
            }
        }
    }
    found.add("ROUNDSMAN_WITH", &request.with.to_string());
    for keys in [request.with, request.params].into_iter().filter_map(Value::as_object) {
        for (key, value) in keys {
            match value {
                Value::Null => {}
                Value::String(text) => found.add(&variable_of(key), text),
                other => found.add(&variable_of(key), &other.to_string()),
            }
        }
    }
    found.variables
}

/// The part of a variable's name that a name gives.
fn capitals(name: &str) -> String {
    let fit = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    name.chars().map(fit).collect()
}

#[derive(Default)]
struct Variables {
    variables: BTreeMap<String, String>,
    bytes: usize,
}

impl Variables {
    fn add(&mut self, name: &str, value: &str) {
        let why = if name.contains(['=', '\0']) {
            "no variable can have such a name"
        } else if value.contains('\0') {
            "it contains a NUL character"
        } else if value.len() > VARIABLE_BYTES || self.bytes + value.len() > ALL_BYTES {
            "it is too large"
        } else {
            self.bytes += name.len() + value.len();
            self.variables.insert(name.to_owned(), value.to_owned());
            return;
        };
        tracing::warn!("the script gets no variable {name}, as {why}; the request on standard input has it");
    }
}

#[cfg(test)]
mod tests;
