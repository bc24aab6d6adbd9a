//! What changes of the clocks do to a schedule, for people who wonder. It decides nothing: slots come from elsewhere.

use std::{fmt, ops::Range};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{
    WallTimes, describe,
    wall_clock::{Rule, Shift, next_shift, wall_at},
};

/// What a change of the clocks does to some of a schedule's times. Its text is one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The slot concerned, or the change of the clocks itself where none or several are.
    pub at: DateTime<Utc>,
    /// What becomes of the times.
    pub effect: Effect,
    times: Vec<i64>,
    more: usize,
    shift: Shift,
    zone: Tz,
}

/// What becomes of wall-clock times that a zone skips or repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They do not exist; they share one slot when the clocks have gone forward.
    RunsAfterGap,
    /// They do not exist and have no slot.
    Dropped,
    /// They occur twice; each has its slot the first time.
    RunsFirstTime,
    /// They occur twice and have a slot each time.
    RunsBothTimes,
    /// They occur twice and have a slot each time; this is the first.
    FirstOfBoth,
    /// They occur twice and have a slot each time; this is the second.
    SecondOfBoth,
}

/// So many times are named before the rest is only counted.
const NAMED_TIMES: usize = 3;
/// More than any clock is ever put back.
const NEAR_SECS: i64 = 27 * 3600;

/// What a change of the clocks does to one slot.
pub(super) fn slot(times: &WallTimes<'_>, slot: i64, zone: Tz) -> Option<Explanation> {
    let wall = wall_at(zone, slot);
    shifts(slot - NEAR_SECS, slot + NEAR_SECS, zone).into_iter().find_map(|shift| {
        if let Some(gap) = shift.gap() {
            let moved = slot == shift.at && times.rule == Rule::Fixed && shift.moves_slots();
            return moved.then(|| explanation(times, gap, Effect::RunsAfterGap, shift, zone)).flatten();
        }
        let repeated = shift.overlap().is_some_and(|overlap| overlap.contains(&wall));
        let effect = match times.rule {
            Rule::Fixed => Effect::RunsFirstTime,
            Rule::FollowsClock if slot < shift.at => Effect::FirstOfBoth,
            Rule::FollowsClock => Effect::SecondOfBoth,
        };
        let found = repeated.then(|| explanation(times, wall..wall + 1, effect, shift, zone)).flatten()?;
        Some(Explanation { at: instant(slot), ..found })
    })
}

/// What the changes of the clocks after one instant and up to another do.
pub(super) fn between(times: &WallTimes<'_>, after: i64, until: i64, zone: Tz) -> Vec<Explanation> {
    let explain = |shift: Shift| {
        if let Some(gap) = shift.gap() {
            let moves = times.rule == Rule::Fixed && shift.moves_slots();
            let effect = if moves { Effect::RunsAfterGap } else { Effect::Dropped };
            return explanation(times, gap, effect, shift, zone);
        }
        let effect = match times.rule {
            Rule::Fixed => Effect::RunsFirstTime,
            Rule::FollowsClock => Effect::RunsBothTimes,
        };
        explanation(times, shift.overlap()?, effect, shift, zone)
    };
    shifts(after, until, zone).into_iter().filter_map(explain).collect()
}

fn shifts(after: i64, until: i64, zone: Tz) -> Vec<Shift> {
    let first = next_shift(zone, after, until);
    std::iter::successors(first, |shift| next_shift(zone, shift.at, until)).collect()
}

/// The explanation for those of the schedule's times that lie in the range, if there are any.
fn explanation(
    times: &WallTimes<'_>,
    range: Range<i64>,
    effect: Effect,
    shift: Shift,
    zone: Tz,
) -> Option<Explanation> {
    let within = |mark: i64| times.next_after(mark).filter(|wall| range.contains(wall));
    let mut due = std::iter::successors(within(range.start - 1), |wall| within(*wall));
    let times: Vec<i64> = due.by_ref().take(NAMED_TIMES).collect();
    let more = due.count();
    (!times.is_empty()).then(|| Explanation { at: instant(shift.at), effect, times, more, shift, zone })
}

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.times[0];
        let mut times: Vec<String> = self.times.iter().map(|wall| describe::clock(*wall, false)).collect();
        if self.more > 0 {
            times.push(format!("{} more", self.more));
        }
        let one = times.len() == 1;
        let date = describe::clock(first.div_euclid(86_400) * 86_400, true);
        let date = date.trim_end_matches(" 00:00");
        let gap = matches!(self.effect, Effect::RunsAfterGap | Effect::Dropped);
        let verb = match (gap, one) {
            (true, true) => "does not exist",
            (true, false) => "do not exist",
            (false, true) => "occurs twice",
            (false, false) => "occur twice",
        };
        let (from, to) = (self.shift.from(), self.shift.to());
        // Midnight is named with its date, or nobody knows which one is meant.
        let dated = from.div_euclid(86_400) != to.div_euclid(86_400);
        let (from, to) = (describe::clock(from, dated), describe::clock(to, dated));
        let go = if gap { "go" } else { "go back" };
        write!(
            f,
            "{} {verb} on {date} in {} (clocks {go} from {from} to {to}): ",
            describe::list(&times),
            self.zone
        )?;
        match self.effect {
            Effect::RunsAfterGap if one => write!(f, "runs at {to}"),
            Effect::RunsAfterGap => write!(f, "run once, at {to}"),
            Effect::Dropped if one => f.write_str("does not run"),
            Effect::Dropped => f.write_str("do not run"),
            Effect::RunsFirstTime if one => f.write_str("runs the first time"),
            Effect::RunsFirstTime => f.write_str("run the first time"),
            Effect::RunsBothTimes if one => f.write_str("runs both times"),
            Effect::RunsBothTimes => f.write_str("run both times"),
            Effect::FirstOfBoth => f.write_str("runs both times, this is the first"),
            Effect::SecondOfBoth => f.write_str("runs both times, this is the second"),
        }
    }
}
