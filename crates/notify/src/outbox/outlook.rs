//! What is to be expected of the outbox: how much may still be sent, and when each mail has its turn if nothing comes between.
//! It sends nothing and changes nothing.

use roundsman_model::Timestamp;
use roundsman_task::TaskError;
use uuid::Uuid;

use super::{Outbox, Priority, State};
use crate::{Limits, Transport};

/// What is to be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How many mails may still be sent in this minute and this hour.
    pub left: Limits,
    /// The mails that wait for their turn and when they will probably have it, in that order.
    pub turns: Vec<(Uuid, Timestamp)>,
}

impl Outbox {
    /// What is to be expected, if each mail is taken at once when it has its turn.
    pub async fn outlook(&self, transport: &dyn Transport) -> Result<Outlook, TaskError> {
        let (now, limits) = (self.cx.now(), self.limits(transport));
        let (room, _) = self.room().await?;
        let left = room.sends.left(limits, now);
        let mut queued = self.open().await?;
        queued.retain(|(_, record)| record.state == State::Queued);
        queued.sort_by_key(|(id, record)| (record.priority, record.queued_at, *id));
        let (mut uses, mut at, mut turns) = (room.sends, now, Vec::new());
        for (id, record) in queued {
            let reserved = if record.priority == Priority::default() { 0 } else { self.policy.reserved };
            loop {
                let turn = uses.turn(limits, reserved, at);
                if turn <= at {
                    break;
                }
                at = turn;
            }
            uses.note(at);
            turns.push((id, at.max(record.next_at.unwrap_or(at))));
        }
        Ok(Outlook { left, turns })
    }

    pub(super) fn limits(&self, transport: &dyn Transport) -> Limits {
        self.policy.limits.unwrap_or_else(|| transport.limits())
    }
}
