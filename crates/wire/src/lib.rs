//! The words between daemon and worker: frames, their encoding, the handshake, and the [`Executor`] seam.
//!
//! It assumes neither shared memory nor a shared file system, and starts no process.

pub mod codec;
pub mod executor;
pub mod frame;
pub mod lease;

pub use codec::{
    CodecError, Decoder, MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, ProtocolMismatch, check_protocol, encode,
};
pub use executor::{
    AttemptOrder, AttemptReport, CancelReason, Executor, Host, MAX_QUESTIONS, RunningAttempt, StartError,
    Usage,
};
pub use frame::{Confinement, FromWorker, LogLine, LogStream, PROTOCOL, Purpose, Request, ToWorker};
pub use lease::{Lease, boot_time};
