//! The daemon's side of a worker on this host: it starts it, carries its frames, keeps its limits and ends its whole
//! tree. It knows no store, no schedule and no retry.

mod abilities;
mod attempt;
mod calls;
mod cgroup;
mod child;
mod clock;
mod conclude;
mod environment;
mod executor;
mod link;
mod output;
mod spawn;
mod sweep;
mod tree;
mod workdir;

use std::io;

pub use abilities::abilities;
pub use clock::{ClockTrust, clock_trust};
pub use environment::hide_environment;
pub use executor::{Config, ProcessExecutor};
use rustix::process::{DumpableBehavior, getpid, set_child_subreaper, set_dumpable_behavior};

/// Makes this process fit to be the parent of workers: what a worker leaves behind becomes its child and is ended and
/// reaped by the executor, and nobody of the same user can read its memory. To be called once, early, by every process
/// that runs a [`ProcessExecutor`]. Its own children (in its own session) are not touched.
pub fn prepare_daemon() -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
