//! Courses in a simulated workspace that fails on command: plans, what comes of them, and what stays untouched. No kind is at
//! work here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod adoption;
mod convergence;
mod cuts;
mod existing;
mod libraries;
mod refusals;
mod removal;
mod stage;
mod strangers;
