//! What a worker confines itself to once it knows its task, in the one order that works: limits, network, user, and the
//! rules about files last. It decides nothing: whether the host can enforce what is asked was judged before.

mod files;
mod ladder;
mod user;

use std::io;

use roundsman_model::{Enforce, Sandbox};
use roundsman_wire::Request;
use rustix::thread::{UnshareFlags, unshare_unsafe};

use self::files::Fences;
use crate::{isolation, limits};

/// Why a worker does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// A limit could not be set.
    #[error("the limits of the sandbox cannot be set")]
    Limits(#[source] io::Error),
    /// It could not become the user that was asked for.
    #[error(transparent)]
    User(#[from] user::UserError),
    /// So many processes are that user's already that the task could start none.
    #[error(
        "user {user} has {count} processes and threads already, and `processes` = {limit} counts all of that user: raise it, \
         or give the task a `user` that only it has"
    )]
    Crowded {
        /// The user.
        user: String,
        /// How many it has.
        count: u64,
        /// How many it may have.
        limit: u32,
    },
    /// The network could not be cut off.
    #[error("the network cannot be cut off")]
    Network(#[source] io::Error),
    /// The kernel refused the rules about files.
    #[error("the rules of the sandbox about files cannot be set")]
    Files(#[source] landlock::RulesetError),
    /// The daemon ended meanwhile.
    #[error("the daemon is gone")]
    Orphaned,
}

/// Confines this process for good. To be called while it has a single thread. Returns what a reader of the log should
/// know.
pub(crate) fn confine(request: &Request) -> Result<Vec<String>, Refusal> {
    let confinement = &request.confinement;
    let sandbox = &confinement.sandbox;
    let mut told = Vec::new();
    limits::set(sandbox, confinement.in_cgroup).map_err(Refusal::Limits)?;
    let mut tcp_too = false;
    if sandbox.network == Some(false)
        && let Err(source) = cut_off_network()
    {
        if sandbox.enforce == Enforce::Strict {
            return Err(Refusal::Network(source));
        }
        tcp_too = true;
    }
    // Made while this process may still look everywhere, enforced when it is who it shall be.
    let fences = Fences::build(request, tcp_too, &mut told).map_err(Refusal::Files)?;
    if let Some(name) = &confinement.user {
        match user::become_user(name)? {
            user::Change::Done => {
                isolation::renew_after_change_of_user().map_err(Refusal::Limits)?;
                if !isolation::has_parent(request.parent_pid) {
                    return Err(Refusal::Orphaned);
                }
                user::pass_to_work_dir(name)?;
                if !confinement.in_cgroup {
                    limit_processes(sandbox, name)?;
                }
            }
            user::Change::Unneeded => {}
            user::Change::Impossible(why) if sandbox.enforce == Enforce::Strict => {
                return Err(user::UserError::NotAllowed { name: name.clone(), why }.into());
            }
            user::Change::Impossible(why) => {
                told.push(format!("this does not run as {name:?}: {why}"));
            }
        }
    }
    fences.enforce().map_err(Refusal::Files)?;
    Ok(told)
}

/// Limits the processes of the user that this process is now. Where there is no room under the limit it is not set: then
/// not even this could be told any more.
fn limit_processes(sandbox: &Sandbox, user: &str) -> Result<(), Refusal> {
    let Some(limit) = sandbox.processes else { return Ok(()) };
    let count = limits::others_of_this_user();
    if count >= u64::from(limit) {
        return Err(Refusal::Crowded { user: user.to_owned(), count, limit });
    }
    limits::set_processes(sandbox).map_err(Refusal::Limits)
}

/// A network of its own in which there is nothing; not even the loopback is up.
fn cut_off_network() -> io::Result<()> {
    #[expect(unsafe_code, reason = "other flags than this one could be unsound")]
    // SAFETY: only a new network namespace is asked for; descriptors and memory stay shared as they are.
    unsafe {
        unshare_unsafe(UnshareFlags::NEWNET)?;
    }
    Ok(())
}
