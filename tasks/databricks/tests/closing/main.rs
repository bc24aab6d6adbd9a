//! The kind `databricks-end-of-day`, and days that polls close, against a simulated workspace and mail service over HTTP, on
//! virtual time. How polls measure and stop is not tested here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod asked;
mod cuts;
mod faults;
mod legacy;
mod midnight;
mod night;
mod outage;
mod purge;
mod report;
#[path = "../quota/stage.rs"]
mod stage;
mod sums;
