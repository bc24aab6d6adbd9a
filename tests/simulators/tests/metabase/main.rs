//! The simulated Metabase over HTTP, through clients that know nothing: what it promises to the tests of exports.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod caller;
mod catalog;
mod damage;
mod endings;
mod exports;
mod login;
mod parameters;
mod program;
mod queries;
mod requests;
mod start;
