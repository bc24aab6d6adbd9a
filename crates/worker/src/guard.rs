//! The guard: a thread that ends the whole tree when it must end, whatever the kind's code does. It owns the worker's
//! clock (`CLOCK_BOOTTIME`, so that a suspended machine does not stretch a lease) and judges no outcome.

use std::{
    io,
    os::fd::{BorrowedFd, IntoRawFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use roundsman_processes::{Told, below_me, kill_all, wait_a_little};
use roundsman_wire::{CancelReason, FromWorker, Lease, Request, boot_time};
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    process::{Signal, getpid, kill_process},
    time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    },
};
use tokio_util::sync::CancellationToken;

use crate::{limits, outbox::Outbox, sigterm};

/// The supervisor watches the same time limit; the guard steps in when it did not.
const BEHIND_SUPERVISOR: Duration = Duration::from_secs(1);
/// How long the guard tries to kill the tree from inside before it ends the worker itself.
const KILL_FOR: Duration = Duration::from_secs(2);

/// Watches the limits and the wire.
pub(crate) struct Guard {
    state: Mutex<State>,
    wake: BorrowedFd<'static>,
    timer: OwnedFd,
    cancelled: CancellationToken,
    outbox: Arc<Outbox>,
    grace: Duration,
}

struct State {
    stop_at: Duration,
    lease: Option<Limit>,
    asked: Option<Asked>,
    kill_at: Option<Duration>,
    told: Told,
}

/// Who wants the attempt to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Supervisor,
    WireClosed,
    ByItself(CancelReason),
}

impl Guard {
    /// A guard for this request; it watches once [`watch`](Self::watch) runs.
    pub(crate) fn new(
        request: &Request,
        outbox: Arc<Outbox>,
        cancelled: CancellationToken,
    ) -> io::Result<Arc<Self>> {
        let now = boot_time();
        let grace = Duration::from_millis(request.grace_ms);
        let limit = Duration::from_millis(request.time_limit_ms);
        let state = State {
            stop_at: now.saturating_add(limit).saturating_add(BEHIND_SUPERVISOR),
            lease: request.lease.map(|lease| Limit::of(lease, grace)),
            asked: None,
            kill_at: None,
            told: Told::default(),
        };
        // All that the guard will need is made now: later the kind may have left nothing.
        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let wake = for_ever(wake);
        sigterm::listen(wake)?;
        Ok(Arc::new(Self { state: Mutex::new(state), wake, timer, cancelled, outbox, grace }))
    }

    /// The run's lease was renewed.
    pub(crate) fn renew(&self, lease: Lease) {
        self.change(|state, grace| state.lease = Some(Limit::of(lease, grace)));
    }

    /// Whether the kind may begin: the run's lease is not used up.
    pub(crate) fn may_begin(&self) -> bool {
        self.lock().lease.is_none_or(|lease| boot_time() < lease.stop_at)
    }

    /// The supervisor wants the attempt to stop.
    pub(crate) fn cancel(&self) {
        self.change(|state, _| _ = state.asked.get_or_insert(Asked::Supervisor));
    }

    /// Nobody is at the other end of the wire any more.
    pub(crate) fn wire_closed(&self) {
        self.change(|state, _| state.asked = Some(Asked::WireClosed));
    }

    /// Who below the worker had the polite signal already, and how long the last processes may take to end.
    pub(crate) fn last_words(&self, at_most: Duration) -> (Told, Duration) {
        let mut state = self.lock();
        let left = state.kill_at.map_or(at_most, |at| at.saturating_sub(boot_time()).min(at_most));
        (std::mem::take(&mut state.told), left)
    }

    /// Watches until the process ends. For a thread of its own.
    pub(crate) fn watch(&self) {
        loop {
            let now = boot_time();
            let (stopping, next) = {
                let mut state = self.lock();
                (state.begin_stop(now, self.grace), state.next_at())
            };
            if let Some(asked) = stopping {
                self.stop(asked);
            } else if self.lock().kill_due().is_some_and(|at| at <= now) {
                self.end_everything();
            } else {
                self.wait_until(next);
            }
        }
    }

    /// Tells the kind and the tree to stop.
    fn stop(&self, asked: Asked) {
        self.cancelled.cancel();
        if let Asked::ByItself(reason) = asked {
            let _ = self.outbox.send(&FromWorker::Stopping { reason });
        }
        limits::open_reserve();
        // Some rounds, since those that are told may be starting others; not the whole grace, since what they start to
        // clean up behind them shall live.
        let mut pause = Duration::from_millis(1);
        for _ in 0..5 {
            let found = below_me().unwrap_or_default();
            if self.lock().told.tell(&found) == 0 {
                break;
            }
            wait_a_little(&mut pause);
        }
    }

    /// KILL to everything below, then to the worker.
    fn end_everything(&self) -> ! {
        limits::open_reserve();
        self.outbox.flush(Duration::from_millis(100));
        let until = Instant::now() + KILL_FOR;
        let _ = kill_all(|| if Instant::now() < until { below_me() } else { Ok(Vec::new()) });
        loop {
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }

    fn wait_until(&self, at: Duration) {
        // Zero would switch the timer off.
        let at = Timespec {
            tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: at.subsec_nanos().into(),
        };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: zero, it_value: at };
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &spec);
        let mut fds = [PollFd::new(&self.wake, PollFlags::IN), PollFd::new(&self.timer, PollFlags::IN)];
        let _ = poll(&mut fds, None);
        // Empties the event; that it was empty already is fine. The timer is set anew anyway.
        let _ = rustix::io::read(self.wake, &mut [0_u8; 8]);
    }

    fn change(&self, change: impl FnOnce(&mut State, Duration)) {
        change(&mut self.lock(), self.grace);
        let _ = rustix::io::write(self.wake, &1_u64.to_ne_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether it is time to stop, and has not been before.
    fn begin_stop(&mut self, now: Duration, grace: Duration) -> Option<Asked> {
        let by_itself = || {
            if sigterm::arrived() {
                // Someone stops the machine or the service, and with it the daemon.
                Some(CancelReason::Drain)
            } else if now >= self.stop_at {
                Some(CancelReason::Deadline)
            } else {
                self.lease.filter(|lease| now >= lease.stop_at).map(|_| CancelReason::Lease)
            }
        };
        if self.kill_at.is_some() {
            return None;
        }
        let asked = self.asked.or_else(|| by_itself().map(Asked::ByItself))?;
        self.kill_at = Some(now.saturating_add(grace));
        Some(asked)
    }

    /// When the tree is killed, once it was told to stop: whatever the reason was, not after the lease.
    fn kill_due(&self) -> Option<Duration> {
        let at = self.kill_at?;
        Some(self.lease.map_or(at, |lease| at.min(lease.kill_at)))
    }

    fn next_at(&self) -> Duration {
        self.kill_due()
            .unwrap_or_else(|| self.lease.map_or(self.stop_at, |lease| lease.stop_at.min(self.stop_at)))
    }
}

/// What a lease means for the tree.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// The work must begin to stop.
    stop_at: Duration,
    /// What is left is killed, early enough that nothing runs when the lease is used up.
    kill_at: Duration,
}

impl Limit {
    /// The grace may not take more than a quarter of the lease, or a task with a long one could never run.
    fn of(lease: Lease, grace: Duration) -> Self {
        let lasts = Duration::from_millis(lease.lasts_ms);
        let kill_at = lease.ends_at().saturating_sub(KILL_FOR.min(lasts / 12));
        Self { stop_at: kill_at.saturating_sub(grace.min(lasts / 4)), kill_at }
    }
}

#[expect(unsafe_code, reason = "a signal handler needs a descriptor that outlives everything")]
fn for_ever(fd: OwnedFd) -> BorrowedFd<'static> {
    let raw = fd.into_raw_fd();
    // SAFETY: nobody owns the descriptor any more, so nobody closes it: it stays open as long as the process lives.
    unsafe { BorrowedFd::borrow_raw(raw) }
}
