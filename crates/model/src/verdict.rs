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
    /// Up to which instant slots are due, and from where it counts how late they are: the end of the outage, less the
    /// task's jitter.
    pub until: Timestamp,
    /// When this is decided: a pause or blackout that holds now also bears on what is caught up.
    pub now: Timestamp,
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
    /// The earliest instant of its run: the end of the blackout that covered it or that holds when it is caught up.
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

/// Decides over due slots, given oldest first. The slots are walked twice, so that memory stays bounded by the slots to
/// run, the pauses and the windows of blackouts, however many slots there are.
///
/// A pause or a blackout that holds now also bears on slots from before it that are to be caught up: while the task is
/// paused they are missed, and in a blackout their runs wait for its end.
pub fn decide(circumstances: &Circumstances<'_>, slots: impl Iterator<Item = Timestamp> + Clone) -> Decided {
    let mut judge = Judge::new(circumstances);
    let eligible = slots.clone().filter_map(|slot| match judge.stance(slot) {
        Stance::Run(not_before) => Some((slot, not_before.unwrap_or(slot))),
        Stance::Skip(_) => None,
    });
    let catching_up = CatchingUp::of(circumstances);
    let run = match &catching_up {
        CatchingUp::NotNeeded => eligible.map(|(slot, _)| slot).collect(),
        CatchingUp::Refused(..) => Vec::new(),
        CatchingUp::From(..) => {
            let definition = circumstances.definition;
            let (policy, window) = (definition.misfire, definition.window.get());
            misfire::decide_late(policy, window, eligible, circumstances.until).run
        }
    };
    let mut judge = Judge::new(circumstances);
    let mut ledger = Ledger::default();
    for slot in slots {
        match judge.stance(slot) {
            Stance::Run(own) if run.binary_search(&slot).is_ok() => {
                let not_before = own.max(catching_up.not_before());
                ledger.decided.run.push(Due { slot, not_before });
                ledger.last = None;
            }
            Stance::Run(_) => ledger.pass(slot, catching_up.because()),
            Stance::Skip(because) => ledger.pass(slot, because),
        }
    }
    ledger.decided
}

/// How slots that fell due during an outage may be caught up.
enum CatchingUp<'a> {
    /// There was none.
    NotNeeded,
    /// Not at all: the task is paused now.
    Refused(&'a Outage, &'a Pause),
    /// From this instant on, or at once.
    From(&'a Outage, Option<Timestamp>),
}

impl<'a> CatchingUp<'a> {
    fn of(circumstances: &Circumstances<'a>) -> Self {
        let Some(outage) = circumstances.outage else { return Self::NotNeeded };
        let definition = circumstances.definition;
        let now = circumstances.now;
        match circumstances.pauses.iter().find(|pause| pause.covers(now)) {
            Some(pause) => Self::Refused(outage, pause),
            None => Self::From(outage, end_of_darkness(definition, now)),
        }
    }

    fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::From(_, not_before) => *not_before,
            Self::NotNeeded | Self::Refused(..) => None,
        }
    }

    fn because(&self) -> Because<'a> {
        match self {
            Self::NotNeeded => Because::PassedOver,
            Self::Refused(outage, pause) => Because::AwayThenPaused(outage, pause),
            Self::From(outage, _) => Because::Away(outage),
        }
    }
}

/// Why a slot does not run. Neighbours with the same reason share a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Because<'a> {
    SwitchedOff,
    Paused(&'a Pause),
    Dark(&'a Blackout, Window),
    Away(&'a Outage),
    AwayThenPaused(&'a Outage, &'a Pause),
    PassedOver,
}

impl Because<'_> {
    const fn verdict(&self) -> (Verdict, Reason) {
        match self {
            Self::SwitchedOff => (Verdict::Skipped, Reason::Disabled),
            Self::Paused(_) => (Verdict::Skipped, Reason::Paused),
            Self::Dark(..) => (Verdict::Skipped, Reason::Blackout),
            Self::Away(outage) | Self::AwayThenPaused(outage, _) => (Verdict::Missed, outage.reason),
            Self::PassedOver => (Verdict::Missed, Reason::Misfire),
        }
    }

    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::SwitchedOff => "the task was switched off".to_owned(),
            Self::Paused(pause) => pause.words(),
            Self::Dark(blackout, window) => blackout.words(*window),
            Self::Away(outage) => outage.detail.clone(),
            Self::AwayThenPaused(outage, pause) => format!("{}, then {}", outage.detail, pause.words()),
            Self::PassedOver => return None,
        })
    }
}

/// What was decided so far, and why the last slot was passed over, if it was.
#[derive(Default)]
struct Ledger<'a> {
    decided: Decided,
    last: Option<Because<'a>>,
}

impl<'a> Ledger<'a> {
    fn pass(&mut self, slot: Timestamp, because: Because<'a>) {
        let same = self.last.is_some_and(|last| last == because);
        if let Some(range) = self.decided.passed.last_mut().filter(|_| same) {
            range.slots = Passed { last: slot, count: range.slots.count + 1, ..range.slots };
            return;
        }
        let (verdict, reason) = because.verdict();
        let slots = Passed { first: slot, last: slot, count: 1 };
        self.decided.passed.push(PassedOver { slots, verdict, reason, detail: because.detail() });
        self.last = Some(because);
    }
}

enum Stance<'a> {
    Run(Option<Timestamp>),
    Skip(Because<'a>),
}

/// Looks at slots in their order; remembers how long the last look at a blackout holds.
struct Judge<'a> {
    circumstances: &'a Circumstances<'a>,
    blackouts: Vec<Sight<'a>>,
    /// The end of a window, and when no blackout holds any more after it.
    darkness: Option<(Timestamp, Timestamp)>,
}

struct Sight<'a> {
    blackout: &'a Blackout,
    window: Option<Window>,
    holds_until: Option<Timestamp>,
}

impl<'a> Judge<'a> {
    fn new(circumstances: &'a Circumstances<'a>) -> Self {
        let sight = |blackout| Sight { blackout, window: None, holds_until: None };
        let blackouts = circumstances.definition.blackouts.iter().map(sight).collect();
        Self { circumstances, blackouts, darkness: None }
    }

    fn stance(&mut self, slot: Timestamp) -> Stance<'a> {
        let definition = self.circumstances.definition;
        if !definition.enabled {
            return Stance::Skip(Because::SwitchedOff);
        }
        if let Some(pause) = self.circumstances.pauses.iter().find(|pause| pause.covers(slot)) {
            return Stance::Skip(Because::Paused(pause));
        }
        let covering = self
            .blackouts
            .iter_mut()
            .filter_map(|sight| Some((sight.look(slot, definition.timezone)?, sight.blackout)));
        let Some((window, blackout)) = covering.max_by_key(|(window, _)| window.until) else {
            return Stance::Run(None);
        };
        match self.runs_after(slot, window) {
            Some(end) => Stance::Run(Some(end)),
            None => Stance::Skip(Because::Dark(blackout, window)),
        }
    }

    /// The end of the blackout, if the slot is the one that runs then: the last that it covers.
    fn runs_after(&mut self, slot: Timestamp, window: Window) -> Option<Timestamp> {
        let definition = self.circumstances.definition;
        if definition.after_blackout == AfterBlackout::Skip {
            return None;
        }
        let end = match self.darkness {
            Some((until, end)) if until == window.until => end,
            _ => end_of_darkness(definition, window.until).unwrap_or(window.until),
        };
        self.darkness = Some((window.until, end));
        let next = definition.schedule.as_ref().and_then(|all| all.next_after(slot, definition.timezone));
        next.is_none_or(|next| next >= end).then_some(end)
    }
}

/// Windows that follow each other without a gap are one time of darkness; a chain longer than this is cut.
const LONGEST_CHAIN: usize = 1_000;

/// When no blackout holds any more, if one holds at an instant.
fn end_of_darkness(definition: &TaskDefinition, at: Timestamp) -> Option<Timestamp> {
    let window_end = |at| {
        let windows = definition.blackouts.iter().filter_map(|one| one.covering(at, definition.timezone));
        windows.map(|window| window.until).max()
    };
    std::iter::successors(window_end(at), |end| window_end(*end)).take(LONGEST_CHAIN).last()
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
