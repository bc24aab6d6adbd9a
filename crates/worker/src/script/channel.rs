//! The script's own channel, descriptor 3: a pipe that only the script and what it starts can write to. It understands
//! nothing of what comes.

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
};

use nix::libc;
use tokio::{net::unix::pipe::Receiver, process::Command};

/// The descriptor that a script writes to.
pub(super) const NUMBER: i32 = 3;

/// A new channel: our end, which no process inherits, and the script's.
pub(super) fn open() -> io::Result<(Receiver, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    Ok((Receiver::from_owned_fd(ours.into())?, theirs.into()))
}

/// Makes the end the descriptor 3 of what the command starts. The command owns it and is dropped with it: only the script
/// and what it starts then hold it, and we see its end when they have gone.
#[expect(unsafe_code, reason = "giving a child a descriptor of its own choice has no safe form")]
pub(super) fn give(command: &mut Command, end: OwnedFd) {
    let hook = move || {
        let descriptor = end.as_raw_fd();
        // The number is never that of the pipe by which the standard library learns of a failed start: since this channel
        // was opened the number 3 has been taken, by our end, by this one, or by what was open before.
        // SAFETY: both are bare system calls on numbers. `dup2` leaves the new descriptor open over exec; where the old one
        // has the number already, only that remains to be done.
        let done = unsafe {
            if descriptor == NUMBER {
                libc::fcntl(descriptor, libc::F_SETFD, 0)
            } else {
                libc::dup2(descriptor, NUMBER)
            }
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: the hook runs between fork and exec, where only async-signal-safe functions may be called: dup2 and fcntl are,
    // and reading errno allocates nothing.
    unsafe { command.pre_exec(hook) };
}
