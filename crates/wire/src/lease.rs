//! A run's lease as its worker is told of it: how long it lasts, and from when on. Who holds it is not said here.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A lease that was granted or renewed. It counts from the instant at which it was asked for, on a clock that both sides
/// share, so that neither a slow answer, nor a frozen daemon, nor a sleeping machine makes it longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// When it was asked for, in milliseconds on the host's `CLOCK_BOOTTIME`.
    pub since_ms: u64,
    /// How many milliseconds it lasts.
    pub lasts_ms: u64,
}

impl Lease {
    /// A lease that was asked for at an instant of [`boot_time`].
    pub fn asked_for(since: Duration, lasts: Duration) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { since_ms: millis(since), lasts_ms: millis(lasts) }
    }

    /// A lease that begins now.
    pub fn from_now(lasts: Duration) -> Self {
        Self::asked_for(boot_time(), lasts)
    }

    /// When it is used up, as an instant of [`boot_time`].
    pub fn ends_at(&self) -> Duration {
        Duration::from_millis(self.since_ms.saturating_add(self.lasts_ms))
    }

    /// Whether it is used up.
    pub fn is_over(&self) -> bool {
        self.ends_at() <= boot_time()
    }
}

/// The time since the machine started, sleep included. It never steps, and all processes of a host share it.
pub fn boot_time() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
