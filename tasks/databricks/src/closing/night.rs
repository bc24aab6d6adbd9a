//! The task of the end of the day: it closes what is due at once, puts right what groups may do, and sends the mails. Polls
//! close days the same way, only later.

use chrono::TimeDelta;
use roundsman_notify::Drained;
use roundsman_task::{Counts, Outcome, TaskError};
use serde_json::{Value, json};

use super::{Closed, Closing};
use crate::{
    enforce::{self, Reconciled, Target},
    kinds::metrics,
    lab::Lab,
    mails::Post,
    poll::{Failure, Observed, keep_plan, look_at_all, note_failed_night, note_good_night, report_requests},
    state::{Step, StepState},
    uptime::poll_instant,
};

/// After so long it is tried again, if a poll is under way: polls are short, and its slot must not be lost.
const PAUSE: TimeDelta = TimeDelta::seconds(120);
/// How long releases, and what the reports ask besides, may take.
const CLOSING: TimeDelta = TimeDelta::seconds(300);
/// How long the look at what groups may do may take.
const RECONCILING: TimeDelta = TimeDelta::seconds(180);
/// What is left of the attempt's time when the last mail is sent.
const RESERVE: TimeDelta = TimeDelta::seconds(30);

/// What came of a night.
struct Night {
    closed: Closed,
    reconciled: Reconciled,
    warnings: Vec<String>,
}

/// Closes the days that have ended. A dry run takes no lease: it keeps nobody from working.
pub async fn night(lab: &Lab) -> Result<Outcome, TaskError> {
    if !lab.is_dry && !lab.hold().await? {
        return Err(TaskError::Snooze {
            cause: "another run polls this workspace, or closes its days".to_owned(),
            until: lab.cx.now() + PAUSE,
        });
    }
    let post = Post::open(lab);
    let result = carry_through(lab, &post).await;
    if let Err(failure) = &result {
        note_failed_night(lab, &post, failure, lab.cx.now()).await;
    }
    let is_stop = result.as_ref().err().is_some_and(Failure::is_stop);
    let drained = if lab.is_dry || is_stop {
        Drained::default()
    } else {
        post.drain(lab.cx.deadline() - RESERVE).await
    };
    report_requests(lab);
    let mut night = result.map_err(Failure::into_error)?;
    night.warnings.extend(drained.problems);
    night.outcome(lab).await
}

async fn carry_through(lab: &Lab, post: &Post) -> Result<Night, Failure> {
    let row = lab.state.workspace().await?;
    let at = poll_instant(lab.cx.now().timestamp_millis(), row.last_poll_ms);
    let hurried = lab.until(lab.cx.now() + CLOSING);
    let mut closing = Closing::open_at_once(&hurried, at).await?;
    // Before anything else is asked: students wait for it, and it needs nothing of the rest.
    closing.restore().await?;
    let observed = match look_at_all(lab, at, &closing.since()).await {
        Ok(observed) => observed,
        Err(failure) if failure.is_stop() => return Err(failure),
        Err(failure) => {
            closing.miss(&failure.error).await?;
            closing.finish().await?;
            return Err(failure);
        }
    };
    closing.settle(&observed, post).await?;
    closing.purge(post).await?;
    let closed = closing.finish().await?;
    let reconciled = reconcile(lab, &observed).await;
    if lab.cx.is_cancelled() {
        return Err(TaskError::Cancelled.into());
    }
    let mut warnings = post.problems();
    if !lab.is_dry {
        warnings.extend(note_good_night(lab, post, at.at_ms).await?);
    }
    warnings.extend(observed.problems);
    warnings.extend(closed.problems.iter().cloned());
    warnings.extend(reconciled.problems());
    Ok(Night { closed, reconciled, warnings })
}

/// Gives groups back the right to start their clusters where it is missing and nobody is blocked (B.5.3).
async fn reconcile(lab: &Lab, observed: &Observed) -> Reconciled {
    if !lab.config.reconcile_permissions {
        return Reconciled::default();
    }
    let targets = observed.managed().filter_map(|(id, seen)| {
        Some(Target { cluster_id: id.clone(), name: seen.row.name.clone(), group: seen.group()? })
    });
    enforce::reconcile(&lab.until(lab.cx.now() + RECONCILING), targets.collect()).await
}

impl Night {
    async fn outcome(self, lab: &Lab) -> Result<Outcome, TaskError> {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        let planned: Vec<_> = self.closed.planned.iter().chain(&self.reconciled.planned).collect();
        let blocked = lab.state.blocks().await?.len();
        let mut detail = self.detail(blocked);
        if lab.is_dry {
            detail["planned"] = json!(planned);
            keep_plan(lab, &detail).await?;
        } else {
            lab.cx.metric(metrics::BLOCKED, &[], blocked as f64);
        }
        let failed =
            self.reconciled.failed.len() + Step::ALL.map(|step| self.closed.open(step)).iter().sum::<usize>();
        let counts = Counts {
            processed: self.closed.days.len() as u64,
            ok: self.closed.closed_days() as u64,
            failed: if lab.is_dry { 0 } else { failed as u64 },
            changed: (self.closed.released.len() + self.reconciled.raised.len()) as u64,
            planned: planned.len() as u64,
            ..Counts::default()
        };
        let summary = self.summary(lab, planned.len());
        let is_open = !lab.is_dry && (self.closed.is_open() || !self.reconciled.failed.is_empty());
        let outcome = if is_open { Outcome::partial(summary) } else { Outcome::success(summary) };
        // What is left is done by the next poll in any case; another attempt comes sooner.
        Ok(Outcome { again: is_open, ..outcome.with_counts(counts).with_detail(detail) })
    }

    fn detail(&self, blocked: usize) -> Value {
        let names = |targets: &[Target]| targets.iter().map(|target| target.name.clone()).collect::<Vec<_>>();
        let days = self.closed.days.iter().map(|(day, steps)| {
            let steps = steps.iter().map(|(step, row)| {
                let state = if row.state == StepState::Done { "done" } else { "open" };
                let told =
                    json!({ "state": state, "attempts": row.attempts, "error": row.error, "note": row.note });
                (step.as_str().to_owned(), told)
            });
            (day.to_string(), Value::Object(steps.collect()))
        });
        json!({
            "last_closed": self.closed.last_closed,
            "days": Value::Object(days.collect()),
            "released": names(&self.closed.released),
            "raised": names(&self.reconciled.raised),
            "blocked": blocked,
            "warnings": self.warnings,
        })
    }

    fn summary(&self, lab: &Lab, planned: usize) -> String {
        let days: Vec<_> = self.closed.days.keys().collect();
        let mut said = match days.as_slice() {
            [] => vec!["no day is to be closed".to_owned()],
            [day] => vec![day.to_string()],
            [first, .., last] => vec![format!("{} days from {first} to {last}", days.len())],
        };
        let counted = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        said.extend(counted(self.closed.released.len(), "released"));
        said.extend(counted(self.reconciled.raised.len(), "raised"));
        if lab.is_dry {
            said.push(format!("{planned} changes planned, none made"));
        } else {
            let open = Step::ALL.into_iter().filter(|step| self.closed.open(*step) > 0);
            said.extend(open.map(|step| format!("{} is not done yet", step.as_str())));
        }
        said.extend(counted(self.warnings.len(), "warnings"));
        said.join(", ")
    }
}
