//! A worker process as a child: its end is noticed without taking its status, so that its number stays its own until its
//! whole tree is gone. It starts and judges nothing.

use std::{io, mem::MaybeUninit, os::fd::OwnedFd, time::Duration};

use nix::libc;
use roundsman_processes::{Process, peak_memory};
use roundsman_wire::Usage;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use tokio::io::{Interest, unix::AsyncFd};

/// A child that was started and not reaped yet.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) usage: Option<Usage>,
}

impl Child {
    /// A child that `std` has just started. Its status is not to be asked for through `std` any more.
    pub(crate) fn new(child: &std::process::Child) -> Self {
        let pid = child.id().cast_signed();
        // Nobody reaps it but we, so it is in the table, dead or alive.
        let process = Process::read(pid).unwrap_or(Process {
            pid,
            parent: std::process::id().cast_signed(),
            session: 0,
            started: 0,
            is_zombie: true,
        });
        Self { process }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.process.pid
    }

    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Returns when it has ended. It is a zombie from then on, until [`reap`](Self::reap).
    pub(crate) async fn ended(&self) {
        if self.noticed().await.is_err() {
            // Without a descriptor (old kernel, or none left) a thread has to wait.
            let process = self.process;
            let _ = tokio::task::spawn_blocking(move || Self { process }.wait_blocking()).await;
        }
    }

    async fn noticed(&self) -> io::Result<()> {
        #[expect(unsafe_code, reason = "its safe form is deprecated")]
        // SAFETY: an `OwnedFd` gives the same open descriptor as long as it lives, and nothing else closes it.
        let fd = unsafe { AsyncFd::register_with_interest(self.descriptor()?, Interest::READABLE) }?;
        fd.readable().await.map(drop)
    }

    /// Waits until it has ended, without taking its status.
    pub(crate) fn wait_blocking(&self) {
        let Some(pid) = Pid::from_raw(self.process.pid) else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
    }

    /// Takes its status. To be called once, after its end: then its number may be given to another process.
    pub(crate) fn reap(&self) -> Exit {
        let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
        #[expect(unsafe_code, reason = "there is no safe wrapper of wait4")]
        // SAFETY: both pointers are to live local memory of the right type, and the kernel writes nothing else.
        let reaped =
            unsafe { libc::wait4(self.process.pid, &raw mut status, libc::WNOHANG, usage.as_mut_ptr()) };
        if reaped != self.process.pid {
            return Exit::default();
        }
        #[expect(unsafe_code, reason = "see above")]
        // SAFETY: all-zero is a valid rusage, and wait4 has filled it.
        let usage = unsafe { usage.assume_init() };
        Exit {
            code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
            usage: Some(Usage {
                cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
                max_rss: beyond_ours(usage.ru_maxrss.unsigned_abs().saturating_mul(1024)),
            }),
        }
    }

    fn descriptor(&self) -> rustix::io::Result<OwnedFd> {
        let pid = Pid::from_raw(self.process.pid).ok_or(rustix::io::Errno::SRCH)?;
        pidfd_open(pid, PidfdFlags::NONBLOCK)
    }
}

/// A peak that says something of a child. Until it became the worker it was we, so its own begins with ours; what is no
/// more than that tells nothing.
fn beyond_ours(peak: u64) -> Option<u64> {
    peak_memory().is_some_and(|ours| peak > ours).then_some(peak)
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_usec.unsigned_abs() as u32 * 1_000)
}
