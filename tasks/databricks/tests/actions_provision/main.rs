//! Courses as people work with them: files handed in, plans shown and agreed to, applied, ended in the middle and taken away
//! again, all through actions against a simulated workspace. The steps of plans are looked at in the tests of provisioning.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod convergence;
mod courses;
mod cuts;
mod destroying;
mod refusals;
mod stage;
