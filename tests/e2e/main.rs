//! End-to-end tests: the real binary, real databases, real processes. Nothing here looks into a table.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]
#![expect(clippy::disallowed_methods, reason = "these tests start programs")]

mod bad_input;
mod both;
mod first_start;
mod interfere;
mod lost_daemon;
mod metrics;
mod one_shot;
mod replaced;
mod rounds;
mod store_away;
mod terminal;
