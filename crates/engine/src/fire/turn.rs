//! What becomes of a stretch of a task's slots, as ranges and runs: the rules of `model` applied to long and short
//! stretches, around slots that are recorded already. It keeps nothing.

use chrono::TimeDelta;
use roundsman_model::{
    Pause, Reason, Timestamp, Verdict,
    misfire::{self, Passed},
    verdict::{Circumstances, Decided, Outage, PassedOver, decide},
};

use super::{gap::Gap, watched::Watched};

/// What the ledger says of slots of a task that is switched off.
const SWITCHED_OFF: &str = "the task was switched off";

/// Due slots and what becomes of them.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) decided: Decided,
    /// Up to where the ledger goes when all of it is written.
    pub(super) until: Option<Timestamp>,
    /// Whether runs are late: they are due at once, and have their full time to start.
    pub(super) late: bool,
}

impl Watched {
    /// What becomes of the slots after one instant, up to another.
    pub(super) fn turn(&self, after: Timestamp, until: Timestamp, gap: Option<Gap>, now: Timestamp) -> Turn {
        let definition = &*self.definition;
        let Some(schedule) = &definition.schedule else { return Turn::default() };
        let Some(first) = schedule.next_after(after, definition.timezone).filter(|first| *first <= until)
        else {
            return Turn::default();
        };
        let gap = gap.filter(|gap| gap.explains(until - first));
        let outage = gap.map(|gap| gap.outage(definition, after, first, now));
        let bygone = self.bygone(after, until, outage.as_ref(), now);
        let after = bygone.as_ref().map_or(after, |bygone| bygone.slots.last);
        let ahead: Vec<_> = self.ahead.iter().copied().filter(|at| *at > after && *at <= until).collect();
        let slots = schedule.slots(after, until, definition.timezone);
        let fresh = slots.filter(|slot| ahead.binary_search(slot).is_err());
        let circumstances =
            Circumstances { definition, pauses: &self.pauses, outage: outage.as_ref(), until, now };
        let mut decided = decide(&circumstances, fresh);
        let recent = decided.passed.into_iter().flat_map(|passed| self.split(passed, &ahead));
        decided.passed = joined(bygone, recent.collect(), ahead.first().copied());
        let last = [
            decided.run.last().map(|due| due.slot),
            decided.passed.last().map(|passed| passed.slots.last),
            ahead.last().copied(),
        ];
        Turn { decided, until: last.into_iter().flatten().max(), late: outage.is_some() }
    }

    /// Slots that share one fate for so plain a reason that they need only be counted: those of a task that is switched
    /// off, and those too old to be caught up where neither pause nor blackout has a say.
    fn bygone(
        &self,
        after: Timestamp,
        until: Timestamp,
        outage: Option<&Outage>,
        now: Timestamp,
    ) -> Option<PassedOver> {
        let definition = &*self.definition;
        let (edge, verdict, reason, detail) = match outage {
            _ if !definition.enabled => (until, Verdict::Skipped, Reason::Disabled, SWITCHED_OFF),
            Some(outage) => {
                let kept = misfire::oldest_kept(definition.misfire, definition.window.get(), until)?;
                let edge = (kept - TimeDelta::microseconds(1)).min(until);
                (edge, Verdict::Missed, outage.reason, outage.detail.as_str())
            }
            None => return None,
        };
        let has_a_say = |pause: &Pause| pause.covers(now) || pause.from <= edge;
        let plain =
            !definition.enabled || (definition.blackouts.is_empty() && !self.pauses.iter().any(has_a_say));
        if edge <= after || !plain || self.ahead.iter().any(|slot| *slot <= edge) {
            return None;
        }
        let slots = definition.schedule.as_ref()?.tally(after, edge, definition.timezone)?;
        Some(PassedOver { slots, verdict, reason, detail: Some(detail.to_owned()) })
    }

    /// Cuts a range where slots in it are recorded already.
    fn split(&self, range: PassedOver, ahead: &[Timestamp]) -> Vec<PassedOver> {
        let Passed { first, last, .. } = range.slots;
        let cuts: Vec<_> = ahead.iter().copied().filter(|at| *at > first && *at < last).collect();
        let (Some(schedule), false) = (&self.definition.schedule, cuts.is_empty()) else {
            return vec![range];
        };
        let mut parts: Vec<PassedOver> = Vec::new();
        let mut open = false;
        let before = first - TimeDelta::microseconds(1);
        for slot in schedule.slots(before, last, self.definition.timezone) {
            if cuts.binary_search(&slot).is_ok() {
                open = false;
                continue;
            }
            if let Some(part) = parts.last_mut().filter(|_| open) {
                part.slots = Passed { last: slot, count: part.slots.count + 1, ..part.slots };
            } else {
                let slots = Passed { first: slot, last: slot, count: 1 };
                parts.push(PassedOver { slots, ..range.clone() });
            }
            open = true;
        }
        parts
    }
}

/// Ranges in their order. The one that was counted and the first that was decided are one if they say the same and
/// nothing lies between.
fn joined(
    bygone: Option<PassedOver>,
    recent: Vec<PassedOver>,
    first_ahead: Option<Timestamp>,
) -> Vec<PassedOver> {
    let words = |range: &PassedOver| (range.verdict, range.reason, range.detail.clone());
    let Some(mut bygone) = bygone else { return recent };
    let mut recent = recent.into_iter().peekable();
    let adjoins = |range: &PassedOver| {
        words(range) == words(&bygone) && first_ahead.is_none_or(|slot| slot > range.slots.first)
    };
    if let Some(next) = recent.next_if(adjoins) {
        let count = bygone.slots.count + next.slots.count;
        bygone.slots = Passed { last: next.slots.last, count, ..bygone.slots };
    }
    std::iter::once(bygone).chain(recent).collect()
}
