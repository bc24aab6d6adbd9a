//! What becomes of slots: the one place where pauses, blackouts, outages and the misfire policy meet. The overlap rule
//! comes later, in the store, where it can be enforced.

use chrono::SecondsFormat;

use crate::{
    AfterBlackout, Blackout, Pause, Reason, TaskDefinition, Timestamp, Verdict, blackout::Window, misfire,
    misfire::Passed,
};

/// Why slots could not fire for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What was away.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
    /// What people are told: "daemon down from … to …".
    pub detail: String,
}

/// What bears on the slots of a task.
#[derive(Debug, Clone)]
pub struct Circumstances<'a> {
    /// The definition they belong to.
    pub definition: &'a TaskDefinition,
    /// The task's pauses.
    pub pauses: &'a [Pause],
    /// What kept slots from firing at their time, if something did.
    pub outage: Option<&'a Outage>,
    /// Up to which instant slots are due: now, less the task's jitter.
    pub until: Timestamp,
}

/// Neighbouring slots that do not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Which.
    pub slots: Passed,
    /// Skipped or missed.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The evidence in words.
    pub detail: Option<String>,
}

/// A slot to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub slot: Timestamp,
    /// The earliest instant of its run: the end of a blackout that covered it.
    pub not_before: Option<Timestamp>,
}

/// What becomes of due slots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// The slots to run, oldest first.
    pub run: Vec<Due>,
    /// The others, oldest first; the ranges overlap neither each other nor the slots to run.
    pub passed: Vec<PassedOver>,
}

/// Decides over due slots, given oldest first. The slots are walked twice, so that memory stays bounded however many there
/// are.
pub fn decide(circumstances: &Circumstances<'_>, slots: impl Iterator<Item = Timestamp> + Clone) -> Decided {
    let definition = circumstances.definition;
    let mut judge = Judge::new(circumstances);
    let eligible = slots.clone().filter(|slot| matches!(judge.stance(*slot), Stance::Run(_)));
    let run = match circumstances.outage {
        None => eligible.collect(),
        Some(_) => {
            misfire::decide(definition.misfire, definition.window.get(), eligible, circumstances.until).run
        }
    };
    let mut judge = Judge::new(circumstances);
    let mut decided = Decided::default();
    for slot in slots {
        match judge.stance(slot) {
            Stance::Run(not_before) if run.binary_search(&slot).is_ok() => {
                decided.run.push(Due { slot, not_before });
            }
            Stance::Run(_) => decided.pass(slot, Verdict::Missed, missed(circumstances.outage)),
            Stance::Skip(reason, detail) => decided.pass(slot, Verdict::Skipped, (reason, detail)),
        }
    }
    decided
}

fn missed(outage: Option<&Outage>) -> (Reason, Option<String>) {
    outage.map_or((Reason::Misfire, None), |outage| (outage.reason, Some(outage.detail.clone())))
}

impl Decided {
    fn pass(&mut self, slot: Timestamp, verdict: Verdict, (reason, detail): (Reason, Option<String>)) {
        let neighbour = self.passed.last_mut().filter(|last| {
            let ran_between = self.run.last().is_some_and(|due| due.slot > last.slots.last);
            (last.verdict, last.reason) == (verdict, reason) && last.detail == detail && !ran_between
        });
        match neighbour {
            Some(last) => last.slots = Passed { last: slot, count: last.slots.count + 1, ..last.slots },
            None => {
                let slots = Passed { first: slot, last: slot, count: 1 };
                self.passed.push(PassedOver { slots, verdict, reason, detail });
            }
        }
    }
}

enum Stance {
    Run(Option<Timestamp>),
    Skip(Reason, Option<String>),
}

/// Looks at slots in their order; remembers how long the last look at a blackout holds.
struct Judge<'a> {
    circumstances: &'a Circumstances<'a>,
    blackouts: Vec<Sight<'a>>,
}

struct Sight<'a> {
    blackout: &'a Blackout,
    window: Option<Window>,
    holds_until: Option<Timestamp>,
}

impl<'a> Judge<'a> {
    fn new(circumstances: &'a Circumstances<'a>) -> Self {
        let sight = |blackout| Sight { blackout, window: None, holds_until: None };
        Self { circumstances, blackouts: circumstances.definition.blackouts.iter().map(sight).collect() }
    }

    fn stance(&mut self, slot: Timestamp) -> Stance {
        let definition = self.circumstances.definition;
        if !definition.enabled {
            return Stance::Skip(Reason::Disabled, Some("the task was switched off".to_owned()));
        }
        if let Some(pause) = self.circumstances.pauses.iter().find(|pause| pause.covers(slot)) {
            return Stance::Skip(Reason::Paused, Some(pause.words()));
        }
        let covering = self
            .blackouts
            .iter_mut()
            .filter_map(|sight| Some((sight.look(slot, definition.timezone)?, sight.blackout)));
        let Some((window, blackout)) = covering.max_by_key(|(window, _)| window.until) else {
            return Stance::Run(None);
        };
        let next = definition.schedule.as_ref().and_then(|all| all.next_after(slot, definition.timezone));
        let is_last = next.is_none_or(|next| next >= window.until);
        if definition.after_blackout == AfterBlackout::Once && is_last {
            return Stance::Run(Some(window.until));
        }
        Stance::Skip(Reason::Blackout, Some(blackout.words(window)))
    }
}

impl Sight<'_> {
    fn look(&mut self, slot: Timestamp, zone: chrono_tz::Tz) -> Option<Window> {
        if self.holds_until.is_none_or(|until| slot >= until) {
            self.window = self.blackout.covering(slot, zone);
            let zone = self.blackout.timezone.unwrap_or(zone);
            let next = self.blackout.schedule.next_after(slot, zone);
            let ends = self.window.map(|window| window.until);
            self.holds_until = Some(ends.into_iter().chain(next).min().unwrap_or(Timestamp::MAX_UTC));
        }
        self.window
    }
}

impl Pause {
    /// The pause in words, the same for all slots in it.
    fn words(&self) -> String {
        let since = self.from.to_rfc3339_opts(SecondsFormat::Secs, true);
        match &self.reason {
            Some(reason) => format!("paused by {} since {since}: {reason}", self.by),
            None => format!("paused by {} since {since}", self.by),
        }
    }
}

impl Blackout {
    fn words(&self, window: Window) -> String {
        let at = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let window = format!("blackout from {} to {}", at(window.from), at(window.until));
        match &self.reason {
            Some(reason) => format!("{window}: {reason}"),
            None => window,
        }
    }
}
