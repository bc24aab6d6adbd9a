//! The server as the kind uses it, against a simulated one over real HTTP, in virtual time.

#![expect(clippy::unwrap_used, reason = "tests")]

mod desk;
mod exports;
mod finding;
mod hostile;
mod logins;
mod manners;
mod paced;
mod paging;
mod promises;
mod ready;
mod strangers;
mod waits;
mod ways;
