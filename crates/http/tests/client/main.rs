//! The client against a server that says, byte for byte, what the test gave it. No outside system is spoken to.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod answers;
mod limits;
mod manners;
mod reports;
mod server;
mod tokens;
mod tries;
