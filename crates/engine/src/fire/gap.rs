//! Why slots could not fire for a while, in words for people. It decides about no slot.

use chrono::TimeDelta;
use roundsman_model::{Reason, TaskDefinition, Timestamp, time::delta, verdict::Outage};

use crate::clock::{Lapse, STALL};

/// A time in which nothing could fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Why.
    pub(crate) cause: Cause,
    /// Since when, as far as is known.
    pub(crate) since: Timestamp,
    /// Until when, once that is known; until now otherwise.
    pub(crate) until: Option<Timestamp>,
}

/// Why nothing could fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No daemon ran.
    DaemonDown,
    /// Daemons ran, but none of them led.
    NoLeader,
    /// The store could not be written.
    StoreAway,
    /// Time itself.
    Clock(Lapse),
    /// The task was still catching up with what it had missed before.
    Behind,
    /// Nothing to speak of: the lead was handed over. Slots that are not late came at their time.
    HandOver,
}

impl Gap {
    /// A time without a daemon of which only the ledgers tell since when.
    pub(crate) fn unknown() -> Self {
        Self::open(Cause::DaemonDown, Timestamp::MIN_UTC)
    }

    /// A gap that lasts until now.
    pub(crate) fn open(cause: Cause, since: Timestamp) -> Self {
        Self { cause, since, until: None }
    }

    /// Whether it is a reason for a slot to be so late.
    pub(crate) fn explains(&self, late: TimeDelta) -> bool {
        self.cause != Cause::HandOver || late > delta(STALL)
    }

    /// The gap as it concerns a task whose first slot in it is `first`.
    pub(crate) fn outage(
        self,
        definition: &TaskDefinition,
        ledger_until: Timestamp,
        first: Timestamp,
        now: Timestamp,
    ) -> Outage {
        let since = self.since.max(ledger_until).min(first);
        let local = |at: Timestamp| at.with_timezone(&definition.timezone).format("%Y-%m-%d %H:%M:%S %:z");
        let reason = match self.cause {
            Cause::StoreAway => Reason::StoreAway,
            Cause::Behind | Cause::HandOver => Reason::Misfire,
            Cause::DaemonDown | Cause::NoLeader | Cause::Clock(_) => Reason::Down,
        };
        let detail = match self.cause {
            Cause::HandOver => "left undecided when the lead was handed over".to_owned(),
            // The same words for every slot, so that one row can take them all.
            Cause::Behind => "the task was still catching up with earlier slots".to_owned(),
            _ => format!("{} from {} to {}", self.cause, local(since), local(self.until.unwrap_or(now))),
        };
        Outage { reason, since, detail }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DaemonDown => f.write_str("daemon down"),
            Self::NoLeader => f.write_str("no leader"),
            Self::StoreAway => f.write_str("store away"),
            Self::Behind => f.write_str("catching up"),
            Self::HandOver => f.write_str("hand-over"),
            Self::Clock(Lapse::Slept) => f.write_str("the host slept"),
            Self::Clock(Lapse::StoodStill) => f.write_str("the daemon stood still"),
            Self::Clock(Lapse::Unsteady) => f.write_str("firing waited for a steady clock"),
            Self::Clock(Lapse::SetForward(by)) => write!(f, "the clock was set forward by {}:", Length(*by)),
            Self::Clock(Lapse::SetBack(by)) => write!(f, "the clock was set back by {}:", Length(*by)),
        }
    }
}

/// A length of time in its two largest units.
struct Length(TimeDelta);

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = self.0.abs().num_milliseconds();
        if millis < 10_000 {
            return write!(f, "{}.{} s", millis / 1_000, millis % 1_000 / 100);
        }
        let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
        let mut left = millis / 1_000;
        let mut written = 0;
        for (unit, secs) in units {
            let count = left / secs;
            left %= secs;
            if written == 2 || (count == 0 && written == 0) {
                continue;
            }
            written += 1;
            if count > 0 {
                write!(f, "{}{count} {unit}", if written == 2 { " " } else { "" })?;
            }
        }
        Ok(())
    }
}
