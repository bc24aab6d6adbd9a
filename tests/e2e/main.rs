//! End-to-end tests: the real binary, real databases, real processes. Nothing here looks into a table.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]
#![expect(clippy::disallowed_methods, reason = "these tests start programs")]

mod after;
mod bad_input;
mod both;
mod budgets;
mod checks;
mod control;
mod databricks;
mod doctor;
mod fences;
mod first_start;
mod heirs;
mod house;
mod inputs;
mod interfere;
mod kind_folders;
mod leading;
mod leases;
mod lost_daemon;
mod marks;
mod metabase;
mod metrics;
mod one_shot;
mod plugins;
mod progress;
mod replaced;
mod rounds;
mod secrets;
mod store_away;
mod terminal;
mod vault;
