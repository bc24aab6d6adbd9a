//! What did not go as it should, thing by thing, as people are told: the first ones, and how many more there are.

use roundsman_http::HttpError;
use roundsman_task::{TaskContext, TaskError};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::workspace_files::TOO_LARGE;

/// How many are told one by one.
const TOLD: usize = 1_000;
/// How many of them are printed.
const PRINTED: usize = 50;
/// An attempt that ends within this time begins nothing more.
const SOON: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Something that did not go as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The path in the workspace.
    pub path: String,
    /// What became of it.
    pub result: &'static str,
    /// Why.
    pub why: String,
}

/// The problems of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// The first ones.
    pub told: Vec<Problem>,
    /// How many more there are.
    pub more: u64,
}

impl Problems {
    pub(super) fn add(&mut self, path: &str, result: &'static str, why: impl Into<String>) {
        if self.told.len() == TOLD {
            self.more += 1;
        } else {
            self.told.push(Problem { path: path.to_owned(), result, why: why.into() });
        }
    }

    /// A table of them; of these counts where there are none.
    pub(super) fn table(&self, counts: &[(&str, u64)]) -> Value {
        if self.told.is_empty() {
            let rows: Vec<_> = counts.iter().map(|(what, count)| json!([what, count.to_string()])).collect();
            return json!({ "columns": ["what", "count"], "rows": rows });
        }
        let mut rows: Vec<_> = self.told.iter().take(PRINTED).map(Problem::row).collect();
        let more = self.more + self.told.len().saturating_sub(PRINTED) as u64;
        if more > 0 {
            rows.push(json!([format!("… and {more} more"), "", ""]));
        }
        json!({ "columns": ["path", "result", "why"], "rows": rows })
    }
}

impl Problem {
    fn row(&self) -> Value {
        json!([self.path, self.result, self.why])
    }
}

/// All that is not zero, in one line.
pub(super) fn in_words(counts: &[(&str, u64)]) -> String {
    let told = counts.iter().filter(|(_, count)| *count > 0);
    told.map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

/// What a failure of one thing means.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is too large.
    TooLarge(String),
    /// It is not there any more.
    Gone,
    /// It failed, and it alone.
    Failed(String),
    /// Nothing after it can go well either, or the attempt must end.
    End(TaskError),
}

impl Fault {
    /// What this one means. Whoever is not let in, or asks something that is no workspace, has no luck with the next thing.
    pub(super) fn of(cx: &TaskContext, error: HttpError) -> Self {
        if error.code() == Some(TOO_LARGE) {
            return Self::TooLarge(error.to_string());
        }
        if error.is_not_found() {
            return Self::Gone;
        }
        let told = error.to_string();
        let ends_with_it = matches!(error, HttpError::Task(_) | HttpError::Suspended { .. });
        match TaskError::from(error) {
            error @ TaskError::Config { .. } => Self::End(error),
            error if ends_with_it => Self::End(error),
            error @ TaskError::Retry { .. } if cx.now() + SOON >= cx.deadline() => Self::End(error),
            _ => Self::Failed(told),
        }
    }
}

/// Work that blocks, away from what waits for answers.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TaskError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| TaskError::retry(format!("saving broke off: {error}")))
}

/// Ends with an error where the attempt is to stop.
pub(super) fn check_stop(cx: &TaskContext) -> Result<(), TaskError> {
    if cx.is_cancelled() { Err(TaskError::Cancelled) } else { Ok(()) }
}
