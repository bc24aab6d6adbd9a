//! What a budget has granted, and what it grants next: arithmetic on whole microseconds. It reads no store and no clock.

#[cfg(test)]
mod tests;

/// How far clocks of nodes may differ. A drawing further ahead than this was made by a clock that has been set right
/// since: time does not stand still until the right one catches up.
const SLACK_US: i64 = 3_600_000_000;

/// The state of a budget under its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) interval_us: i64,
    pub(super) burst: u32,
    /// The instant at which all that was granted is earned.
    pub(super) spent_until: i64,
    /// Nothing is granted before.
    pub(super) held_until: i64,
    /// The latest instant at which anything was granted.
    pub(super) seen_at: i64,
}

impl Account {
    /// Grants what may be done now of what is wanted. Returns the account afterwards, how many were granted, and how many
    /// microseconds later the next one may be had.
    pub(super) fn draw(self, wanted: u32, now: i64) -> (Self, u32, u64) {
        if wanted == 0 || self.interval_us <= 0 {
            return (self, wanted, 0);
        }
        let mut account = self.with_clock_set_right(now);
        // The clock of this node may be behind that of another.
        let now = now.max(account.seen_at);
        if account.held_until > now {
            return (account, 0, account.held_until.abs_diff(now));
        }
        let full = account.interval_us.saturating_mul(i64::from(account.burst.max(1)));
        // Under a rule that was wider before, more may have been granted than this one would ever grant.
        let too_much = account.spent_until > now.saturating_add(full);
        let spent = account.spent_until.clamp(now, now.saturating_add(full));
        let room = (full - (spent - now)) / account.interval_us;
        let granted = u32::try_from(room).unwrap_or(u32::MAX).min(wanted);
        let spent = spent.saturating_add(account.interval_us.saturating_mul(i64::from(granted)));
        if granted > 0 || too_much {
            (account.spent_until, account.seen_at) = (spent, now);
        }
        let next_at = spent.saturating_sub(full).saturating_add(account.interval_us);
        let wait = if granted < wanted { next_at.abs_diff(now) } else { 0 };
        (account, granted, wait)
    }

    /// After a drawing by a clock far ahead, the budget begins anew at the right time, with nothing left.
    fn with_clock_set_right(self, now: i64) -> Self {
        let ahead = self.seen_at.saturating_sub(now);
        if ahead <= SLACK_US {
            return self;
        }
        Self {
            spent_until: self.spent_until.saturating_sub(ahead),
            held_until: self.held_until.saturating_sub(ahead),
            seen_at: now,
            ..self
        }
    }
}
