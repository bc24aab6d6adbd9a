//! SIGTERM to the worker: noted, and the guard woken. What follows from it is the guard's matter.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
    sync::atomic::{AtomicBool, AtomicI32, Ordering},
};

use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
};

static ARRIVED: AtomicBool = AtomicBool::new(false);
static WAKE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn note(_signal: libc::c_int) {
    ARRIVED.store(true, Ordering::Release);
    let wake = WAKE.load(Ordering::Acquire);
    let one = 1_u64.to_ne_bytes();
    let errno = nix::errno::Errno::last_raw();
    #[expect(unsafe_code, reason = "only a bare system call is allowed in a signal handler")]
    // SAFETY: write(2) is async-signal-safe, the buffer lives as long as the call, and `wake` stays open as long as the
    // process lives. A failure changes errno only, which is put back.
    unsafe {
        libc::write(wake, one.as_ptr().cast(), one.len());
    }
    nix::errno::Errno::set_raw(errno);
}

/// From now on SIGTERM is noted, and `wake`, an event descriptor that is never closed, becomes readable.
pub(crate) fn listen(wake: BorrowedFd<'static>) -> io::Result<()> {
    WAKE.store(wake.as_raw_fd(), Ordering::Release);
    let action = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESTART, SigSet::empty());
    #[expect(unsafe_code, reason = "setting a signal handler has no safe form")]
    // SAFETY: the handler touches only atomics and calls write(2), all of which are async-signal-safe.
    unsafe {
        sigaction(Signal::SIGTERM, &action)?;
    }
    Ok(())
}

/// Whether SIGTERM came.
pub(crate) fn arrived() -> bool {
    ARRIVED.load(Ordering::Acquire)
}
