//! What goes wrong with a body on its way: where, and how. It is carried out by the simulators that stream; the others send
//! their bodies whole.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

/// A place in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Behind so many bytes of the body as it is sent: packed, if it is packed. 0 is before the first one.
    Byte(u64),
    /// Behind so many whole rows. In a workbook, which has no rows on the wire, its middle.
    Row(u64),
    /// In the middle of the row that follows so many whole ones.
    InRow(u64),
    /// Within the quotes of the first row with quotes that follows so many whole ones.
    InQuotes(u64),
    /// Behind all rows, where the body would end: before the `]` of JSON, behind a workbook.
    End,
}

/// How a body ends that ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As if all were well, but a packed body has no trailer: a server's own time limit does that.
    Clean,
    /// The connection is closed: no last chunk, less than `Content-Length`.
    Closed,
    /// The connection is closed in the middle of a chunk.
    MidChunk,
    /// The connection is reset.
    Reset,
}

/// How long nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// So long on the clock on the wall.
    For(Duration),
    /// Until the simulator's clock has gone on by so much.
    OnItsClock(Duration),
    /// Until `FaultHandle::release`.
    UntilReleased,
}

/// One thing that goes wrong with a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Damage {
    /// It ends there.
    End(At, Ending),
    /// There stands this text, and then the body ends as it should: errors that come late look like that.
    Document(At, String),
    /// Nothing comes for a while.
    Stall(At, Stall),
    /// The byte at this place of the body as it is sent is another one; negative numbers count from its end.
    Flip(i64),
    /// A packed body has no trailer.
    NoTrailer,
    /// Its check sum is wrong.
    WrongSum,
    /// So many bytes at a time, with a pause after each.
    Slow(usize, Duration),
    /// Another `Content-Type`.
    ContentType(String),
    /// Another status.
    Status(u16),
    /// It is not packed although that was asked for.
    NotPacked,
    /// Packed anew by something on the way that asks the server for nothing: several members, one after the other.
    Members(usize),
    /// `Content-Length` instead of chunks, and it says so many bytes more than come.
    TooLong(u64),
}

impl Damage {
    /// An error's document at a place.
    pub fn document(at: At, document: &Value) -> Self {
        Self::Document(at, document.to_string())
    }
}

/// Where bodies wait that stall until they are released, and how many did.
pub(crate) struct Gate {
    released: watch::Sender<bool>,
    waiting: watch::Sender<u32>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { released: watch::Sender::new(false), waiting: watch::Sender::new(0) }
    }
}

impl Gate {
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    pub(crate) async fn reached(&self, bodies: u32) {
        drop(self.waiting.subscribe().wait_for(|waiting| *waiting >= bodies).await);
    }

    /// Counts a body that stalls here.
    pub(crate) fn enter(&self) {
        self.waiting.send_modify(|waiting| *waiting += 1);
    }

    pub(crate) async fn opened(&self) {
        drop(self.released.subscribe().wait_for(|released| *released).await);
    }
}
