//! The host's own clock that nobody sets. It knows no wall clock.

use std::time::Duration;

use roundsman_model::time::{SteadyClock, Uptime};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// How long this host is up, from `CLOCK_BOOTTIME` and `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostUptime;

impl SteadyClock for HostUptime {
    fn uptime(&self) -> Uptime {
        Uptime {
            total: length(clock_gettime(ClockId::Boottime)),
            awake: length(clock_gettime(ClockId::Monotonic)),
        }
    }
}

fn length(time: Timespec) -> Duration {
    let (secs, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(secs.unwrap_or_default(), nanos.unwrap_or_default())
}
