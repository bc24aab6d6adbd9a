//! How much room there is in the minute and the hour for another mail, counted from the documents of those that were tried. It
//! sends nothing.

use std::time::Duration;

use roundsman_model::{DocumentWrite, Timestamp, time::delta};
use roundsman_task::TaskError;
use uuid::Uuid;

use super::{Outbox, Priority, second};
use crate::Limits;

/// Tries, by their second.
pub(super) const TRIED: &str = "tried/";
/// Questions for the fate of mails, by their second.
pub(super) const ASKED: &str = "asked/";
/// Before when nothing is sent.
const HOLD: &str = "hold";

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The tries of the last hour, oldest first, and what is allowed.
pub(super) struct Room {
    tried: Vec<Timestamp>,
    limits: Limits,
    reserved: u32,
    hold: Option<Timestamp>,
}

impl Room {
    /// When a mail of this priority may be tried; now, if that is not later.
    pub(super) fn turn(&self, priority: Priority, now: Timestamp) -> Timestamp {
        let reserved = if priority == Priority::default() { 0 } else { self.reserved };
        let per_hour = self.limits.per_hour.saturating_sub(reserved);
        let minute = self.free_at(MINUTE, self.limits.per_minute, now);
        let hour = self.free_at(HOUR, per_hour, now);
        [self.hold.unwrap_or(now), minute, hour].into_iter().fold(now, Timestamp::max)
    }

    /// When fewer than `most` tries lie within a window.
    fn free_at(&self, window: Duration, most: u32, now: Timestamp) -> Timestamp {
        let begins = now - delta(window);
        let within: Vec<_> = self.tried.iter().filter(|at| **at > begins).collect();
        let most = most.max(1) as usize;
        match within.len().checked_sub(most) {
            Some(surplus) => *within[surplus] + delta(window),
            None => now,
        }
    }

    /// A mail is tried now.
    pub(super) fn note(&mut self, now: Timestamp) {
        self.tried.push(now);
    }

    /// Nothing is sent before this instant.
    pub(super) fn hold(&mut self, until: Timestamp) {
        self.hold = Some(self.hold.map_or(until, |known| known.max(until)));
    }
}

impl Outbox {
    /// What room there is.
    pub(super) async fn room(&self, limits: Limits) -> Result<Room, TaskError> {
        let tried = self.noted(TRIED).await?;
        let hold =
            self.documents.get(HOLD).await?.and_then(|document| serde_json::from_value(document.value).ok());
        Ok(Room { tried, limits, reserved: self.policy.reserved, hold })
    }

    /// Nothing is sent before this instant, by whoever drains the outbox.
    pub(super) async fn keep_hold(&self, until: Timestamp) -> Result<(), TaskError> {
        self.documents.put(HOLD, until, None).await?;
        Ok(())
    }

    /// What was noted within the last hour, oldest first. What is older is forgotten.
    pub(super) async fn noted(&self, prefix: &str) -> Result<Vec<Timestamp>, TaskError> {
        let begins = format!("{prefix}{}", second(self.cx.now() - delta(HOUR)));
        self.documents.delete_range(prefix, Some(&begins)).await?;
        let found = self.documents.list(prefix, None, 1_000).await?;
        Ok(found.into_iter().filter_map(|document| serde_json::from_value(document.value).ok()).collect())
    }

    /// Notes that something is done now.
    pub(super) fn note(prefix: &str, id: Uuid, now: Timestamp) -> DocumentWrite {
        let key = format!("{prefix}{}/{id}", second(now));
        DocumentWrite::Put { key, value: super::to_value(&now), if_version: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let ago = |secs| now - delta(Duration::from_secs(secs));
        let room = |tried: Vec<Timestamp>| Room {
            tried,
            limits: Limits { per_minute: 2, per_hour: 4 },
            reserved: 1,
            hold: None,
        };
        let check = |room: Room, priority, secs| {
            let turn = room.turn(Priority(priority), now) - now;
            assert_eq!(turn.num_seconds(), secs, "{:?}", room.tried);
        };
        check(room(vec![]), 3, 0);
        check(room(vec![ago(50), ago(10)]), 0, 10);
        check(room(vec![ago(70), ago(10)]), 3, 0);
        // The last place of the hour is kept for the most important.
        check(room(vec![ago(3000), ago(2000), ago(1000)]), 3, 600);
        check(room(vec![ago(3000), ago(2000), ago(1000)]), 0, 0);
        check(room(vec![ago(3000), ago(2000), ago(1000), ago(500)]), 0, 600);
        let mut held = room(vec![]);
        held.hold(now + delta(Duration::from_secs(30)));
        check(held, 0, 30);
    }
}
