//! End-to-end tests: the real binary, real databases, real processes. Nothing here looks into a table.

mod bad_input;
mod both;
mod first_start;
mod interfere;
mod lost_daemon;
mod metrics;
mod one_shot;
mod replaced;
mod rounds;
mod terminal;
