//! The mails that follow from a poll's decisions, entered into the outbox and kept as measures. What fails here is told, tried
//! again at the next poll, and holds up nothing.

use roundsman_task::TaskError;

use super::{Observed, decide::Decision};
use crate::{
    mails::{About, Post},
    quota::{Measure, MeasureKind},
    state::{MeasureRow, MeasureState},
};

/// Enters all mails, those about stops first, and tells which are entered and what went wrong.
pub(super) async fn enter(
    post: &Post,
    observed: &Observed,
    decisions: &[Decision<'_>],
    now_ms: i64,
) -> (Vec<MeasureRow>, Vec<String>) {
    let wanted = decisions.iter().flat_map(|decision| decision.mails().map(move |mail| (mail, decision)));
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_by_key(|(mail, _)| mail.kind);
    let (mut entered, mut problems) = (Vec::new(), Vec::new());
    for (mail, decision) in wanted {
        match enter_one(post, observed, decision, mail).await {
            Ok(true) => entered.push(row(observed, decision, mail, now_ms)),
            Ok(false) => {}
            Err(error) => {
                let (name, kind) = (&decision.seen.row.name, mail.kind.as_str());
                problems.push(format!("{name}: {kind} cannot be entered, and is tried again: {error}"));
            }
        }
    }
    (entered, problems)
}

/// Warnings of clusters that have gone off make no sense for long.
pub(super) async fn hasten(
    post: &Post,
    observed: &Observed,
    decisions: &[Decision<'_>],
    taken: &[MeasureRow],
) -> Result<(), TaskError> {
    let is_warned =
        |id: &str| taken.iter().any(|row| row.cluster_id == id && row.kind == MeasureKind::WarnMail);
    for decision in decisions.iter().filter(|decision| decision.seen.state.is_off() && is_warned(decision.id))
    {
        let off_ms = decision.usage.last_stop_ms.unwrap_or(observed.at.at_ms);
        post.cluster_is_off(decision.id, observed.today.date(), off_ms).await?;
    }
    Ok(())
}

async fn enter_one(
    post: &Post,
    observed: &Observed,
    decision: &Decision<'_>,
    mail: Measure,
) -> Result<bool, TaskError> {
    let about = About {
        day: observed.today.date(),
        cluster_id: decision.id.to_owned(),
        name: decision.seen.row.name.clone(),
        group: decision.seen.group(),
        used_ms: decision.charge.used_ms,
        soft_ms: decision.limits.soft_ms,
        hard_ms: decision.limits.hard_ms,
        at_ms: observed.at.at_ms,
        reset_ms: observed.today.end_ms(),
    };
    match mail.kind {
        MeasureKind::StopMail => post.stop(&about).await,
        MeasureKind::ReoffenceMail => post.reoffence(&about, decision.seen.started_by.as_deref()).await,
        _ => post.warn(&about).await,
    }
}

fn row(observed: &Observed, decision: &Decision<'_>, mail: Measure, now_ms: i64) -> MeasureRow {
    let is_reoffence = mail.kind == MeasureKind::ReoffenceMail;
    MeasureRow {
        day: observed.today.date(),
        cluster_id: decision.id.to_owned(),
        kind: mail.kind,
        seq: mail.seq,
        state: MeasureState::Done,
        attempts: 1,
        asked_ms: now_ms,
        done_ms: Some(now_ms),
        error: None,
        user: decision.seen.started_by.clone().filter(|_| is_reoffence),
    }
}
