//! What a worker does to itself before anything of the kind runs. Limits that the task names are set elsewhere, when the
//! request is there.

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixStream,
    },
};

use nix::libc;
use rustix::{
    fs::{FileType, fstat},
    io::fcntl_dupfd_cloexec,
    process::{
        DumpableBehavior, Pid, Resource, Rlimit, Signal, getpid, getppid, set_child_subreaper,
        set_dumpable_behavior, set_parent_process_death_signal, setrlimit, setsid,
    },
    thread::{set_name, set_no_new_privs},
};

/// How much sooner than the daemon a worker goes when memory runs out (0 to 1000).
const OOM_SCORE: &str = "500";

/// Takes the wire from descriptor 0, which becomes `/dev/null`, and closes whatever else was inherited.
pub(crate) fn take_wire() -> io::Result<UnixStream> {
    let stdin = io::stdin();
    if FileType::from_raw_mode(fstat(stdin.as_fd())?.st_mode) != FileType::Socket {
        return Err(io::Error::other(
            "this is started by the daemon, over a socket; it is no command for people",
        ));
    }
    let wire = fcntl_dupfd_cloexec(stdin.as_fd(), 3)?;
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    close_all_but(wire.as_raw_fd());
    Ok(wire.into())
}

/// Closes every descriptor from 3 on, except one.
#[expect(unsafe_code, reason = "no safe wrapper can know that nobody owns these descriptors")]
fn close_all_but(kept: i32) {
    let kept = kept.cast_unsigned();
    for (first, last) in [(3, kept - 1), (kept + 1, u32::MAX)] {
        if first <= last {
            // SAFETY: this runs before anything else in the process, so no value owns a descriptor above 2 but `kept`,
            // which lies outside both ranges.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}

/// Own session, init of its tree, no way to more rights, no core dumps, and gone when the daemon is.
pub(crate) fn seal_off() -> io::Result<()> {
    // Fails only for a leader of a group, as when a shell started it; then the session stays the shell's.
    let _ = setsid();
    set_child_subreaper(Some(getpid()))?;
    set_no_new_privs(true)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // Raising the score needs no rights; where /proc is read-only it stays.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    Ok(())
}

/// A change of user takes back what the kernel holds for unsafe then: the death signal and that this process may be looked
/// at by others of its user, as its guard and the processes below it need.
pub(crate) fn renew_after_change_of_user() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    Ok(())
}

/// Whether the parent is still the one that sent the request. It may have died before the death signal was asked for.
pub(crate) fn has_parent(expected: u32) -> bool {
    getppid().map(Pid::as_raw_pid) == Some(expected.cast_signed())
}

/// Shows the task's name where processes are listed.
pub(crate) fn show_name(task: &str) {
    let mut name = format!("r:{task}");
    // The kernel keeps 15 bytes; names are ASCII.
    name.truncate(15);
    if let Ok(name) = std::ffi::CString::new(name) {
        let _ = set_name(&name);
    }
}
