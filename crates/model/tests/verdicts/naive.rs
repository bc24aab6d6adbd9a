//! The same decision in the plainest way: every slot in a list, every window in a list, no memory from one slot to the next.

use std::time::Duration;

use chrono::TimeDelta;
use roundsman_model::{AfterBlackout, Blackout, Misfire, Reason, TaskDefinition, Timestamp, Verdict};

use crate::scene::Scene;

/// What becomes of a slot: the earliest start if it runs, or verdict and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Runs(Option<Timestamp>),
    Passed(Verdict, Reason),
}

/// Windows of a blackout that touch a stretch of time, found by asking each minute whether it is an opening.
pub(crate) fn windows(
    blackout: &Blackout,
    zone: chrono_tz::Tz,
    from: Timestamp,
    until: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let zone = blackout.timezone.unwrap_or(zone);
    let duration = TimeDelta::from_std(blackout.duration.get()).unwrap();
    let mut windows = Vec::new();
    let mut minute = from - duration - TimeDelta::seconds(i64::from(from.timestamp().rem_euclid(60) as i32));
    while minute <= until {
        if blackout.schedule.is_slot(minute, zone) && minute + duration > from {
            windows.push((minute, minute + duration));
        }
        minute += TimeDelta::minutes(1);
    }
    windows
}

/// The windows of all blackouts, those that overlap or touch made one.
fn darkness(definition: &TaskDefinition, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut all: Vec<_> = definition
        .blackouts
        .iter()
        .flat_map(|blackout| windows(blackout, definition.timezone, from, until))
        .collect();
    all.sort_unstable();
    let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, until) in all {
        match merged.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = last.1.max(until),
            None => merged.push((from, until)),
        }
    }
    merged
}

/// Every slot with its fate.
pub(crate) fn decide(scene: &Scene) -> Vec<(Timestamp, Fate)> {
    let definition = &scene.definition;
    let schedule = definition.schedule.as_ref().unwrap();
    // The last slot of a darkness that goes on is found by looking beyond the end.
    let horizon = scene.until + TimeDelta::days(3);
    let all: Vec<Timestamp> = schedule.slots(scene.after, horizon, definition.timezone).collect();
    let dark = darkness(definition, scene.after, horizon);
    let within = |at: Timestamp| dark.iter().copied().find(|(from, until)| *from <= at && at < *until);
    let paused = |at: Timestamp| scene.pauses.iter().any(|pause| pause.covers(at));
    let mut fates = Vec::new();
    for (index, slot) in all.iter().enumerate().filter(|(_, slot)| **slot <= scene.until) {
        let next = all.get(index + 1).copied().unwrap_or(Timestamp::MAX_UTC);
        let last_of = within(*slot).filter(|(_, until)| next >= *until);
        let fate = if !definition.enabled {
            Fate::Passed(Verdict::Skipped, Reason::Disabled)
        } else if paused(*slot) {
            Fate::Passed(Verdict::Skipped, Reason::Paused)
        } else {
            match (within(*slot), definition.after_blackout, last_of) {
                (None, ..) => Fate::Runs(None),
                (Some(_), AfterBlackout::Once, Some((_, until))) => Fate::Runs(Some(until)),
                (Some(_), ..) => Fate::Passed(Verdict::Skipped, Reason::Blackout),
            }
        };
        fates.push((*slot, fate));
    }
    if let Some(outage) = &scene.outage {
        let now = scene.now();
        let missed = Fate::Passed(Verdict::Missed, outage.reason);
        let mut left = if paused(now) { 0 } else { most(definition.misfire) };
        let reach = match definition.misfire {
            Misfire::None => Duration::from_secs(60),
            Misfire::Latest | Misfire::All => definition.window.get(),
        };
        let oldest = scene.until - TimeDelta::from_std(reach).unwrap();
        for (slot, fate) in fates.iter_mut().rev() {
            let Fate::Runs(from) = fate else { continue };
            if left == 0 || from.unwrap_or(*slot) < oldest {
                *fate = missed.clone();
            } else {
                left -= 1;
                *from = (*from).max(within(now).map(|(_, until)| until));
            }
        }
    }
    fates
}

const fn most(misfire: Misfire) -> usize {
    match misfire {
        Misfire::Latest | Misfire::None => 1,
        Misfire::All => 100,
    }
}
