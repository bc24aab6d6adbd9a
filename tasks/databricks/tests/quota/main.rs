//! The kind `databricks-quota` against a simulated workspace and mail service over HTTP, on virtual time: whole days pass in
//! moments.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod clocks;
mod costs;
mod cuts;
mod days;
mod faults;
mod found;
mod large;
mod limits;
mod stage;
