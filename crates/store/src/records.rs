//! What goes into a store and comes out of it, one file per subject. The words inside are those of `model`; nothing here
//! asks a store.

mod checks;
mod facts;
mod firing;
mod house;
mod nodes;
mod reading;
mod requests;
mod running;
mod tasks;

pub use self::{
    checks::CheckRow,
    facts::StoreFacts,
    firing::{Extra, Fired, Firing, SlotFate, SlotToRun},
    house::{PruneCursor, PruneOrder, Pruned, RollUp},
    nodes::{Backend, Holder, Leader, NodeEntry, NodeRow},
    reading::{AttemptRow, LogChunk, RunFilter, TaskTotals},
    requests::{Control, Follow, HandedIn, NewRun, Requested, Round, Stopped},
    running::{
        Claimed, Claimer, Held, HeldBy, HeldRun, LeaseReply, RunLease, Settled, Settlement, Unstarted,
    },
    tasks::{Installation, Installed, PoolsAndBudgets, TaskRow, Wake},
};
