//! Blocks, terminations and releases against a simulated workspace that fails on command. What leads to them is decided by
//! the tests.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod action;
mod any_sequence;
mod blocking;
mod cuts;
mod faults;
mod many;
#[path = "../quota/stage.rs"]
mod poll_stage;
mod polled;
mod releasing;
mod stage;
mod stopping;
