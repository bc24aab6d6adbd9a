//! Handing a mail over when it is its turn, and what follows when that fails. Whether an earlier try went well is asked elsewhere.

use std::time::Duration;

use roundsman_model::{DocumentWrite, time::delta};
use roundsman_task::TaskError;
use uuid::Uuid;

use super::{Drain, LONGEST_PAUSE, Open, hold, pause, write::Written};
use crate::{
    Fault, Handed, Priority, SendError,
    outbox::{Holder, ONCE, OPEN, Record, State, to_value},
};

/// After so many mails of which nobody knows whether they were taken, the others wait.
const MOST_UNSURE: u32 = 2;
/// How long.
const UNSURE_FOR: Duration = Duration::from_mins(1);

impl Drain<'_> {
    /// Sends a mail if it is its turn. Returns the one that comes in its place, if one does.
    pub(super) async fn take_turn(&mut self, mut open: Open) -> Result<Option<Open>, TaskError> {
        if !self.begin(&mut open).await? {
            return Ok(None);
        }
        let within = self.within().unwrap_or_default();
        let sent = tokio::time::timeout(within, self.transport.send(open.id, &open.record.mail)).await;
        match sent {
            Ok(Ok(handed)) => self.sent(&mut open, handed).await.map(|()| None),
            Ok(Err(error)) => self.not_sent(open, error).await,
            Err(_) => {
                let told = format!("no answer within {} s", within.as_secs());
                self.not_sent(open, SendError::new(Fault::Unsure, &told)).await
            }
        }
    }

    /// Makes it durable that the mail is being handed over, before the first byte leaves; if it is its turn.
    async fn begin(&mut self, open: &mut Open) -> Result<bool, TaskError> {
        let attempt = self.outbox.cx.attempt();
        let by = Holder { run: attempt.run, attempt: attempt.number };
        let waiting = open.record.clone();
        loop {
            let now = self.now();
            if waiting.expires_at <= now {
                return self.end(open, State::Expired, None).await.map(|()| false);
            }
            let own = waiting.next_at.map_or(now, |next| next.min(now + delta(LONGEST_PAUSE)));
            let turn = self.room.sends.turn(self.limits, self.reserved(waiting.priority), now).max(own);
            if turn > now {
                self.waits(turn);
                return Ok(false);
            }
            if self.within().is_none() {
                self.waits_for_another_run();
                return Ok(false);
            }
            let mut room = self.room.clone();
            room.sends.note(now);
            open.record = Record {
                state: State::Sending,
                attempts: waiting.attempts + 1,
                by: Some(by),
                tried_at: Some(now),
                next_at: None,
                ..waiting.clone()
            };
            match self.put(open, Some(room)).await? {
                Written::Done => return Ok(true),
                Written::Theirs => return Ok(false),
                Written::RoomChanged => open.record = waiting.clone(),
            }
        }
    }

    fn reserved(&self, priority: Priority) -> u32 {
        if priority == Priority::default() { 0 } else { self.outbox.policy.reserved }
    }

    async fn sent(&mut self, open: &mut Open, handed: Handed) -> Result<(), TaskError> {
        let now = self.now();
        self.drained.sent += 1;
        open.record.handed_at = Some(now);
        if self.questions.is_none() {
            return self.end(open, State::Succeeded, None).await;
        }
        let ask_after = self.outbox.policy.confirm_after.max(handed.ask_after.unwrap_or_default());
        open.record.next_at = Some(now + delta(ask_after));
        self.keep(open, State::Accepted).await.map(drop)
    }

    async fn not_sent(&mut self, mut open: Open, error: SendError) -> Result<Option<Open>, TaskError> {
        let now = self.now();
        let told = format!("a mail ({}) was not sent: {}", open.record.kind, error.told);
        self.drained.problems.push(told);
        if error.fault == Fault::Refused {
            return self.refused(open, error).await;
        }
        self.unsure += u32::from(error.fault == Fault::Unsure);
        let many = (self.unsure >= MOST_UNSURE).then(|| now + delta(UNSURE_FOR));
        let held = hold(&error, now).max(many);
        if let Some(until) = held {
            let unusable = error.fault == Fault::Unusable;
            // Before the mail itself: a crash in between must not lose it.
            self.change_room(|room| {
                room.sends.hold(until, now);
                if unusable {
                    room.questions.hold(until, now);
                }
            })
            .await?;
        }
        let paused = now + delta(pause(open.record.attempts));
        let (state, next_at) = match error.fault {
            // The next time it is asked after.
            Fault::Unsure => (State::Sending, Some(paused)),
            Fault::Later => (State::Queued, Some(paused)),
            _ => (State::Queued, None),
        };
        open.record.next_at = next_at;
        open.record.error = Some(error.told);
        if self.keep(&mut open, state).await? {
            self.waits(next_at.max(held).unwrap_or(now));
        }
        Ok(None)
    }

    /// The mail will never be taken. If that is because of some of its recipients, the others get it under an id of its own.
    async fn refused(&mut self, mut open: Open, error: SendError) -> Result<Option<Open>, TaskError> {
        let fewer = open.record.mail.without(&error.refused).filter(|_| open.record.instead_of.is_none());
        let Some(mail) = fewer else {
            return self.end(&mut open, State::Failed, Some(error.told)).await.map(|()| None);
        };
        let id = Uuid::new_v5(&open.id, b"without those who were refused");
        let record = Record {
            mail,
            state: State::Queued,
            attempts: 0,
            by: None,
            tried_at: None,
            next_at: None,
            instead_of: Some(open.id),
            error: None,
            ..open.record.clone()
        };
        let writes = vec![
            DocumentWrite::Insert { key: format!("{ONCE}{id}"), value: to_value(&self.now()) },
            DocumentWrite::Insert { key: format!("{OPEN}{id}"), value: to_value(&record) },
        ];
        let ours = self.end_with(&mut open, State::Failed, Some(error.told), writes).await?;
        Ok(ours.then_some(Open { id, record, version: 1 }))
    }
}
