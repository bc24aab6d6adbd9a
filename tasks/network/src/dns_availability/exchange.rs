//! What came of asking one server one question: the reply or why there is none, and what happened on the way.
//! It judges nothing.

use std::{cell::Cell, io, time::Duration};

use hickory_proto::{op::Message, rr::Record};

use super::{
    rcode::Rcode,
    wire::{ExtendedError, extended_errors},
    written::Transport,
};

/// A question asked to its end.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) result: Result<Reply, Failure>,
    pub(super) trace: Trace,
}

/// An answer that belongs to the question.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) rcode: Rcode,
    pub(super) authoritative: bool,
    pub(super) recursion_available: bool,
    pub(super) answers: Vec<Record>,
    pub(super) extended_errors: Vec<ExtendedError>,
    pub(super) latency: Duration,
    pub(super) via: Transport,
}

impl Reply {
    pub(super) fn new(message: Message, latency: Duration, via: Transport) -> Self {
        Self {
            rcode: Rcode(u16::from(message.metadata.response_code)),
            authoritative: message.metadata.authoritative,
            recursion_available: message.metadata.recursion_available,
            extended_errors: extended_errors(&message),
            answers: message.answers,
            latency,
            via,
        }
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("no answer within {} to {attempts} attempts", humantime(.timeout))]
    Timeout { timeout: Duration, attempts: u32 },
    #[error("nothing listens there (connection refused)")]
    Refused,
    #[error("it cannot be reached ({0})")]
    Unreachable(String),
    #[error("it closed the connection without an answer")]
    Closed,
    #[error("its answer cannot be read")]
    Malformed,
    #[error("its answer over UDP is truncated, and over TCP {0}")]
    TcpFallback(Box<Failure>),
}

fn humantime(duration: &Duration) -> String {
    roundsman_task::HumanDuration(*duration).to_string()
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Self::Closed
            }
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

/// What happened on the way. Cells, because several listeners of one question count at once, in one task.
#[derive(Debug, Default, Clone)]
pub(super) struct Trace {
    /// Attempts made.
    pub(super) sent: Cell<u32>,
    /// Attempts without an answer that were given up before another was answered.
    pub(super) lost: Cell<u32>,
    /// Packets that did not answer the question.
    pub(super) spoof_suspects: Cell<u32>,
    /// Answers that could not be read.
    pub(super) malformed: Cell<u32>,
    /// Whether the answer came only without EDNS.
    pub(super) edns_broken: Cell<bool>,
    /// Whether the UDP answer was cut.
    pub(super) truncated: Cell<bool>,
}

impl Trace {
    /// The part of the attempts that got lost.
    pub(super) fn loss_ratio(&self, answered: bool) -> f64 {
        let (lost, answered) = (f64::from(self.lost.get()), f64::from(u8::from(answered)));
        if lost + answered == 0.0 { 0.0 } else { lost / (lost + answered) }
    }
}

/// One more.
pub(super) fn count(cell: &Cell<u32>) {
    cell.set(cell.get().saturating_add(1));
}
