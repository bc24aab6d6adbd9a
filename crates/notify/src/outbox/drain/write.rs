//! What is written while the outbox is emptied. Each write names the version it follows, so that of two who empty the same
//! outbox only one goes on with a mail. It asks nobody outside.

use roundsman_model::{DocumentError, DocumentWrite};
use roundsman_task::TaskError;

use super::{Drain, Open};
use crate::outbox::{OPEN, Outbox, State, ended_key, room::Room, to_value};

/// Where the room is kept.
const ROOM: &str = "room";

/// How a write ended.
pub(super) enum Written {
    /// It is durable.
    Done,
    /// Somebody else changed the mail, and goes on with it.
    Theirs,
    /// Somebody else used the room; it was read again.
    RoomChanged,
}

impl Outbox {
    /// The room, and the version of its document.
    pub(in crate::outbox) async fn room(&self) -> Result<(Room, Option<i64>), TaskError> {
        let Some(document) = self.documents.get(ROOM).await? else { return Ok((Room::default(), None)) };
        let room = serde_json::from_value(document.value).unwrap_or_else(|error| {
            tracing::error!("what was sent lately cannot be read, and is forgotten: {error}");
            Room::default()
        });
        Ok((room, Some(document.version)))
    }
}

impl Drain<'_> {
    /// Writes a mail's record, and with it what it uses of the room.
    pub(super) async fn put(&mut self, open: &mut Open, room: Option<Room>) -> Result<Written, TaskError> {
        let mut writes = vec![DocumentWrite::Put {
            key: format!("{OPEN}{}", open.id),
            value: to_value(&open.record),
            if_version: Some(open.version),
        }];
        writes.extend(room.as_ref().map(|room| self.room_write(room)));
        match self.outbox.documents.batch(writes).await {
            Ok(versions) => {
                open.version = versions.first().copied().unwrap_or_default();
                if let Some(room) = room {
                    (self.room, self.room_version) = (room, versions.get(1).copied());
                }
                Ok(Written::Done)
            }
            Err(DocumentError::Conflict { index: 0, .. }) => Ok(Written::Theirs),
            Err(DocumentError::Conflict { .. }) => {
                (self.room, self.room_version) = self.outbox.room().await?;
                Ok(Written::RoomChanged)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the room alone, whatever others do to it.
    pub(super) async fn change_room(&mut self, change: impl Fn(&mut Room)) -> Result<(), TaskError> {
        loop {
            let mut room = self.room.clone();
            change(&mut room);
            match self.outbox.documents.batch(vec![self.room_write(&room)]).await {
                Ok(versions) => {
                    (self.room, self.room_version) = (room, versions.first().copied());
                    return Ok(());
                }
                Err(DocumentError::Conflict { .. }) => {
                    (self.room, self.room_version) = self.outbox.room().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn room_write(&self, room: &Room) -> DocumentWrite {
        let (key, value) = (ROOM.to_owned(), to_value(room));
        match self.room_version {
            None => DocumentWrite::Insert { key, value },
            if_version => DocumentWrite::Put { key, value, if_version },
        }
    }

    /// The mail stays, in this state. Says whether it is still ours.
    pub(super) async fn keep(&mut self, open: &mut Open, state: State) -> Result<bool, TaskError> {
        open.record.state = state;
        Ok(matches!(self.put(open, None).await?, Written::Done))
    }

    /// Nothing more is done about the mail.
    pub(super) async fn end(
        &mut self,
        open: &mut Open,
        state: State,
        error: Option<String>,
    ) -> Result<(), TaskError> {
        self.end_with(open, state, error, Vec::new()).await.map(drop)
    }

    /// The same, together with other writes. Says whether the mail was still ours.
    pub(super) async fn end_with(
        &mut self,
        open: &mut Open,
        state: State,
        error: Option<String>,
        also: Vec<DocumentWrite>,
    ) -> Result<bool, TaskError> {
        let now = self.now();
        open.record.state = state;
        open.record.error = error.or(open.record.error.take());
        open.record.ended_at = Some(now);
        let mut writes = vec![
            DocumentWrite::Delete { key: format!("{OPEN}{}", open.id), if_version: Some(open.version) },
            DocumentWrite::Put {
                key: ended_key(now, open.id),
                value: to_value(&open.record),
                if_version: None,
            },
        ];
        writes.extend(also);
        match self.outbox.documents.batch(writes).await {
            Ok(_) => {}
            Err(DocumentError::Conflict { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        match state {
            State::Failed => self.drained.failed += 1,
            State::Expired => self.drained.expired += 1,
            _ => {}
        }
        Ok(true)
    }
}
