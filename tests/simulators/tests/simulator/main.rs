//! The simulators over HTTP, through a client that knows nothing: what they promise to the tests of kinds.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod caller;
mod changes;
mod events;
mod faults;
mod files;
mod libraries;
mod lists;
mod login;
mod mail;
mod program;
mod scenarios;
mod scim;
