//! Polls that fail (B.6, B.10): what the daemon is told to do next, how many failed one after the other, and when admins are
//! told of that. A poll that is tried again counts once.

use roundsman_http::{Class, HttpError};
use roundsman_task::{TaskError, Timestamp};

use super::Observed;
use crate::{
    closing,
    day::Day,
    lab::Lab,
    mails::{Incident, Post},
    state::WorkspaceRow,
};

/// Why a poll cannot be carried through.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the daemon is told.
    pub(crate) error: TaskError,
    /// What kind of failure it is, if the vendor is the reason.
    class: Option<Class>,
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self { class: error.class(), error: error.into() }
    }
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        Self { error, class: None }
    }
}

impl Failure {
    /// Whether nobody but the daemon or a person is the reason.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self.error, TaskError::Cancelled | TaskError::Interrupted)
    }

    /// The word for the metric.
    pub(super) fn word(&self) -> &'static str {
        if self.deferred_until().is_some() { "deferred" } else { "failed" }
    }

    /// Where the vendor wants a pause, or a budget has no turn in time, there is nothing wrong with the attempt.
    fn deferred_until(&self) -> Option<Timestamp> {
        let waits = matches!(self.class, None | Some(Class::Throttled | Class::Unavailable));
        match self.error {
            TaskError::Retry { not_before, .. } if waits => not_before,
            TaskError::Snooze { until, .. } => Some(until),
            _ => None,
        }
    }

    /// What the daemon is to do next.
    pub(crate) fn into_error(self) -> TaskError {
        match self.deferred_until() {
            Some(until) => TaskError::Snooze { cause: self.error.to_string(), until },
            None => self.error,
        }
    }

    fn incident(&self, over_limit: Vec<String>) -> Incident {
        let class = self.class.map_or("not carried through", Class::word).to_owned();
        let is_refused = matches!(self.class, Some(Class::Unauthenticated | Class::Denied));
        Incident { class, is_refused, over_limit }
    }
}

/// Counts a failed poll, and tells admins when it is time to. What cannot be kept or told now is not worth another failure.
pub(super) async fn note_failure(lab: &Lab, post: &Post, failure: &Failure, now: Timestamp) {
    let run = Some(lab.cx.run_id().0);
    note(lab, post, failure, run, now.timestamp_millis()).await;
}

/// Counts a failed attempt at the end of the day, and tells admins likewise. It comes once a night, so each attempt counts.
pub(crate) async fn note_failed_night(lab: &Lab, post: &Post, failure: &Failure, now: Timestamp) {
    note(lab, post, failure, None, now.timestamp_millis()).await;
}

/// With a run, its failures count once.
async fn note(lab: &Lab, post: &Post, failure: &Failure, run: Option<i64>, now_ms: i64) {
    if lab.is_dry || failure.is_stop() {
        return;
    }
    if let Err(error) = count(lab, post, failure, run, now_ms).await {
        tracing::error!("the failure of this run cannot be noted: {error}");
    }
}

async fn count(
    lab: &Lab,
    post: &Post,
    failure: &Failure,
    run: Option<i64>,
    now_ms: i64,
) -> Result<(), TaskError> {
    let mut row = lab.state.workspace().await?;
    if run.is_none() || row.failed_run != run {
        row.failed_run = run;
        row.failures = row.failures.saturating_add(1);
    }
    row.failing_since_ms.get_or_insert(now_ms);
    row.last_error = Some(failure.error.to_string());
    let incident = failure.incident(over_limit(lab, now_ms).await.unwrap_or_default());
    if let Err(error) = post.failing(&mut row, &incident, now_ms).await {
        tracing::error!("admins cannot be told that polls fail: {error}");
    }
    lab.state.put_workspace(&row).await
}

/// The clusters over their limit, as far as the last poll knew.
async fn over_limit(lab: &Lab, now_ms: i64) -> Result<Vec<String>, TaskError> {
    let today = Day::at(now_ms, lab.zone()).date();
    let rows = lab.state.usage(today).await?;
    let over = rows.into_values().filter(|row| row.hard_ms > 0 && row.usage.used_ms >= row.hard_ms);
    Ok(over.map(|row| row.name).collect())
}

/// A poll was carried through: the failures before it are forgotten, once admins who were told of them know. The first poll of
/// all leaves no earlier day to be closed.
pub(super) async fn note_success(
    lab: &Lab,
    post: &Post,
    observed: &Observed,
) -> Result<Option<String>, TaskError> {
    let (mut row, at_ms) = (lab.state.workspace().await?, observed.at.at_ms);
    let told = recover(&mut row, post, at_ms).await;
    row.last_poll_ms = Some(at_ms);
    if row.last_closed.is_none() {
        // Unless an earlier poll saw clusters and did not come this far: then its days are still to be closed.
        let seen_ms = observed.clusters.values().map(|seen| seen.row.first_seen_ms).min();
        let first = closing::first_open(None, seen_ms, &observed.today);
        row.last_closed = Some(first.previous().date());
    }
    lab.state.put_workspace(&row).await?;
    Ok(told)
}

/// An end of a day was carried through: the failures before it are forgotten likewise.
pub(crate) async fn note_good_night(lab: &Lab, post: &Post, at_ms: i64) -> Result<Option<String>, TaskError> {
    let mut row = lab.state.workspace().await?;
    if row.failures == 0 && row.incident_told_ms.is_none() {
        return Ok(None);
    }
    let told = recover(&mut row, post, at_ms).await;
    lab.state.put_workspace(&row).await?;
    Ok(told)
}

/// Forgets failures, and tells what a person should know of that.
async fn recover(row: &mut WorkspaceRow, post: &Post, at_ms: i64) -> Option<String> {
    let told = post.recovered(row, at_ms).await;
    row.failures = 0;
    if row.incident_told_ms.is_none() {
        (row.failing_since_ms, row.failed_run, row.last_error) = (None, None, None);
    }
    told.err().map(|error| format!("admins cannot be told that polls work again: {error}"))
}
