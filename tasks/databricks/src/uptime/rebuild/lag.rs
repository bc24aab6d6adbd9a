//! What the list adds to the events, which may lag behind it (B.4.1): ends, starts and whole runs of which no event tells
//! yet. It never overrules an event.

use super::{
    super::{
        interval::{Interval, Source},
        listed::{Listed, Presence},
    },
    Machine,
};

/// After this time without an event a boundary taken from the list is final.
const PROVISIONAL_MS: i64 = 3_600_000;

impl Machine<'_> {
    /// What the list adds to the events.
    pub(super) fn finish(&mut self, last_event_ms: Option<i64>) {
        let now_ms = self.input.now_ms;
        match (self.on.take(), self.input.presence) {
            (Some(on), Presence::Gone) => {
                let known_until = self.last_seen(on.start_ms, now_ms).or(last_event_ms);
                let end_ms = known_until.unwrap_or(on.start_ms);
                self.close(on, end_ms, false, None);
            }
            (Some(mut on), Presence::Listed(listed)) if listed.state.is_on() || listed.state.is_unclear() => {
                let seen = listed.state.is_on().then_some(now_ms);
                on.last_seen_ms = seen.or_else(|| self.last_seen(on.start_ms, now_ms));
                self.done.push(on);
            }
            (Some(mut on), Presence::Listed(listed)) => {
                let end_ms = self.provisional_end(&on, &listed);
                on.provisional = now_ms - end_ms < PROVISIONAL_MS;
                self.close(on, end_ms, false, None);
            }
            (None, Presence::Listed(listed)) if listed.state.is_on() => {
                self.done.extend(self.provisional_run(&listed));
            }
            (None, Presence::Listed(listed)) => self.done.extend(self.missed_run(&listed)),
            (None, Presence::Gone) => {}
        }
    }

    /// The list says that it is off, and no event says when.
    fn provisional_end(&self, on: &Interval, listed: &Listed) -> i64 {
        let since_ms = on.start_ms.max(self.running_ms);
        let end_ms = listed.terminated_ms.filter(|&at| at > since_ms).unwrap_or(self.input.now_ms);
        // An earlier poll may already have seen it off. That stays, also when it is final.
        let earlier = self.input.known.iter().filter(|known| !known.end_exact && on.overlaps(known));
        earlier.filter_map(|known| known.end_ms).filter(|&at| at > since_ms).fold(end_ms, i64::min)
    }

    /// The list says that it is on, and no event says since when.
    fn provisional_run(&self, listed: &Listed) -> Option<Interval> {
        let pending = self.pending.as_ref();
        let told_ms = listed.driver_start_ms.max(listed.last_restarted_ms);
        let is_over = told_ms.is_some_and(|told| self.closed_ms.is_some_and(|closed| told <= closed));
        // A list that tells of the run that has ended was read before it did.
        if is_over && pending.is_none() {
            return None;
        }
        let asked_ms = pending.map(|pending| pending.at_ms);
        let start_ms = told_ms.filter(|_| !is_over).max(asked_ms).unwrap_or(self.input.now_ms);
        let mut run = Interval::open(self.not_before_last(start_ms), Source::Events);
        run.provisional = self.input.now_ms - run.start_ms < PROVISIONAL_MS;
        run.last_seen_ms = Some(self.input.now_ms);
        run.driver_start_ms = listed.driver_start_ms;
        run.started_by = pending.and_then(|pending| pending.user.clone());
        (run.start_ms <= self.input.now_ms).then_some(run)
    }

    /// The list tells of a run of which no event does, neither of its start nor of its end.
    fn missed_run(&self, listed: &Listed) -> Option<Interval> {
        let (start_ms, end_ms) = (listed.last_restarted_ms?, listed.terminated_ms?);
        let is_known = self.closed_ms.is_some_and(|closed| start_ms <= closed);
        if is_known || start_ms < self.input.from_ms || end_ms <= start_ms {
            return None;
        }
        let mut run = Interval::open(start_ms, Source::Events);
        run.end_ms = Some(end_ms);
        run.provisional = self.input.now_ms - end_ms < PROVISIONAL_MS;
        Some(run)
    }
}
