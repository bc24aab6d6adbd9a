//! Sending what is in the outbox, as far as the limits and the time allow, and what became of it (B.6). Nothing here fails a
//! run.

use std::{collections::BTreeMap, time::Duration};

use roundsman_notify::{Drained, Outlook, Record, State, Transport, Uuid};
use roundsman_task::{TaskError, Timestamp};

use super::{Post, words};
use crate::kinds::metrics::{MAIL_BUDGET, MAIL_QUEUE, MAILS};

/// How long ended mails and their ids are read back for metrics: none ends in a run before it began.
const SLACK: Duration = Duration::from_secs(1);

impl Post {
    /// Sends what has its turn, and begins nothing after `until`. Problems are among what it returns; a run goes on in any case.
    pub async fn drain(&self, until: Timestamp) -> Drained {
        match self.deliver(until).await {
            Ok(drained) => {
                for problem in &drained.problems {
                    tracing::warn!("mail: {problem}");
                }
                drained
            }
            Err(error) => {
                tracing::warn!("mail: the outbox could not be emptied: {error}");
                let problems = vec![format!("the outbox could not be emptied: {error}")];
                Drained { problems, ..Drained::default() }
            }
        }
    }

    /// Mails that were given up, or were not sent in time, since an instant: one line each, without addresses.
    pub async fn undelivered(&self, since: Timestamp) -> Result<Vec<String>, TaskError> {
        let ended = self.outbox.ended_since(since).await?;
        let open = self.outbox.open().await?;
        let is_replaced =
            |id: Uuid| ended.iter().chain(&open).any(|(_, record)| record.instead_of == Some(id));
        let told = ended.iter().filter_map(|(id, record)| {
            let queued = words::short_instant(record.queued_at.timestamp_millis(), self.house.zone);
            let error = record.error.as_deref().unwrap_or("no reason is known");
            match record.state {
                State::Failed if is_replaced(*id) => Some(format!(
                    "some recipients of the mail \"{}\" were refused: {error}",
                    record.mail.subject
                )),
                State::Failed => {
                    Some(format!("the mail \"{}\" of {queued} was given up: {error}", record.mail.subject))
                }
                State::Expired => {
                    let why = record.error.as_deref().map_or_else(String::new, |error| format!(" ({error})"));
                    Some(format!(
                        "the mail \"{}\" of {queued} could not be sent in time{why}",
                        record.mail.subject
                    ))
                }
                _ => None,
            }
        });
        Ok(told.collect())
    }

    /// Forgets mails that ended a year ago, and their ids. Returns how many.
    pub async fn purge(&self) -> Result<u64, TaskError> {
        if self.lab.is_dry { Ok(0) } else { self.outbox.purge().await }
    }

    /// Adds to the count of mails of a kind that came to this end.
    pub(super) fn count(&self, kind: &str, result: &str, by: u32) {
        if by > 0 {
            self.lab.cx.metric(MAILS, &[("kind", kind), ("result", result)], by.into());
        }
    }

    async fn deliver(&self, until: Timestamp) -> Result<Drained, TaskError> {
        let Some(carrier) = &self.carrier else { return Ok(Drained::default()) };
        let before = self.outbox.open().await?;
        let waiting = unsent(&before);
        let carrier = match carrier {
            Ok(carrier) if !self.lab.is_dry => carrier.as_ref(),
            Ok(_) => return Ok(Drained { waiting, ..Drained::default() }),
            Err(told) => {
                let problems = vec![format!("nothing can be mailed: {told}")];
                self.lab.cx.metric(MAIL_QUEUE, &[], waiting.into());
                return Ok(Drained { waiting, problems, ..Drained::default() });
            }
        };
        self.merge_copies(carrier, &before).await?;
        let began = self.lab.cx.now() - SLACK;
        let drained = self.outbox.clone().until(until).drain(carrier).await?;
        self.measure(before, began, carrier).await?;
        Ok(drained)
    }

    /// Tells what became of the mails that were open before.
    async fn measure(
        &self,
        before: Vec<(Uuid, Record)>,
        began: Timestamp,
        carrier: &dyn Transport,
    ) -> Result<(), TaskError> {
        let open = self.outbox.open().await?;
        let ended = self.outbox.ended_since(began).await?;
        let now: BTreeMap<Uuid, State> =
            open.iter().chain(&ended).map(|(id, record)| (*id, record.state)).collect();
        let mut counts = BTreeMap::<(String, &str), u32>::new();
        for (id, record) in before {
            if let Some(result) = now.get(&id).and_then(|state| result(record.state, *state)) {
                *counts.entry((record.kind, result)).or_default() += 1;
            }
        }
        for ((kind, result), count) in counts {
            self.count(&kind, result, count);
        }
        let Outlook { left, .. } = self.outbox.outlook(carrier).await?;
        let cx = &self.lab.cx;
        cx.metric(MAIL_QUEUE, &[], unsent(&open).into());
        cx.metric(MAIL_BUDGET, &[("window", "minute")], left.per_minute.into());
        cx.metric(MAIL_BUDGET, &[("window", "hour")], left.per_hour.into());
        Ok(())
    }
}

/// What a mail has come to on its way from one state to another, if that is worth counting.
fn result(from: State, to: State) -> Option<&'static str> {
    let is_new = matches!(from, State::Queued | State::Sending);
    match to {
        State::Accepted | State::Succeeded | State::Unconfirmed if is_new => Some("sent"),
        State::Failed => Some("failed"),
        State::Expired => Some("expired"),
        _ => None,
    }
}

fn unsent(open: &[(Uuid, Record)]) -> u32 {
    let unsent = open.iter().filter(|(_, record)| matches!(record.state, State::Queued | State::Sending));
    u32::try_from(unsent.count()).unwrap_or(u32::MAX)
}
