//! What is amiss with time: suspends, a daemon that stood still, a wall clock that was set. Each tick compares the wall
//! clock with one that nobody sets. It reads no clock itself and fires nothing.

mod host;

use std::time::Duration;

use chrono::TimeDelta;
use roundsman_model::{
    Timestamp,
    time::{Uptime, delta},
};

pub use host::HostUptime;

/// A time between two ticks longer than this means that nothing could fire meanwhile.
pub(crate) const STALL: Duration = Duration::from_secs(5);
/// A difference between the clocks smaller than this is no step: clocks are read one after the other.
const STEP: Duration = Duration::from_millis(500);
/// A wall clock that is being corrected gently may gain or lose one second in so many.
const SLEW: u32 = 1_000;
/// A jump longer than this holds firing.
const JUMP: Duration = Duration::from_hours(1);
/// For so long the clock must have been stable before firing goes on after a jump.
const STABLE: Duration = Duration::from_secs(10);
/// Records older than this are no ordinary downtime.
pub(crate) const LONG_AGO: Duration = Duration::from_hours(400 * 24);

/// Both clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    /// The wall clock.
    pub(crate) wall: Timestamp,
    /// The clock that nobody sets.
    pub(crate) uptime: Uptime,
}

/// Why slots could not fire at their time, as far as clocks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// The host was suspended.
    Slept,
    /// The daemon was stopped, or starved.
    StoodStill,
    /// The wall clock was set forward.
    SetForward(TimeDelta),
    /// The wall clock was set back, by more than firing can wait for.
    SetBack(TimeDelta),
    /// The wall clock was away for a while and came back.
    Unsteady,
}

/// What a look at the clocks comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// All is well.
    Even,
    /// Nothing could fire since then.
    Lapsed(Timestamp, Lapse),
    /// Firing waits until the clock was stable for a while.
    Held,
    /// The clock was stable for long enough after a jump. What lies in the ledger after `truth` was written under a wrong
    /// clock.
    Settled { truth: Timestamp, since: Timestamp, lapse: Lapse },
}

/// A jump that is being waited out.
#[derive(Debug, Clone, Copy)]
struct Hold {
    /// Both clocks before the first step; at a start only the wall clock, as recorded.
    before: Timestamp,
    uptime_before: Option<Duration>,
    /// Both clocks right after the last step.
    after: Glance,
}

/// Watches the clocks.
#[derive(Debug, Default)]
pub(crate) struct ClockWatch {
    last: Option<Glance>,
    hold: Option<Hold>,
}

impl ClockWatch {
    /// Whether firing is held, and the words for `/readyz`.
    pub(crate) fn held(&self) -> Option<String> {
        let hold = self.hold?;
        let (from, to) =
            (hold.before.format("%Y-%m-%d %H:%M:%S"), hold.after.wall.format("%Y-%m-%d %H:%M:%S"));
        Some(format!(
            "went from {from} to {to} UTC; nothing fires until it was steady for {} s",
            STABLE.as_secs()
        ))
    }

    /// Compares with the newest record at a start. Only a record from the future, or one from very long ago, is odd.
    pub(crate) fn compare(&mut self, record: Timestamp, now: Glance) -> Option<TimeDelta> {
        let odd = record > now.wall + delta(JUMP) || record < now.wall - delta(LONG_AGO);
        if !odd || self.hold.is_some() {
            return None;
        }
        self.hold = Some(Hold { before: record, uptime_before: None, after: now });
        self.last = Some(now);
        Some(now.wall - record)
    }

    /// Looks at the clocks. The second value is the step that was noticed, if there was one.
    pub(crate) fn look(&mut self, now: Glance) -> (Tick, Option<TimeDelta>) {
        let Some(last) = self.last.replace(now) else { return (Tick::Even, None) };
        let step = step(last, now);
        if let Some(step) = step.filter(|step| self.hold.is_some() || step.abs() > delta(JUMP)) {
            let hold = self.hold.get_or_insert(Hold {
                before: last.wall,
                uptime_before: Some(last.uptime.total),
                after: now,
            });
            hold.after = now;
            return (Tick::Held, Some(step));
        }
        if let Some(hold) = self.hold {
            if now.uptime.total.saturating_sub(hold.after.uptime.total) < STABLE {
                return (Tick::Held, None);
            }
            self.hold = None;
            return (hold.settle(), None);
        }
        (ordinary(last, now, step), step)
    }

    /// The time from now on is not compared with what was seen before: whatever took so long was no lapse.
    pub(crate) fn rest(&mut self, now: Glance) {
        // A step during the work would be lost otherwise.
        if self.last.is_none_or(|last| step(last, now).is_none()) {
            self.last = Some(now);
        }
    }
}

fn ordinary(last: Glance, now: Glance, step: Option<TimeDelta>) -> Tick {
    if let Some(step) = step.filter(|step| *step > TimeDelta::zero()) {
        return Tick::Lapsed(last.wall, Lapse::SetForward(step));
    }
    let passed = now.uptime.total.saturating_sub(last.uptime.total);
    if passed <= STALL {
        return Tick::Even;
    }
    let awake = now.uptime.awake.saturating_sub(last.uptime.awake);
    let lapse = if awake < passed / 2 { Lapse::Slept } else { Lapse::StoodStill };
    Tick::Lapsed(last.wall, lapse)
}

/// By how much the wall clock was set between two looks.
pub(crate) fn step(last: Glance, now: Glance) -> Option<TimeDelta> {
    let passed = now.uptime.total.saturating_sub(last.uptime.total);
    let step = (now.wall - last.wall) - delta(passed);
    (step.abs() > delta(STEP + passed / SLEW)).then_some(step)
}

impl Hold {
    /// What the whole jump came to.
    fn settle(self) -> Tick {
        let passed = self
            .uptime_before
            .map_or(Duration::ZERO, |before| self.after.uptime.total.saturating_sub(before));
        let net = (self.after.wall - self.before) - delta(passed);
        let lapse = if net > delta(JUMP) {
            Lapse::SetForward(net)
        } else if net < -delta(JUMP) {
            Lapse::SetBack(net)
        } else {
            Lapse::Unsteady
        };
        Tick::Settled { truth: self.after.wall, since: self.before.min(self.after.wall), lapse }
    }
}

#[cfg(test)]
mod tests;
