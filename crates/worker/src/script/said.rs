//! What a script said of its work and how it ended, made one result: the worse of the two counts. It hears nothing itself.

use roundsman_model::{ExitCodes, Meaning, Outcome, OutcomeStatus, TaskError};
use roundsman_program::{Detail, Ran};

use super::message::{Said, Status};

/// The most characters of a summary.
const SUMMARY_CHARS: usize = 1_000;

/// A script's last report.
#[derive(Debug)]
pub(super) enum Report {
    /// What it says.
    Read(Box<Said>),
    /// Nobody knows what it says, for this reason.
    Unread(String),
}

/// The result. An error comes with the last lines, for which it has no place.
pub(super) fn conclude(
    report: Option<Report>,
    ran: Ran,
    exit_codes: &ExitCodes,
) -> Result<Outcome, (TaskError, Detail)> {
    let by_code = exit_codes.meaning(ran.exit.code());
    let said = match report {
        None => return ran.conclude(exit_codes),
        Some(Report::Read(said)) => *said,
        Some(Report::Unread(why)) => return Err(unread(&why, ran, by_code)),
    };
    let status = match by_code {
        Meaning::Failure | Meaning::Retry if said.status != Some(Status::Failed) => {
            return Err(failed_anyway(&said, ran, by_code));
        }
        Meaning::Failure | Meaning::Retry => Status::Failed,
        Meaning::Success => said.status.unwrap_or(Status::Success),
        Meaning::Partial => Status::Partial.max(said.status.unwrap_or(Status::Success)),
        Meaning::Skipped => Status::Skipped.max(said.status.unwrap_or(Status::Success)),
    };
    let summary = if said.summary.trim().is_empty() { ran.told() } else { one_line(&said.summary) };
    let status = match status {
        Status::Success => OutcomeStatus::Success,
        Status::Skipped => OutcomeStatus::Skipped,
        Status::Partial => OutcomeStatus::Partial,
        Status::Failed => {
            let retry = said.retry.unwrap_or(by_code == Meaning::Retry || said.not_before.is_some());
            let error = if retry {
                TaskError::Retry { cause: summary, not_before: said.not_before }
            } else {
                TaskError::permanent(summary)
            };
            return Err((error, ran.into_detail()));
        }
    };
    let outcome = Outcome {
        status,
        counts: said.counts.unwrap_or_default(),
        summary,
        detail: said.detail,
        print: said.print,
        again: said.again,
        wake_at: said.wake_at,
        unstarted: false,
    };
    Ok(if outcome.detail.is_null() { outcome.with_detail(ran.into_detail()) } else { outcome })
}

/// It may have said that nothing is well, so that nothing better than a failure is certain.
fn unread(why: &str, ran: Ran, by_code: Meaning) -> (TaskError, Detail) {
    let unread = format!("the script's outcome cannot be read: {why}");
    let error = match by_code {
        Meaning::Retry => TaskError::retry(format!("{}; {unread}", ran.told())),
        Meaning::Failure => TaskError::permanent(format!("{}; {unread}", ran.told())),
        Meaning::Success | Meaning::Partial | Meaning::Skipped => TaskError::permanent(unread),
    };
    (error, ran.into_detail())
}

/// It said that all was well, or nothing, and then ended with a code that means failure.
fn failed_anyway(said: &Said, ran: Ran, by_code: Meaning) -> (TaskError, Detail) {
    let cause = if said.summary.trim().is_empty() {
        ran.told()
    } else {
        format!("{} after it had said: {}", ran.told(), one_line(&said.summary))
    };
    let retry = said.retry.unwrap_or(by_code == Meaning::Retry);
    let error = if retry {
        TaskError::Retry { cause, not_before: said.not_before }
    } else {
        TaskError::permanent(cause)
    };
    (error, ran.into_detail())
}

/// A text for listings: one line, not endless, nothing that moves a terminal's cursor.
fn one_line(text: &str) -> String {
    let visible = |char: char| if char.is_control() { ' ' } else { char };
    let mut line: String = text.trim().chars().map(visible).take(SUMMARY_CHARS).collect();
    if text.trim().chars().nth(SUMMARY_CHARS).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
