//! Intervals from events (B.4.1): the state machine over the events of a window, its start state, and what the list adds
//! where the events lag behind. It does not fetch them.

mod lag;

use super::{
    event::{Event, EventKind, in_order},
    interval::{Interval, Source},
    listed::{Listed, Presence},
    union::union,
};

/// How far a window begins before what is already known: events may show up late.
const OVERLAP_MS: i64 = 10 * 60_000;
/// How much later than RUNNING the driver's start may be stamped.
const DRIVER_SLACK_MS: i64 = 5_000;

/// Where a run begins to count: the option `count_from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CountFrom {
    /// At the launch of the driver node, if a poll saw it; else at RUNNING.
    #[default]
    Driver,
    /// At RUNNING.
    Running,
    /// At the request to start.
    Pending,
}

/// All that the intervals of a cluster follow from.
#[derive(Debug, Clone, Copy)]
pub struct Rebuild<'a> {
    /// The start of the window, see [`fetch_from`].
    pub from_ms: i64,
    /// The one `now` of the poll.
    pub now_ms: i64,
    /// Where a run begins to count.
    pub count_from: CountFrom,
    /// The intervals as they are kept.
    pub known: &'a [Interval],
    /// The events as they are kept, in any order; those before the window do not count.
    pub events: &'a [Event],
    /// The last event before the window; only looked at if [`needs_event_before`].
    pub before: Option<&'a Event>,
    /// What the list says.
    pub presence: Presence,
}

/// Since when events are to be fetched. `cursor_ms` is the latest stored event or the last successful fetch, and
/// `day_start_ms` the start of the day, or of the first one that is not closed yet.
pub fn fetch_from(known: &[Interval], cursor_ms: Option<i64>, day_start_ms: i64) -> i64 {
    // What was sampled before there were any events is to be replaced as a whole.
    let is_unsettled = |interval: &&Interval| {
        interval.provisional || (cursor_ms.is_none() && interval.source == Source::Sample)
    };
    let unsettled = known.iter().filter(is_unsettled);
    // An end that only the list told lies after the last poll that saw the cluster run.
    let since = unsettled.map(|interval| match (interval.source, interval.end_ms) {
        (Source::Events, Some(_)) => interval.last_seen_ms.unwrap_or(interval.start_ms),
        (Source::Events, None) | (Source::Sample, _) => interval.start_ms,
    });
    let since = since.chain(cursor_ms).fold(day_start_ms, i64::min);
    since.saturating_sub(OVERLAP_MS)
}

/// Whether no kept interval tells the state at the start of the window, so that the last event before it has to.
pub fn needs_event_before(known: &[Interval], from_ms: i64) -> bool {
    !known.iter().any(|interval| covers(interval, from_ms))
}

/// The intervals of a cluster, sorted and disjoint: those before the window as they were kept, those of the window from
/// the events. Order and repetition of events do not matter.
pub fn rebuild(input: &Rebuild<'_>) -> Vec<Interval> {
    let mut kept = union(input.known);
    let covering = kept.iter().find(|interval| covers(interval, input.from_ms)).cloned();
    kept.retain(|interval| interval.end_or_max() <= input.from_ms);
    let closed_ms = kept.iter().filter_map(|interval| interval.end_ms).max();
    let mut machine = Machine::new(input, covering, closed_ms);
    let events = in_order(input.events, input.from_ms);
    for event in &events {
        machine.step(event);
    }
    machine.finish(events.last().map(|event| event.at_ms));
    kept.append(&mut machine.done);
    kept
}

fn covers(interval: &Interval, at_ms: i64) -> bool {
    interval.start_ms < at_ms && interval.end_or_max() > at_ms
}

/// A start that was asked for.
#[derive(Debug, Clone)]
struct Pending {
    at_ms: i64,
    user: Option<String>,
}

/// The state after some of the events.
struct Machine<'a> {
    input: &'a Rebuild<'a>,
    on: Option<Interval>,
    /// The last event that says that it runs; what was stamped before tells nothing about the present run.
    running_ms: i64,
    pending: Option<Pending>,
    /// The end of the last run; no later run begins before it.
    closed_ms: Option<i64>,
    done: Vec<Interval>,
}

impl<'a> Machine<'a> {
    /// The state at the start of the window.
    fn new(input: &'a Rebuild<'a>, covering: Option<Interval>, closed_ms: Option<i64>) -> Self {
        let mut machine =
            Self { input, on: None, running_ms: i64::MIN, pending: None, closed_ms, done: Vec::new() };
        // Of a run that is known to have ended, the event that began it tells nothing about now, although its end was lost.
        let before = input.before.filter(|event| closed_ms.is_none_or(|closed| event.at_ms >= closed));
        match (covering, before, input.presence) {
            (Some(covering), _, _) => {
                // Where it ends is for the events to tell.
                let source = Source::Events;
                let end = Interval { end_ms: None, end_exact: false, end_reason: None, source, ..covering };
                machine.on = Some(Interval { provisional: false, ..end });
            }
            (None, Some(event), _) => machine.step(event),
            (None, None, Presence::Listed(listed)) if listed.state.is_on() => {
                if listed.last_restarted_ms.is_some_and(|at| at < input.from_ms) {
                    machine.on = Some(Interval::open(input.from_ms, Source::Events));
                }
            }
            (None, None, _) => {}
        }
        machine
    }

    fn step(&mut self, event: &Event) {
        match event.kind {
            EventKind::Creating | EventKind::Starting => {
                if let Some(on) = self.on.take() {
                    let end_ms = self.last_seen(on.start_ms, event.at_ms).unwrap_or(event.at_ms);
                    self.close(on, end_ms, false, None);
                }
                self.expect_start(event);
            }
            EventKind::Running => {
                if self.on.is_none() {
                    self.open(event);
                }
                self.pending = None;
                self.running_ms = event.at_ms;
            }
            EventKind::Restarting => {
                if let Some(on) = self.on.take() {
                    self.close(on, event.at_ms, true, Some(event.kind.as_str().to_owned()));
                }
                self.closed_ms = self.closed_ms.max(Some(event.at_ms));
                self.expect_start(event);
            }
            EventKind::Terminating => {
                self.terminate(event);
                self.closed_ms = self.closed_ms.max(Some(event.at_ms));
            }
        }
    }

    fn terminate(&mut self, event: &Event) {
        let pending = self.pending.take();
        if let Some(on) = self.on.take() {
            self.close(on, event.at_ms, true, event.reason.clone());
        } else if let (Some(pending), CountFrom::Pending) = (pending, self.input.count_from) {
            let mut never_ran = Interval::open(self.not_before_last(pending.at_ms), Source::Events);
            never_ran.start_exact = true;
            never_ran.started_by = pending.user;
            self.close(never_ran, event.at_ms, true, event.reason.clone());
        }
    }

    /// CREATING and STARTING may both tell of one start, and only one of them who asked for it.
    fn expect_start(&mut self, event: &Event) {
        let earlier = self.pending.take().and_then(|pending| pending.user);
        self.pending = Some(Pending { at_ms: event.at_ms, user: event.user.clone().or(earlier) });
    }

    fn open(&mut self, running: &Event) {
        let pending = self.pending.take();
        let driver_start_ms = self.driver_start(pending.as_ref(), running.at_ms);
        let asked_ms = pending.as_ref().map(|pending| pending.at_ms);
        let start_ms = match self.input.count_from {
            // Without a known request there is nothing that the launch of the driver must not precede.
            CountFrom::Driver => asked_ms.and(driver_start_ms),
            CountFrom::Running => None,
            CountFrom::Pending => asked_ms,
        };
        let mut on = Interval::open(self.not_before_last(start_ms.unwrap_or(running.at_ms)), Source::Events);
        on.start_exact = self.input.count_from != CountFrom::Pending || asked_ms.is_some();
        on.driver_start_ms = driver_start_ms;
        on.started_by = pending.and_then(|pending| pending.user).or_else(|| running.user.clone());
        self.on = Some(on);
    }

    /// The launch of the driver that belongs to a run: the list tells it while the run lasts, later only what was kept.
    fn driver_start(&self, pending: Option<&Pending>, running_ms: i64) -> Option<i64> {
        let from = pending.map(|pending| pending.at_ms).or(self.closed_ms).unwrap_or(i64::MIN);
        let kept = self.input.known.iter().filter_map(|interval| interval.driver_start_ms);
        let listed = self.listed().and_then(|listed| listed.driver_start_ms);
        kept.chain(listed).filter(|at| (from..=running_ms + DRIVER_SLACK_MS).contains(at)).max()
    }

    fn close(&mut self, mut on: Interval, end_ms: i64, exact: bool, reason: Option<String>) {
        let end_ms = end_ms.max(on.start_ms);
        self.closed_ms = self.closed_ms.max(Some(end_ms));
        on.last_seen_ms = self.last_seen(on.start_ms, end_ms);
        on.end_ms = Some(end_ms);
        on.end_exact = exact;
        on.end_reason = reason;
        if on.start_ms < end_ms {
            self.done.push(on);
        }
    }

    fn not_before_last(&self, at_ms: i64) -> i64 {
        self.closed_ms.map_or(at_ms, |closed| closed.max(at_ms))
    }

    /// The last poll within a time that saw the cluster run.
    fn last_seen(&self, from_ms: i64, until_ms: i64) -> Option<i64> {
        let seen = self.input.known.iter().filter_map(|interval| interval.last_seen_ms);
        seen.filter(|at| (from_ms..=until_ms).contains(at)).max()
    }

    fn listed(&self) -> Option<Listed> {
        match self.input.presence {
            Presence::Listed(listed) => Some(listed),
            Presence::Gone => None,
        }
    }
}
