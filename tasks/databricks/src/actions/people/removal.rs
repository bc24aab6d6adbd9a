//! Deleting many one by one, a few at a time, and telling what became of each. Who goes is not decided here.

use std::future::Future;

use futures::{StreamExt, stream};
use roundsman_http::{Class, HttpError};
use roundsman_task::{Counts, Outcome, OutcomeStatus, TaskError};
use serde_json::json;

use super::super::listing::table;
use crate::lab::Lab;

/// How many deletions are under way; users and groups are throttled sooner than anything else.
const AT_A_TIME: usize = 4;

/// Somebody or something that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Going {
    /// The name, for people.
    pub(super) name: String,
    /// What it is deleted by.
    pub(super) id: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was deleted.
    Deleted,
    /// It had gone already.
    Gone,
    /// It would be deleted.
    Planned,
    /// It stays, for this reason.
    Kept(&'static str),
    /// The workspace protects it.
    Protected(String),
    /// It could not be deleted.
    Failed(String),
}

/// What it means that the workspace refuses a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusals {
    /// Something is wrong.
    Failures,
    /// It is protected, which is nobody's fault.
    Protection,
}

impl Fate {
    fn is_gone(&self) -> bool {
        matches!(self, Self::Deleted | Self::Gone)
    }

    fn words(&self) -> String {
        match self {
            Self::Deleted => "deleted".to_owned(),
            Self::Gone => "deleted: had gone already".to_owned(),
            Self::Planned => "would be deleted".to_owned(),
            Self::Kept(why) => format!("kept: {why}"),
            Self::Protected(why) => format!("protected: {why}"),
            Self::Failed(why) => format!("failed: {why}"),
        }
    }
}

/// Deletes each; in a dry run none. Ends early only where nothing after it could go well.
pub(super) async fn remove<F: Future<Output = Result<bool, HttpError>>>(
    lab: &Lab,
    going: Vec<Going>,
    refusals: Refusals,
    act: impl Fn(String) -> F,
) -> Result<Vec<(String, Fate)>, TaskError> {
    let (total, act) = (going.len() as u64, &act);
    let acts = going.into_iter().map(|one| async move {
        let fate = if lab.is_dry { Fate::Planned } else { fate(act(one.id).await, refusals)? };
        Ok::<_, TaskError>((one.name, fate))
    });
    let mut acts = std::pin::pin!(stream::iter(acts).buffered(AT_A_TIME));
    let mut fates = Vec::new();
    while let Some(one) = acts.next().await {
        // Of an attempt that ends here no outcome tells what had gone before.
        let ended = |_: &TaskError| {
            let gone = fates.iter().filter(|(_, fate): &&(String, Fate)| fate.is_gone()).count();
            tracing::warn!(
                "ended before all was done: {gone} of {total} had been deleted; ask again to go on"
            );
        };
        let one = one.inspect_err(ended)?;
        fates.push(one);
        lab.cx.progress(fates.len() as u64, Some(total), "deleting");
    }
    Ok(fates)
}

fn fate(result: Result<bool, HttpError>, refusals: Refusals) -> Result<Fate, TaskError> {
    let error = match result {
        Ok(true) => return Ok(Fate::Deleted),
        Ok(false) => return Ok(Fate::Gone),
        Err(error) => error,
    };
    match error.class() {
        // The attempt is to stop, or whatever else is asked fails too.
        None | Some(Class::Unauthenticated | Class::Redirected | Class::Tls) => Err(error.into()),
        Some(Class::BadRequest | Class::Denied) if refusals == Refusals::Protection => {
            Ok(Fate::Protected(error.to_string()))
        }
        Some(_) => Ok(Fate::Failed(error.to_string())),
    }
}

/// All of it as an outcome: partial if some failed.
pub(super) fn told(
    lab: &Lab,
    one: &str,
    many: &str,
    mut fates: Vec<(String, Fate)>,
    reminder: Option<&str>,
) -> Outcome {
    // Those who stay come last; the order is otherwise that of the deletions.
    fates.sort_by_key(|(_, fate)| matches!(fate, Fate::Kept(_)));
    let count = |is: fn(&Fate) -> bool| fates.iter().filter(|(_, fate)| is(fate)).count() as u64;
    let kept = count(|fate| matches!(fate, Fate::Kept(_)));
    let counts = Counts {
        processed: fates.len() as u64,
        ok: count(Fate::is_gone),
        changed: count(|fate| *fate == Fate::Deleted),
        failed: count(|fate| matches!(fate, Fate::Failed(_))),
        skipped: kept + count(|fate| matches!(fate, Fate::Protected(_))),
        planned: count(|fate| *fate == Fate::Planned),
        ..Counts::default()
    };
    let meant = counts.processed - kept;
    let done = if lab.is_dry {
        format!("would delete {} {many}", counts.planned)
    } else {
        format!("deleted {} of {meant} {many}", counts.ok)
    };
    let protected = counts.skipped - kept;
    let more = [(kept, "kept"), (protected, "protected"), (counts.failed, "failed")];
    let more =
        more.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let told: Vec<String> = [format!("{}: {done}", lab.host())].into_iter().chain(more).collect();
    let reminder = reminder.filter(|_| meant > 0).map(|told| format!("; {told}")).unwrap_or_default();
    let summary = format!("{}{reminder}", told.join(", "));
    let rows = fates.iter().map(|(name, fate)| json!([name, fate.words()])).collect();
    let mut outcome = table(summary, &[one, "what became of it"], rows);
    outcome.counts = counts;
    if counts.failed > 0 {
        outcome.status = OutcomeStatus::Partial;
    }
    outcome
}
