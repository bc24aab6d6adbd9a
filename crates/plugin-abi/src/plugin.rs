//! What the author of a plugin in Rust writes, and what a run is told. It calls nothing of the host.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Failure, Host};

/// A kind that a plugin brings.
pub trait Plugin: 'static {
    /// What is known about the kind without running it: at least `name` and `about`. It must be the same each time.
    fn describe() -> Value;

    /// Does the work once: the scheduled work, or the action that the request names. Returns the outcome: `status`,
    /// `summary`, `counts`, `detail`, `print`.
    fn run(host: &Host<'_>, request: &Request) -> Result<Value, Failure>;

    /// Looks whether the work could be done, without changing anything: a list of findings with `level` (`ok`, `warning`,
    /// `failure`), `what`, `found` and `advice`.
    fn preflight(host: &Host<'_>, request: &Request) -> Result<Value, Failure> {
        let _ = (host, request);
        Ok(Value::Array(Vec::new()))
    }
}

/// What a run is told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Request {
    /// The run's number.
    pub run: i64,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The task's name.
    pub task: String,
    /// The kind's name.
    pub kind: String,
    /// The slot it is for (RFC 3339); absent for runs on request.
    pub slot: Option<String>,
    /// The round it belongs to, if others follow it or it follows others.
    pub round: Option<String>,
    /// The task's zone, by its IANA name.
    pub timezone: String,
    /// When it is stopped (RFC 3339).
    pub deadline: String,
    /// The action asked for; absent for the scheduled work.
    pub action: Option<String>,
    /// Parameters of the action.
    pub params: Value,
    /// Whether writes only become a plan.
    pub dry_run: bool,
    /// The task's `with` table; checked against the schema already.
    pub with: Value,
}

impl Request {
    /// The task's `with` table as a type.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.with)
            .map_err(|error| Failure::config(format!("`with` is not as expected: {error}")))
    }

    /// The parameters of the action as a type.
    pub fn params_as<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.params)
            .map_err(|error| Failure::config(format!("the parameters are not as expected: {error}")))
    }
}
