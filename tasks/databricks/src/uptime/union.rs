//! One cluster's intervals from both sources as one set of disjoint ones (B.4.2). How long they last is not its matter.
//!
//! Physically, a sampled interval that overlaps one from events is the same run, seen worse. So where an event tells a
//! boundary, nothing sampled counts beyond it; where the events only guess, what was sampled still counts.

use super::interval::{Interval, Source};

/// The union, sorted and disjoint. It does not depend on the order or repetition of the intervals, and the union of a
/// union is itself.
pub fn union(intervals: &[Interval]) -> Vec<Interval> {
    let (events, samples): (Vec<_>, Vec<_>) =
        intervals.iter().cloned().partition(|interval| interval.source == Source::Events);
    let events = join(events);
    let mut all: Vec<_> = join(samples).iter().flat_map(|run| what_is_left(run, &events)).collect();
    all.extend(events);
    all.sort();
    all
}

/// Makes one interval of those that overlap.
fn join(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| interval.start_ms < interval.end_or_max());
    intervals.sort();
    let mut joined: Vec<Interval> = Vec::new();
    for next in intervals {
        match joined.last_mut().filter(|last| last.overlaps(&next)) {
            Some(last) => absorb(last, next),
            None => joined.push(next),
        }
    }
    joined
}

/// Takes in an interval that begins no earlier.
fn absorb(run: &mut Interval, next: Interval) {
    if next.start_ms == run.start_ms {
        run.start_exact |= next.start_exact;
    }
    if next.end_or_max() > run.end_or_max() {
        run.end_ms = next.end_ms;
        run.end_exact = next.end_exact;
        run.end_reason = next.end_reason;
    } else if next.end_ms == run.end_ms {
        run.end_exact |= next.end_exact;
        run.end_reason = run.end_reason.take().or(next.end_reason);
    }
    run.provisional |= next.provisional;
    run.last_seen_ms = run.last_seen_ms.max(next.last_seen_ms);
    run.driver_start_ms = run.driver_start_ms.or(next.driver_start_ms);
    run.started_by = run.started_by.take().or(next.started_by);
}

/// The parts of a sampled run that no event tells about and no exact boundary excludes.
fn what_is_left(run: &Interval, events: &[Interval]) -> Vec<Interval> {
    let overlapping: Vec<_> = events.iter().filter(|event| event.overlaps(run)).collect();
    let mut left = Vec::new();
    let mut before: Option<&Interval> = None;
    for &event in &overlapping {
        let is_excluded = event.start_exact && before.is_none_or(|before| before.end_exact);
        let from_ms = before.map_or(run.start_ms, Interval::end_or_max);
        if !is_excluded && from_ms < event.start_ms {
            left.push(part(run, from_ms, Some(event.start_ms)));
        }
        before = Some(event);
    }
    let from_ms = before.map_or(run.start_ms, Interval::end_or_max);
    if before.is_none_or(|before| !before.end_exact) && from_ms < run.end_or_max() {
        left.push(part(run, from_ms, run.end_ms));
    }
    left
}

fn part(run: &Interval, start_ms: i64, end_ms: Option<i64>) -> Interval {
    let mut part = Interval { start_ms, end_ms, ..run.clone() };
    part.last_seen_ms = run.last_seen_ms.filter(|seen| (start_ms..=part.end_or_max()).contains(seen));
    part.start_exact &= start_ms == run.start_ms;
    part.end_exact &= end_ms == run.end_ms;
    if end_ms != run.end_ms {
        part.end_reason = None;
    }
    part
}
