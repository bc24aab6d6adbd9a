//! Becoming another user for good: files given over, groups, group, user, in this order. It sets no limit.

use std::{fs, io, os::fd::AsFd, path::PathBuf};

use nix::unistd::{Gid, Uid, User, fchown, geteuid, initgroups, setresgid, setresuid};
use rustix::{
    fs::{Mode, OFlags, open},
    thread::{CapabilitySet, capabilities},
};

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    /// There is none of that name.
    #[error("there is no user {name:?} on this host: make it, or name another in `user`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The list of users could not be read.
    #[error("the user {name:?} cannot be looked up")]
    Lookup {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// This process has no right to.
    #[error("this cannot run as the user {name:?}: {why}")]
    NotAllowed {
        /// The name.
        name: String,
        /// Why.
        why: String,
    },
    /// The work directory lies where it must not go.
    #[error(
        "the user {name:?} cannot pass through {}, in which its work directory {} lies: start the daemon with a TMPDIR that \
         every user can pass to, such as /var/tmp", .closed.display(), .work_dir.display()
    )]
    Unreachable {
        /// The name.
        name: String,
        /// The folder on the way that is closed to it.
        closed: PathBuf,
        /// Where it was going.
        work_dir: PathBuf,
    },
    /// A step failed.
    #[error("cannot become the user {name:?}: {step}")]
    Step {
        /// The name.
        name: String,
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This process is the user now.
    Done,
    /// It was already.
    Unneeded,
    /// It has no right to become anybody else.
    Impossible(String),
}

/// Becomes the user, with the groups it has by name. There is no way back.
pub(crate) fn become_user(name: &str) -> Result<Change, UserError> {
    let found = User::from_name(name)
        .map_err(|errno| UserError::Lookup { name: name.to_owned(), source: errno.into() })?;
    let Some(user) = found else { return Err(UserError::Unknown { name: name.to_owned() }) };
    if user.uid == geteuid() {
        return Ok(Change::Unneeded);
    }
    if let Some(why) = missing_rights() {
        return Ok(Change::Impossible(why));
    }
    let step = |step: &'static str, result: nix::Result<()>| {
        result.map_err(|errno| UserError::Step { name: name.to_owned(), step, source: errno.into() })
    };
    step("its work directory cannot be given to it", give_work_dir(user.uid, user.gid))?;
    step("its groups cannot be set", drop_groups(&user))?;
    step("its group cannot be set", setresgid(user.gid, user.gid, user.gid))?;
    step("the user cannot be set", setresuid(user.uid, user.uid, user.uid))?;
    Ok(Change::Done)
}

/// Sees to it that this process, which is the user now, can name its work directory and what is in it.
pub(crate) fn pass_to_work_dir(name: &str) -> Result<(), UserError> {
    // Where it is can be asked without being able to go there.
    let Ok(work_dir) = std::env::current_dir() else { return Ok(()) };
    let way: Vec<_> = work_dir.ancestors().collect();
    for step in way.windows(2).rev() {
        let [below, folder] = step else { continue };
        if let Err(error) = fs::symlink_metadata(below)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            let (closed, work_dir) = (folder.to_path_buf(), work_dir.clone());
            return Err(UserError::Unreachable { name: name.to_owned(), closed, work_dir });
        }
    }
    Ok(())
}

fn missing_rights() -> Option<String> {
    if !geteuid().is_root() {
        return Some("only root can start tasks as another user".to_owned());
    }
    let needed = CapabilitySet::CHOWN | CapabilitySet::SETUID | CapabilitySet::SETGID;
    let held = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    (!held.contains(needed))
        .then(|| "the daemon is root without the capabilities CHOWN, SETUID and SETGID".to_owned())
}

/// The work directory is the current one; the outputs are pipes, which are opened anew by whoever opens /dev/stdout.
fn give_work_dir(uid: Uid, gid: Gid) -> nix::Result<()> {
    let folder = open(".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| nix::errno::Errno::from_raw(errno.raw_os_error()))?;
    fchown(&folder, Some(uid), Some(gid))?;
    // Where they are something else than pipes of our own they stay as they are.
    let _ = fchown(io::stdout().as_fd(), Some(uid), Some(gid));
    let _ = fchown(io::stderr().as_fd(), Some(uid), Some(gid));
    Ok(())
}

fn drop_groups(user: &User) -> nix::Result<()> {
    let name = std::ffi::CString::new(user.name.as_str()).map_err(|_| nix::errno::Errno::EINVAL)?;
    initgroups(&name, user.gid)
}
