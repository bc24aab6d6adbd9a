//! The vendor's interface against a simulated workspace that fails on command. No kind is at work here.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod access;
mod clusters;
mod errors;
mod events;
mod files;
mod people;
mod preflight;
mod stage;
mod throttling;
