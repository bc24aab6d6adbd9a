//! The engine's services on a real SQLite store, with a clock that stands still and an executor that starts nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod answering;
mod fakes;
mod firing;
mod rescuing;
mod running;
