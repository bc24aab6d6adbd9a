//! The engine's services on a real SQLite store, with a clock that stands still and an executor that starts nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod answering;
mod catching_up;
mod control;
mod covering;
mod dispatching;
mod examining;
mod expiring;
mod fakes;
mod faulty;
mod firing;
mod following;
mod inputs;
mod leading;
mod leases;
mod pruning;
mod reloading;
mod rescuing;
mod results;
mod running;
mod sharing;
mod stage;
mod steps;
mod stopping;
