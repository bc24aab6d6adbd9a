//! Emptying the outbox: one open mail after the other, the most important ones first. A mail that fails is no failure of the
//! kind, and what is done about one mail is told elsewhere.

mod ask;
mod send;
mod write;

use std::time::Duration;

use roundsman_model::{Timestamp, time::delta};
use roundsman_task::TaskError;
use uuid::Uuid;

use super::{OPEN, Outbox, Record, State, room::Room};
use crate::{Fault, Limits, SendError, Transport};

/// How long one request may take.
const WITHIN: Duration = Duration::from_mins(2);
/// What is left of the attempt's time when no further request is begun.
const RESERVE: Duration = Duration::from_secs(15);

/// The pause after a first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
/// The longest pause that is our own choice.
const LONGEST_PAUSE: Duration = Duration::from_mins(30);

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// Mails handed over.
    pub sent: u32,
    /// Mails given up.
    pub failed: u32,
    /// Mails whose time was over.
    pub expired: u32,
    /// Mails that are not handed over yet, as far as is known.
    pub waiting: u32,
    /// When the next of them has its turn.
    pub next_at: Option<Timestamp>,
    /// What a person should know, without addresses.
    pub problems: Vec<String>,
}

/// A mail at hand, with the version of its document.
struct Open {
    id: Uuid,
    record: Record,
    version: i64,
}

/// One emptying.
struct Drain<'a> {
    outbox: &'a Outbox,
    transport: &'a dyn Transport,
    limits: Limits,
    questions: Option<Limits>,
    room: Room,
    room_version: Option<i64>,
    /// Mails of which nobody knows whether they were taken.
    unsure: u32,
    drained: Drained,
}

impl Outbox {
    /// Sends what has its turn. Only documents that cannot be reached, or an attempt that is to stop, end it with an error. A
    /// dry run sends nothing.
    pub async fn drain(&self, transport: &dyn Transport) -> Result<Drained, TaskError> {
        self.drain_those(transport, |_| true).await
    }

    /// The same for one mail alone.
    pub async fn drain_only(&self, id: Uuid, transport: &dyn Transport) -> Result<Drained, TaskError> {
        self.drain_those(transport, |own| own == id).await
    }

    async fn drain_those(
        &self,
        transport: &dyn Transport,
        wanted: impl Fn(Uuid) -> bool,
    ) -> Result<Drained, TaskError> {
        let found = self.all(OPEN, None).await?;
        let mut drained = Drained::default();
        if found.unreadable > 0 {
            drained.problems.push(format!("{} mails cannot be read; they stay", found.unreadable));
        }
        let open = found.records.into_iter().filter(|(id, ..)| wanted(*id));
        let mut open: Vec<_> = open.map(|(id, record, version)| Open { id, record, version }).collect();
        if self.cx.dry_run() {
            drained.waiting = open.iter().filter(|open| open.record.state != State::Accepted).count() as u32;
            return Ok(drained);
        }
        if open.is_empty() {
            return Ok(drained);
        }
        open.sort_by_key(|open| (open.record.priority, open.record.queued_at, open.id));
        let (room, room_version) = self.room().await?;
        let limits = self.limits(transport);
        let questions = transport.questions().map(|usual| self.policy.questions.unwrap_or(usual));
        let drain =
            Drain { outbox: self, transport, limits, questions, room, room_version, unsure: 0, drained };
        drain.all(open).await
    }
}

impl Drain<'_> {
    async fn all(mut self, open: Vec<Open>) -> Result<Drained, TaskError> {
        for open in open {
            if self.outbox.cx.is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            let mut next = Some(open);
            while let Some(open) = next {
                next = self.one(open).await?;
            }
        }
        Ok(self.drained)
    }

    /// Does what is to be done about a mail now. Returns the one that comes in its place, if one does.
    async fn one(&mut self, mut open: Open) -> Result<Option<Open>, TaskError> {
        let ours = match open.record.state {
            State::Queued => true,
            State::Sending => self.clear_up(&mut open).await?,
            State::Accepted => {
                self.ask_after(&mut open).await?;
                false
            }
            ended @ (State::Succeeded | State::Failed | State::Expired | State::Unconfirmed) => {
                self.end(&mut open, ended, None).await?;
                false
            }
        };
        if ours { self.take_turn(open).await } else { Ok(None) }
    }

    fn now(&self) -> Timestamp {
        self.outbox.cx.now()
    }

    /// How long a request may take; none if there is no time for another one.
    fn within(&self) -> Option<Duration> {
        let deadline = self.outbox.cx.deadline();
        let end = self.outbox.until.map_or(deadline, |until| until.min(deadline));
        let left = (end - self.now()).to_std().ok()?.checked_sub(RESERVE)?;
        Some(left.min(WITHIN)).filter(|left| !left.is_zero())
    }

    /// A mail waits for this instant.
    fn waits(&mut self, until: Timestamp) {
        let next = self.drained.next_at.map_or(until, |known| known.min(until));
        (self.drained.waiting, self.drained.next_at) = (self.drained.waiting + 1, Some(next));
    }

    /// There is no time left to do anything about a mail.
    fn waits_for_another_run(&mut self) {
        const TOLD: &str = "the time of this run is used up; mails wait for the next one";
        if !self.drained.problems.iter().any(|told| told == TOLD) {
            self.drained.problems.push(TOLD.to_owned());
        }
        self.waits(self.now());
    }
}

/// The pause after so many failures.
fn pause(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(8)).min(LONGEST_PAUSE)
}

/// How long all others wait because of one failure, if they do.
fn hold(error: &SendError, now: Timestamp) -> Option<Timestamp> {
    let usual = match error.fault {
        Fault::Throttled | Fault::Away => Some(Duration::from_mins(1)),
        Fault::Unusable => Some(Duration::from_mins(15)),
        Fault::Later | Fault::Unsure | Fault::Refused => None,
    };
    match (error.fault, error.not_before) {
        // What the other side says counts, and an instant that is over means at once.
        (Fault::Throttled, Some(said)) => Some(said.max(now + delta(Duration::from_secs(1)))),
        (_, said) => said.max(usual.map(|usual| now + delta(usual))),
    }
}
