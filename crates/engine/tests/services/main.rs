//! The engine's services on a real SQLite store, with a clock that stands still and an executor that starts nothing.

mod fakes;
mod firing;
mod rescuing;
mod running;
