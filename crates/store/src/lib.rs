//! Durable truth: the [`Store`] trait and its two implementations, SQLite and Postgres, held to one conformance suite.
//!
//! It carries out transitions and tells what is recorded; it decides nothing that `model` decides, and reads no clock.
//! What a store does is in `commands`, once for both databases; `sqlite` and `postgres` are the ways to run it there.

mod access;
mod commands;
mod database;
mod error;
mod migration;
mod open;
mod pool;
mod postgres;
mod records;
mod sql;
mod sqlite;
mod store;
mod transfer;
mod trouble;
mod url;

pub use error::{StoreError, StoreResult};
pub use open::{
    DEFAULT_CONNECTIONS, DEFAULT_TIME_LIMIT, MigrationReport, OpenOptions, Role, is_unused, migrate, open,
    open_url,
};
pub use records::{
    AttemptRow, Backend, CheckRow, Claimed, Claimer, Control, Extra, Fired, Firing, Follow, HandedIn, Held,
    HeldBy, HeldRun, Holder, Installation, Installed, Leader, LeaseReply, LogChunk, NewRun, NodeEntry,
    NodeRow, PoolsAndBudgets, PruneCursor, PruneOrder, Pruned, Requested, RollUp, Round, RunFilter, RunLease,
    Settled, Settlement, SlotFate, SlotToRun, Stopped, StoreFacts, TaskRow, TaskTotals, Unstarted, Wake,
};
pub use store::Store;
pub use url::StoreUrl;
