//! Durable truth: the [`Store`] trait and its two implementations, SQLite and Postgres, held to one conformance suite.
//!
//! It carries out transitions and tells what is recorded; it decides nothing that `model` decides, and reads no clock.

mod error;
mod store;

pub use error::{StoreError, StoreResult};
pub use store::{
    AttemptRow, Backend, Fired, Firing, HeldRun, Holder, LogChunk, NewRun, NodeEntry, NodeRow, Requested, RunFilter,
    RunLease, Settled, Settlement, SlotFate, SlotToRun, Store, TaskRow, TaskTotals,
};
