//! One poll, in order (B.5.2, B.10): look, close what is due, decide, act, then mails. Nothing about mail or about a single
//! cluster can hold up or fail what comes before it.

use chrono::TimeDelta;
use roundsman_task::{Outcome, TaskError};

use super::{
    Observed, decide,
    decide::Decision,
    failure::{Failure, note_failure, note_success},
    look_at_all,
    outcome::{self, Course},
    post, usage,
};
use crate::{
    closing,
    enforce::{self, Carried, Wanted},
    kinds::metrics,
    lab::Lab,
    mails::Post,
    state::MeasureRow,
    uptime::{PollInstant, poll_instant},
};

/// How long the end of earlier days may take within a poll.
const CLOSING: TimeDelta = TimeDelta::seconds(60);
/// How long blocks, terminations and releases may take.
const ENFORCING: TimeDelta = TimeDelta::seconds(120);
/// A poll that was kept from working comes again after this time.
const AGAIN: TimeDelta = TimeDelta::seconds(60);
/// What is left of the attempt's time when the last mail is sent.
const RESERVE: TimeDelta = TimeDelta::seconds(10);

/// Polls the workspace, unless somebody else is at it. A dry run keeps nobody from working.
pub async fn poll(lab: &Lab) -> Result<Outcome, TaskError> {
    let begun = lab.cx.now();
    if !lab.is_dry && !lab.hold().await? {
        lab.cx.metric(metrics::POLL_TOTAL, &[("result", "skipped")], 1.0);
        outcome::report_kept(lab).await;
        // A threshold may be crossed before the next slot, and the run that was to be there is this one.
        let wake_at = lab.config.adaptive_poll.then(|| begun + AGAIN);
        let skipped = Outcome::skipped("another run polls this workspace, or closes its days");
        return Ok(Outcome { wake_at, ..skipped });
    }
    let post = Post::open(lab);
    let polled = carry_through(lab, &post).await;
    let result = match &polled {
        Ok(_) => "ok",
        Err(failure) => failure.word(),
    };
    if let Err(failure) = &polled {
        note_failure(lab, &post, failure, lab.cx.now()).await;
        outcome::report_kept(lab).await;
    }
    let is_stop = polled.as_ref().err().is_some_and(Failure::is_stop);
    let drained = if lab.is_dry || is_stop {
        None
    } else {
        // The run that is to be there when a threshold is crossed must not wait for mails.
        let woken = polled.as_ref().ok().and_then(|course| course.wake_at);
        let end = lab.cx.deadline() - RESERVE;
        Some(post.drain(woken.map_or(end, |at| at.min(end))).await)
    };
    outcome::report_requests(lab);
    lab.cx.metric(metrics::POLL_TOTAL, &[("result", result)], 1.0);
    lab.cx.metric(metrics::POLL_SECONDS, &[], seconds(lab.cx.now() - begun));
    let mut course = polled.map_err(Failure::into_error)?;
    course.note_drained(drained);
    course.outcome(lab).await
}

/// Everything but sending what is in the outbox.
async fn carry_through(lab: &Lab, post: &Post) -> Result<Course, Failure> {
    let row = lab.state.workspace().await?;
    let at = poll_instant(lab.cx.now().timestamp_millis(), row.last_poll_ms);
    let mut course = Course::new(post.problems());
    if at.behind_ms > 0 {
        let told = format!("this machine's clock is {} s behind the last poll", at.behind_ms / 1_000);
        tracing::warn!("{told}; the time of that poll counts as now");
        course.warnings.push(told);
    }
    let since = closing::since(lab, at).await?;
    let observed = look_at_all(lab, at, &since).await?;
    course.warnings.extend(observed.problems.iter().cloned());
    close(lab, post, &observed, at, &mut course).await?;
    act(lab, post, &observed, &mut course).await?;
    if !lab.is_dry {
        course.warnings.extend(note_success(lab, post, &observed).await?);
    }
    Ok(course)
}

/// Closes earlier days, where the task of the end of the day did not (B.7).
async fn close(
    lab: &Lab,
    post: &Post,
    observed: &Observed,
    at: PollInstant,
    course: &mut Course,
) -> Result<(), Failure> {
    let lab = lab.until(lab.cx.now() + CLOSING);
    match closing::close_due(&lab, observed, post, at).await {
        Ok(closed) => {
            course.warnings.extend(closed.problems);
            course.planned.extend(closed.planned);
            Ok(())
        }
        Err(error @ (TaskError::Cancelled | TaskError::Interrupted)) => Err(error.into()),
        Err(error) => {
            course.warnings.push(format!("earlier days could not be closed: {error}"));
            Ok(())
        }
    }
}

/// Decides, acts, and enters mails.
async fn act(lab: &Lab, post: &Post, observed: &Observed, course: &mut Course) -> Result<(), Failure> {
    let today = observed.today;
    // A look that took until after midnight measured another day than the one that has begun.
    let now_ms = lab.cx.now().timestamp_millis().max(observed.at.at_ms);
    let mut measures = lab.state.measures(today.date()).await?;
    let (decisions, problems) = decide::decide(lab, observed, &measures, now_ms);
    course.warnings.extend(problems);
    let wanted: Vec<Wanted> = decisions.iter().flat_map(Decision::wanted).collect();
    let hurried = lab.until(lab.cx.now() + ENFORCING);
    let carried = enforce::carry_out(&hurried, &today, now_ms, wanted, &measures).await;
    if lab.cx.is_cancelled() {
        return Err(TaskError::Cancelled.into());
    }
    course.note_carried(lab, &carried);
    merge(&mut measures, &carried);
    if lab.is_dry {
        course.plan_mails(&decisions);
    } else {
        let kept_ms = lab.cx.now().timestamp_millis().max(now_ms);
        let (entered, problems) = post::enter(post, observed, &decisions, kept_ms).await;
        lab.state.put_measures(&entered).await?;
        course.note_entered(&entered);
        course.warnings.extend(problems);
        measures.extend(entered);
    }
    if let Err(error) = post::hasten(post, observed, &decisions, &measures).await {
        course.warnings.push(format!("warnings that make no sense any more could not be found: {error}"));
    }
    let kept = lab.state.usage(today.date()).await?;
    lab.state.put_usage(today.date(), &usage::changed(&decisions, &measures, &kept)).await?;
    course.note_standing(lab, observed, &decisions, now_ms);
    Ok(())
}

/// What became of measures replaces what was known of them.
fn merge(measures: &mut Vec<MeasureRow>, carried: &Carried) {
    for effect in &carried.effects {
        let key = |row: &MeasureRow| (row.cluster_id.clone(), row.kind, row.seq);
        match measures.iter_mut().find(|row| key(row) == key(&effect.row)) {
            Some(known) => known.clone_from(&effect.row),
            None => measures.push(effect.row.clone()),
        }
    }
}

fn seconds(length: TimeDelta) -> f64 {
    length.as_seconds_f64()
}
