//! When a login may be tried: never while the server is angry, never twice within half a minute, and by one at a time. Pure;
//! it keeps and sends nothing.

use chrono::TimeDelta;
use roundsman_task::Timestamp;
use serde::{Deserialize, Serialize};

/// Between two logins of a user.
const APART_SECS: i64 = 30;
/// How long a wrong password is not tried again.
const REFUSED_SECS: i64 = 15 * 60;
/// How long a login under way keeps others away at least, should whoever began it be gone.
const CLAIM_SECS: i64 = 60;
/// How far the clocks of two machines may be apart.
const SKEW_SECS: i64 = 60;
/// How long to wait where the server does not say.
const UNSAID_SECS: i64 = 60;

/// What is known about the logins of a user; kept for all tasks with the same server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::server) struct Circuit {
    /// The last login began.
    pub(in crate::server) tried_at: Option<Timestamp>,
    /// A login is under way, until then at most.
    pub(in crate::server) claimed_until: Option<Timestamp>,
    /// The server wants no login before.
    pub(in crate::server) throttled_until: Option<Timestamp>,
    /// A password was refused; it is not tried before.
    pub(in crate::server) refused_until: Option<Timestamp>,
    /// Which password that was: a few bits of it, by which another one is told apart.
    pub(in crate::server) refused_mark: Option<String>,
}

/// What follows for who wants to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Verdict {
    /// He may.
    Try,
    /// Not before; somebody else may have logged in by then.
    Wait(Timestamp),
    /// Not before: the server said so.
    Throttled(Timestamp),
    /// Not before: it would be refused.
    Refused(Timestamp),
}

impl Circuit {
    /// What follows now, for the password with this mark.
    pub(in crate::server) fn verdict(&self, now: Timestamp, mark: &str) -> Verdict {
        let ahead = |at: Option<Timestamp>| at.filter(|at| *at > now);
        if let Some(until) = ahead(self.throttled_until) {
            return Verdict::Throttled(until);
        }
        if let Some(until) = ahead(self.refused_until).filter(|_| self.refused_mark.as_deref() == Some(mark))
        {
            return Verdict::Refused(until);
        }
        let apart = self.tried_at.map(|at| at + secs(APART_SECS));
        ahead(self.claimed_until).max(ahead(apart)).map_or(Verdict::Try, Verdict::Wait)
    }

    /// The same with everything as far from now as it was from the last login, where that is still to come: the clock was set
    /// back, and must keep nobody out for as long. Clocks that differ a little are no such thing.
    pub(in crate::server) fn set_right(&self, now: Timestamp) -> Option<Self> {
        let ahead = self.tried_at.map(|at| at - now).filter(|ahead| *ahead > secs(SKEW_SECS))?;
        let right = |at: Option<Timestamp>| at.map(|at| at - ahead);
        Some(Self {
            tried_at: right(self.tried_at),
            claimed_until: right(self.claimed_until),
            throttled_until: right(self.throttled_until),
            refused_until: right(self.refused_until),
            refused_mark: self.refused_mark.clone(),
        })
    }

    /// A login begins that takes so long at most.
    pub(in crate::server) fn claimed(&self, now: Timestamp, most: TimeDelta) -> Self {
        let claimed_until = Some(now + secs(CLAIM_SECS).max(most + secs(CLAIM_SECS / 2)));
        Self { tried_at: Some(now), claimed_until, throttled_until: None, ..self.clone() }
    }

    /// It went well.
    pub(in crate::server) fn well(&self) -> Self {
        Self { tried_at: self.tried_at, ..Self::default() }
    }

    /// It came to nothing, and nothing was learnt.
    pub(in crate::server) fn over(&self) -> Self {
        Self { claimed_until: None, ..self.clone() }
    }

    /// The server wants no login before an instant; a tenth is added.
    pub(in crate::server) fn throttled(&self, now: Timestamp, until: Option<Timestamp>) -> Self {
        let said = until.map_or(secs(UNSAID_SECS), |until| (until - now).max(secs(1)));
        Self { throttled_until: Some(now + said + said / 10), ..self.over() }
    }

    /// The server refused the password with this mark.
    pub(in crate::server) fn refused(&self, now: Timestamp, mark: &str) -> Self {
        let refused_until = Some(now + secs(REFUSED_SECS));
        Self { refused_until, refused_mark: Some(mark.to_owned()), ..self.over() }
    }
}

fn secs(secs: i64) -> TimeDelta {
    TimeDelta::seconds(secs)
}

#[cfg(test)]
mod tests;
