//! Asking what became of mails: of those of which nobody knows whether they were taken, and once of those that were. It sends
//! none.

use std::time::Duration;

use roundsman_model::{Timestamp, time::delta};
use roundsman_task::TaskError;

use super::{Drain, FIRST_PAUSE, LONGEST_PAUSE, Open, WITHIN, hold, write::Written};
use crate::{
    Fault, SendError, Status,
    outbox::{Record, State},
};

/// So long after a mail was tried whoever tried it has certainly come to an end with it.
const IN_FLIGHT: Duration = Duration::from_secs(2 * WITHIN.as_secs() + 60);
/// How long a mail that was handed over waits for a question within the limits.
const ASKED_WITHIN: Duration = Duration::from_hours(1);

impl Drain<'_> {
    /// After a crash, or an answer that never came: was it taken? Says whether the mail is to be sent.
    pub(super) async fn clear_up(&mut self, open: &mut Open) -> Result<bool, TaskError> {
        let due = self.settled_at(&open.record);
        if due > self.now() {
            self.waits(due);
            return Ok(false);
        }
        open.record.next_at = None;
        let Some(limits) = self.questions else {
            // Better twice than never.
            return self.keep(open, State::Queued).await;
        };
        let now = self.now();
        let turn = self.room.questions.turn(limits, 0, now);
        if turn > now {
            self.waits(turn);
            return Ok(false);
        }
        if self.within().is_none() {
            self.waits_for_another_run();
            return Ok(false);
        }
        self.change_room(|room| room.questions.note(now)).await?;
        match self.ask(open).await? {
            Ok(Some(status)) => {
                self.drained.sent += 1;
                self.note_status(open, status).await?;
                Ok(false)
            }
            Ok(None) => self.keep(open, State::Queued).await,
            Err(error) => self.still_unsure(open, error).await.map(|()| false),
        }
    }

    /// When nobody hands the mail over any more.
    fn settled_at(&self, record: &Record) -> Timestamp {
        let (now, attempt) = (self.now(), self.outbox.cx.attempt());
        let earlier = |run, number| run == attempt.run && number < attempt.number;
        match (record.next_at, record.tried_at) {
            (Some(next), _) => next.min(now + delta(LONGEST_PAUSE)),
            // Of one run there is only ever one attempt.
            _ if record.by.is_some_and(|by| earlier(by.run, by.attempt)) => now,
            // Tried by a clock that went wrong.
            (None, Some(tried)) if tried > now + delta(WITHIN) => now,
            (None, Some(tried)) => tried + delta(IN_FLIGHT),
            (None, None) => now,
        }
    }

    async fn still_unsure(&mut self, open: &mut Open, error: SendError) -> Result<(), TaskError> {
        let now = self.now();
        let told = format!("what became of a mail ({}) is not known yet: {error}", open.record.kind);
        self.drained.problems.push(told);
        if open.record.expires_at <= now {
            // It would not be sent again.
            return self.end(open, State::Unconfirmed, Some(error.told)).await;
        }
        // As long as it is open already, so that pauses double.
        let open_for = now - open.record.tried_at.unwrap_or(now);
        let next = now + open_for.clamp(delta(FIRST_PAUSE), delta(LONGEST_PAUSE));
        (open.record.next_at, open.record.error) = (Some(next), Some(error.told));
        if self.keep(open, State::Sending).await? {
            self.waits(next);
        }
        Ok(())
    }

    /// Asks once what became of a mail that was handed over, where there is room for the question.
    pub(super) async fn ask_after(&mut self, open: &mut Open) -> Result<(), TaskError> {
        let Some(limits) = self.questions.filter(|_| !open.record.asked) else {
            return self.end(open, State::Unconfirmed, None).await;
        };
        let due = open.record.next_at.or(open.record.handed_at).unwrap_or(open.record.queued_at);
        // A part of the room is kept for mails of which nobody knows whether they were taken.
        let reserved = limits.per_hour / 4;
        open.record.asked = true;
        loop {
            let now = self.now();
            let turn = self.room.questions.turn(limits, reserved, now);
            match (now >= due, turn <= now && self.within().is_some()) {
                (true, true) => {}
                (true, false) if now >= due + delta(ASKED_WITHIN) => {
                    return self.end(open, State::Unconfirmed, None).await;
                }
                _ => return Ok(()),
            }
            let mut room = self.room.clone();
            room.questions.note(now);
            match self.put(open, Some(room)).await? {
                Written::Done => break,
                Written::Theirs => return Ok(()),
                Written::RoomChanged => {}
            }
        }
        match self.ask(open).await? {
            Ok(Some(Status::Pending) | None) => self.end(open, State::Unconfirmed, None).await,
            Ok(Some(status)) => self.note_status(open, status).await,
            Err(error) => self.end(open, State::Unconfirmed, Some(error.told)).await,
        }
    }

    /// Asks. A failure may stop all further questions for a while.
    async fn ask(&mut self, open: &Open) -> Result<Result<Option<Status>, SendError>, TaskError> {
        let within = self.within().unwrap_or_default();
        let asked = tokio::time::timeout(within, self.transport.status(open.id)).await;
        let asked = asked.unwrap_or_else(|_| {
            Err(SendError::new(Fault::Away, &format!("no answer within {} s", within.as_secs())))
        });
        if let Err(error) = &asked {
            let now = self.now();
            // Where one question hangs or breaks, so will the next.
            let usual = now + delta(Duration::from_mins(1));
            let until = hold(error, now).unwrap_or(usual);
            let unusable = error.fault == Fault::Unusable;
            self.change_room(|room| {
                room.questions.hold(until, now);
                if unusable {
                    room.sends.hold(until, now);
                }
            })
            .await?;
        }
        Ok(asked)
    }

    /// Notes what became of a mail.
    async fn note_status(&mut self, open: &mut Open, status: Status) -> Result<(), TaskError> {
        match status {
            Status::Pending => {
                let now = self.now();
                open.record.handed_at = Some(now);
                open.record.next_at = Some(now + delta(self.outbox.policy.confirm_after));
                self.keep(open, State::Accepted).await.map(drop)
            }
            Status::Delivered => self.end(open, State::Succeeded, None).await,
            Status::Failed { cause } => {
                let told = format!("a mail ({}) was given up: {cause}", open.record.kind);
                self.drained.problems.push(told);
                self.end(open, State::Failed, Some(cause)).await
            }
        }
    }
}
