//! Actions that list, measure and change clusters, against a simulated workspace. People and provisioning have tests of
//! their own.

#![expect(clippy::unwrap_used, reason = "a test ends with a panic")]

mod changes;
mod listings;
mod notebooks;
mod stage;
mod usage;
