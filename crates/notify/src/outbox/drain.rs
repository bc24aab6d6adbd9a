//! Emptying the outbox: what a crash left is cleared up, what is too late expires, what has its turn is sent, what was sent
//! is asked after. A mail that fails is no failure of the kind.

use std::time::Duration;

use roundsman_model::{DocumentError, DocumentWrite, Timestamp, time::delta};
use roundsman_task::TaskError;
use uuid::Uuid;

use super::{
    ENDED, OPEN, Outbox, Record, State,
    room::{ASKED, Room, TRIED},
    second, to_value,
};
use crate::{Fault, SendError, Status, Transport};

/// The pause after a mail was not taken; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_mins(30);
/// How long nothing is sent when a person has to mend something.
const UNUSABLE_FOR: Duration = Duration::from_mins(15);

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// Mails handed over.
    pub sent: u32,
    /// Mails given up.
    pub failed: u32,
    /// Mails whose time was over.
    pub expired: u32,
    /// Mails that wait.
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

impl Outbox {
    /// Sends what has its turn. Only documents that cannot be reached, or an attempt that is to stop, end it with an error.
    pub async fn drain(&self, transport: &dyn Transport) -> Result<Drained, TaskError> {
        let mut drained = Drained::default();
        let open = self.all(OPEN, None).await?;
        let mut open: Vec<Open> =
            open.into_iter().map(|(id, record, version)| Open { id, record, version }).collect();
        open.sort_by_key(|open| (open.record.priority, open.record.queued_at, open.id));
        let mut room = self.room(self.policy.limits.unwrap_or_else(|| transport.limits())).await?;
        for open in &mut open {
            if self.cx.is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            match open.record.state {
                State::Sending => self.clear_up(open, transport, &mut drained).await?,
                State::Accepted => self.ask_after(open, transport, &mut drained).await?,
                _ => {}
            }
            if open.record.state == State::Queued {
                self.take_turn(open, transport, &mut room, &mut drained).await?;
            }
        }
        Ok(drained)
    }

    /// After a crash, or an answer that never came: was it taken?
    async fn clear_up(
        &self,
        open: &mut Open,
        transport: &dyn Transport,
        drained: &mut Drained,
    ) -> Result<(), TaskError> {
        if !transport.tells_status() {
            // Better twice than never.
            return self.keep(open, State::Queued, None).await;
        }
        match transport.status(open.id).await {
            Ok(Some(status)) => {
                drained.sent += 1;
                self.note_status(open, status, drained).await
            }
            Ok(None) => self.keep(open, State::Queued, None).await,
            Err(error) => {
                drained
                    .problems
                    .push(format!("what became of a mail ({}) is not known yet: {error}", open.record.kind));
                drained.waiting += 1;
                Ok(())
            }
        }
    }

    /// Asks once what became of a mail that was handed over.
    async fn ask_after(
        &self,
        open: &mut Open,
        transport: &dyn Transport,
        drained: &mut Drained,
    ) -> Result<(), TaskError> {
        let now = self.cx.now();
        let due = open.record.handed_at.unwrap_or(now) + delta(self.policy.confirm_after);
        if now < due || self.noted(ASKED).await?.len() >= self.policy.confirm_per_hour as usize {
            if now >= due + delta(Duration::from_hours(1)) {
                return self.end(open, State::Unconfirmed, None, drained).await;
            }
            return Ok(());
        }
        self.documents.batch(vec![Self::note(ASKED, open.id, now)]).await?;
        match transport.status(open.id).await {
            Ok(Some(Status::Pending) | None) => self.end(open, State::Unconfirmed, None, drained).await,
            Ok(Some(status)) => self.note_status(open, status, drained).await,
            Err(error) => self.end(open, State::Unconfirmed, Some(error.told), drained).await,
        }
    }

    async fn note_status(
        &self,
        open: &mut Open,
        status: Status,
        drained: &mut Drained,
    ) -> Result<(), TaskError> {
        match status {
            Status::Pending => {
                open.record.handed_at.get_or_insert(self.cx.now());
                self.keep(open, State::Accepted, None).await
            }
            Status::Delivered => self.end(open, State::Succeeded, None, drained).await,
            Status::Failed { cause } => self.end(open, State::Failed, Some(cause), drained).await,
        }
    }

    /// Sends a mail if it is its turn.
    async fn take_turn(
        &self,
        open: &mut Open,
        transport: &dyn Transport,
        room: &mut Room,
        drained: &mut Drained,
    ) -> Result<(), TaskError> {
        let now = self.cx.now();
        if open.record.expires_at <= now {
            return self.end(open, State::Expired, None, drained).await;
        }
        let turn = room.turn(open.record.priority, now).max(open.record.next_at.unwrap_or(now));
        if turn > now {
            drained.waiting += 1;
            drained.next_at = Some(drained.next_at.map_or(turn, |known| known.min(turn)));
            return Ok(());
        }
        room.note(now);
        open.record.attempts += 1;
        open.record.state = State::Sending;
        let tried = Self::note(TRIED, open.id, now);
        // Durable before the first byte leaves.
        self.write(open, vec![tried]).await?;
        match transport.send(open.id, &open.record.mail).await {
            Ok(()) => {
                drained.sent += 1;
                open.record.handed_at = Some(self.cx.now());
                let state = if transport.tells_status() { State::Accepted } else { State::Succeeded };
                if state.is_end() {
                    self.end(open, state, None, drained).await
                } else {
                    self.keep(open, state, None).await
                }
            }
            Err(error) => self.not_sent(open, error, room, drained).await,
        }
    }

    async fn not_sent(
        &self,
        open: &mut Open,
        error: SendError,
        room: &mut Room,
        drained: &mut Drained,
    ) -> Result<(), TaskError> {
        let now = self.cx.now();
        drained.problems.push(format!("a mail ({}) was not sent: {}", open.record.kind, error.told));
        let hold = match error.fault {
            Fault::Refused => return self.end(open, State::Failed, Some(error.told), drained).await,
            Fault::Unsure => {
                // It stays as it is; the next time it is asked after.
                drained.waiting += 1;
                open.record.error = Some(error.told);
                return self.write(open, Vec::new()).await;
            }
            Fault::NotBefore(until) => Some(until),
            Fault::Unusable => Some(now + delta(UNUSABLE_FOR)),
            Fault::Later => None,
        };
        if let Some(until) = hold {
            room.hold(until);
            self.keep_hold(until).await?;
        } else {
            open.record.next_at = Some(now + delta(pause(open.record.attempts)));
        }
        let next = hold.or(open.record.next_at);
        drained.waiting += 1;
        drained.next_at = [drained.next_at, next].into_iter().flatten().min();
        self.keep(open, State::Queued, Some(error.told)).await
    }

    /// The mail stays, in this state.
    async fn keep(&self, open: &mut Open, state: State, error: Option<String>) -> Result<(), TaskError> {
        open.record.state = state;
        open.record.error = error.or(open.record.error.take());
        self.write(open, Vec::new()).await
    }

    async fn write(&self, open: &mut Open, also: Vec<DocumentWrite>) -> Result<(), TaskError> {
        let put = DocumentWrite::Put {
            key: format!("{OPEN}{}", open.id),
            value: to_value(&open.record),
            if_version: Some(open.version),
        };
        let versions = self.documents.batch(std::iter::once(put).chain(also).collect()).await;
        open.version = versions.map_err(of_documents)?.first().copied().unwrap_or_default();
        Ok(())
    }

    /// Nothing more is done about the mail.
    async fn end(
        &self,
        open: &mut Open,
        state: State,
        error: Option<String>,
        drained: &mut Drained,
    ) -> Result<(), TaskError> {
        let now = self.cx.now();
        match state {
            State::Failed => drained.failed += 1,
            State::Expired => drained.expired += 1,
            _ => {}
        }
        open.record.state = state;
        open.record.error = error;
        open.record.ended_at = Some(now);
        let writes = vec![
            DocumentWrite::Delete { key: format!("{OPEN}{}", open.id), if_version: Some(open.version) },
            DocumentWrite::Put {
                key: format!("{ENDED}{}/{}", second(now), open.id),
                value: to_value(&open.record),
                if_version: None,
            },
        ];
        self.documents.batch(writes).await.map_err(of_documents)?;
        Ok(())
    }
}

/// Somebody else empties the same outbox: they go on with it.
fn of_documents(error: DocumentError) -> TaskError {
    match error {
        DocumentError::Conflict { .. } => TaskError::retry("the outbox is being emptied by another run"),
        other => other.into(),
    }
}

fn pause(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(8)).min(LONGEST_PAUSE)
}
