//! What this host can enforce of a sandbox, looked at once per process and without leaving a trace. What follows from it
//! is decided in `model`.

use std::{fs, path::Path, sync::OnceLock, thread};

use nix::libc;
use roundsman_model::Abilities;
use rustix::{
    io::Errno,
    process::geteuid,
    thread::{CapabilitySet, capabilities},
};

use crate::cgroup::Delegation;

/// What a root must be able to do so that workers can become another user and still be ended: give files away, change
/// groups and user, and signal processes of others.
const RIGHTS_OF_ROOT: CapabilitySet =
    CapabilitySet::CHOWN.union(CapabilitySet::SETUID).union(CapabilitySet::SETGID).union(CapabilitySet::KILL);

/// What this process can enforce on this host. Of a cgroup it tells whether one is delegated; whether it can be made
/// ready shows when an executor does so.
pub fn abilities() -> Abilities {
    static FOUND: OnceLock<Abilities> = OnceLock::new();
    FOUND.get_or_init(look).clone()
}

fn look() -> Abilities {
    let (landlock, without_landlock) = landlock();
    let delegated = Delegation::find(Path::new("/proc/self"));
    let effective = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    Abilities {
        landlock,
        without_landlock,
        cgroup: delegated.is_ok(),
        without_cgroup: delegated.err().unwrap_or_default(),
        root: geteuid().is_root() && effective.contains(RIGHTS_OF_ROOT),
        user: own_name(),
        network_namespace: effective.contains(CapabilitySet::SYS_ADMIN) && has_network_namespaces(),
    }
}

fn own_name() -> String {
    let uid = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// The version of Landlock, or 0 and why there is none.
fn landlock() -> (u32, String) {
    const SYS_LANDLOCK_CREATE_RULESET: libc::c_long = 444;
    const VERSION: libc::c_uint = 1;
    let nothing = std::ptr::null::<libc::c_void>();
    #[expect(unsafe_code, reason = "there is no wrapper that only asks for the version")]
    // SAFETY: with this flag the kernel reads no memory and makes nothing; it answers with a number.
    let answer = unsafe { libc::syscall(SYS_LANDLOCK_CREATE_RULESET, nothing, 0_usize, VERSION) };
    if let Ok(version) = u32::try_from(answer) {
        return (version, String::new());
    }
    let why = match Errno::from_io_error(&std::io::Error::last_os_error()) {
        Some(Errno::OPNOTSUPP) => {
            "Landlock is switched off: the kernel's boot parameter `lsm=` has to name `landlock`"
        }
        Some(Errno::NOSYS) => "this kernel has no Landlock (Linux 5.13 and later have, if it was built in)",
        _ => "Landlock is refused here, perhaps by a system call filter of the container",
    };
    (0, why.to_owned())
}

/// Tries it in a thread of its own: what the thread gets ends with it, and the rest of the process is not touched. That a
/// right is held does not mean that no filter of system calls is in the way.
fn has_network_namespaces() -> bool {
    if !fs::exists("/proc/self/ns/net").unwrap_or_default() {
        return false;
    }
    let trial = || nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).is_ok();
    let trial = thread::Builder::new().name("namespace-trial".into()).spawn(trial);
    trial.is_ok_and(|trial| trial.join().unwrap_or_default())
}
