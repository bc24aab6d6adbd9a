//! Intervals from looks at the list (B.4.2), for when there are no events. It knows only what the list stamps, so runs
//! that were not seen count as far as the list remembers them.

use super::{
    interval::{Interval, Source},
    listed::{Listed, Presence, State},
    union::union,
};

/// Launches of a driver that are no further apart are the same.
const SAME_START_MS: i64 = 1_000;

/// The intervals of a cluster after one more look at it. `previous_ms` is when it was last looked at.
pub fn sample(
    known: &[Interval],
    presence: Presence,
    previous_ms: Option<i64>,
    now_ms: i64,
) -> Vec<Interval> {
    let mut intervals = union(known);
    match presence {
        Presence::Gone => close_open(&mut intervals, None, false),
        Presence::Listed(listed) => match driver_start(&listed) {
            Some(start_ms) => see(&mut intervals, start_ms, now_ms),
            None if listed.state.is_on() => see_without_start(&mut intervals, now_ms),
            None if listed.state.is_unclear() => {}
            None => see_off(&mut intervals, &listed, previous_ms),
        },
    }
    intervals.sort();
    intervals
}

/// The launch of the driver; a cluster that is on without one started when the list says so.
fn driver_start(listed: &Listed) -> Option<i64> {
    listed.driver_start_ms.or(listed.last_restarted_ms.filter(|_| listed.state.is_on()))
}

/// The cluster runs, and did so since `start_ms`.
fn see(intervals: &mut Vec<Interval>, start_ms: i64, now_ms: i64) {
    let is_same = |interval: &Interval| {
        let starts = [Some(interval.start_ms), interval.driver_start_ms];
        starts.into_iter().flatten().any(|known| known.abs_diff(start_ms) <= SAME_START_MS as u64)
    };
    if let Some(open) = intervals.iter_mut().find(|interval| interval.end_ms.is_none() && is_same(interval)) {
        open.last_seen_ms = Some(now_ms);
        return;
    }
    close_open(intervals, None, false);
    let mut run = Interval::open(start_ms, Source::Sample);
    run.last_seen_ms = Some(now_ms);
    run.driver_start_ms = Some(start_ms);
    intervals.push(run);
}

/// The cluster runs, and nothing tells since when.
fn see_without_start(intervals: &mut Vec<Interval>, now_ms: i64) {
    if let Some(open) = intervals.iter_mut().find(|interval| interval.end_ms.is_none()) {
        open.last_seen_ms = Some(now_ms);
        return;
    }
    let mut run = Interval::open(now_ms, Source::Sample);
    run.last_seen_ms = Some(now_ms);
    intervals.push(run);
}

/// The cluster does not run. It may have run without being seen.
fn see_off(intervals: &mut Vec<Interval>, listed: &Listed, previous_ms: Option<i64>) {
    // While it is on its way off there is no stamp yet; the next look settles the end.
    close_open(intervals, Some(listed), listed.state == State::Terminating);
    let (Some(start_ms), Some(end_ms)) = (listed.last_restarted_ms, listed.terminated_ms) else {
        return;
    };
    let mut missed = Interval::open(start_ms, Source::Sample);
    missed.end_ms = Some(end_ms);
    let is_new = previous_ms.is_none_or(|previous| start_ms > previous);
    if is_new && start_ms < end_ms && !intervals.iter().any(|known| known.overlaps(&missed)) {
        intervals.push(missed);
    }
}

/// Closes what is open, and what the last look closed without a stamp, where the list says or else where it was last seen.
fn close_open(intervals: &mut Vec<Interval>, listed: Option<&Listed>, provisional: bool) {
    for open in intervals.iter_mut() {
        if open.end_ms.is_some() && !(open.provisional && open.source == Source::Sample) {
            continue;
        }
        let seen_ms = open.end_ms.or(open.last_seen_ms).unwrap_or(open.start_ms).max(open.start_ms);
        // A start after the last look began another run, and the stamp belongs to that one.
        let stamp_ms = listed
            .filter(|listed| listed.last_restarted_ms.is_none_or(|restarted| restarted <= seen_ms))
            .and_then(|listed| listed.terminated_ms)
            .filter(|&stamp| stamp >= seen_ms);
        open.end_ms = Some(stamp_ms.unwrap_or(seen_ms));
        open.end_exact = false;
        open.provisional = provisional && stamp_ms.is_none();
    }
    intervals.retain(|interval| interval.start_ms < interval.end_or_max());
}
