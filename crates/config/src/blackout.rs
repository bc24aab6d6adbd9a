//! Blackouts: from the tables of a `blackout` key to windows, and what can be wrong with them. It skips no slot.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use roundsman_model::{Blackout, HumanDuration, Schedule};

use crate::{
    draft::Draft,
    node::{Entry, Node},
    pass::Pass,
    tables::BlackoutTable,
};

/// Patterns of wall-clock times repeat, so that any years stand for all: eight have two leap days.
const FIRST_SECS: i64 = 1_767_225_600;
const LOOKED_AT_DAYS: i64 = 8 * 366;
/// After so many looks, what was always so counts as always so.
const MOST_LOOKS: usize = 20_000;

/// The blackouts of a key. `zone` is that of entries that name none; without it, it is the task's.
pub(crate) fn blackouts(
    pass: &mut Pass<'_>,
    key: Option<&Entry>,
    tables: &[BlackoutTable],
    zone: Option<Tz>,
) -> Vec<Blackout> {
    let made = |table: &BlackoutTable| Blackout {
        // Whether they can be read was checked with the table.
        schedule: Schedule::cron(&table.schedule).expect("the pattern was checked"),
        duration: table.duration,
        timezone: table.timezone.as_deref().and_then(|zone| zone.parse().ok()).or(zone),
        reason: table.reason.clone(),
    };
    let blackouts: Vec<Blackout> = tables.iter().map(made).collect();
    for (index, blackout) in blackouts.iter().enumerate() {
        if let Some((what, expected)) = overlapping(blackout) {
            let node = key.map(|key| key.node.follow(&format!("[{index}].duration")));
            pass.drafts.push(problem(node, &what).expected(expected));
        }
    }
    blackouts
}

/// A blackout as a row of `config show` has it.
pub(crate) fn shown(blackout: &Blackout) -> String {
    let zone = blackout.timezone.map(|zone| format!(" in {zone}")).unwrap_or_default();
    let reason = blackout.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} for {}{zone}{reason}", blackout.schedule, blackout.duration)
}

/// Whether every slot of a schedule lies in one of these blackouts.
pub(crate) fn cover_all(blackouts: &[Blackout], schedule: &Schedule, zone: Tz) -> bool {
    let once = matches!(schedule, Schedule::At(_));
    let first = if once { DateTime::<Utc>::MIN_UTC } else { first() };
    let horizon = if once { DateTime::<Utc>::MAX_UTC } else { first + TimeDelta::days(LOOKED_AT_DAYS) };
    let mut after = first;
    let mut covered = false;
    for _ in 0..MOST_LOOKS {
        let next = schedule.next_after(after, zone).filter(|slot| *slot < horizon);
        let Some(slot) = next else { break };
        let windows = blackouts.iter().filter_map(|blackout| blackout.covering(slot, zone));
        let Some(until) = windows.map(|window| window.until).max() else { return false };
        covered = true;
        // Everything up to the end of the window is covered by it.
        after = until - TimeDelta::seconds(1);
    }
    covered
}

/// What is wrong with the duration of a blackout beside the time between its openings, and what would be right.
fn overlapping(blackout: &Blackout) -> Option<(String, String)> {
    let (shortest, longest) = gaps(&blackout.schedule)?;
    let duration = TimeDelta::from_std(blackout.duration.get()).unwrap_or(TimeDelta::MAX);
    let said = |gap: TimeDelta| HumanDuration::from(gap.to_std().unwrap_or_default());
    if duration < shortest || duration == shortest && longest > shortest {
        return None;
    }
    let what = if duration == longest {
        format!("this never ends: the window opens again every {}, when it closes", said(longest))
    } else {
        format!("this is longer than the time between two openings, which is {} at least", said(shortest))
    };
    let word = if longest > shortest { "at most" } else { "less than" };
    Some((what, format!("{word} {}", said(shortest))))
}

/// The shortest and the longest time between two openings, on clocks that never change.
fn gaps(schedule: &Schedule) -> Option<(TimeDelta, TimeDelta)> {
    let until = first() + TimeDelta::days(LOOKED_AT_DAYS);
    let openings = || schedule.slots(first(), until, Tz::UTC).take(MOST_LOOKS);
    let gaps = openings().zip(openings().skip(1)).map(|(one, next)| next - one);
    gaps.fold(None, |bounds, gap| {
        let (shortest, longest) = bounds.unwrap_or((gap, gap));
        Some((shortest.min(gap), longest.max(gap)))
    })
}

fn problem(node: Option<&Node>, what: &str) -> Draft {
    Draft::new(node.map_or("", |node| &node.path), node.map(|node| &node.span), what)
}

fn first() -> DateTime<Utc> {
    DateTime::from_timestamp(FIRST_SECS, 0).expect("it is a time of our age")
}
