//! Mails through the simulated service and through a real mail server. What mails say is nobody's matter here.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod crashes;
mod delivery;
mod faults;
mod limits;
mod outlook;
mod recipients;
mod records;
mod secrets;
mod smtp;
mod stage;
