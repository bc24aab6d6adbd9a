//! Notebooks of a simulated workspace are saved on a real disk and put back. No kind is at work here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod again;
mod arriving;
mod ends;
mod naming;
mod restoring;
mod saving;
mod stage;
