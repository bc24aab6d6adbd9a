//! Mails of a lab, from what they are about to what the simulated service and a real mail server take. What makes them
//! necessary is nobody's matter here.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod busy;
mod crashes;
mod golden;
mod incidents;
mod people;
mod servers;
mod stage;
mod templates;
mod trial;
mod troubles;
