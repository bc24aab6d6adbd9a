//! What becomes of slots that fell due while nothing could fire. It sees slots and instants only, no store.

use std::{collections::VecDeque, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, time::delta};

/// How late a slot may be and still run under `none`.
pub const TOLERANCE: Duration = Duration::from_secs(60);
/// The most slots that `all` catches up.
pub const CATCH_UP_CAP: usize = 100;

/// The rule for slots that fell due while nothing could fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// The latest of them runs, if it is within the window; the others are missed.
    #[default]
    Latest,
    /// None runs, save one that is at most a minute late.
    None,
    /// All within the window run, one after the other, at most the latest 100.
    All,
}

/// Neighbouring slots that share one fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// How many.
    pub count: u64,
}

/// What becomes of overdue slots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The slots to run, oldest first.
    pub run: Vec<Timestamp>,
    /// The slots that are missed: always older than those to run.
    pub missed: Option<Passed>,
}

/// Decides over slots that fell due during an outage, given oldest first. Memory stays bounded however many they are.
pub fn decide(
    policy: Misfire,
    window: Duration,
    slots: impl IntoIterator<Item = Timestamp>,
    now: Timestamp,
) -> Plan {
    decide_late(policy, window, slots.into_iter().map(|slot| (slot, slot)), now)
}

/// The same for slots that come with the instant from which on each could have run: how late they are counts from there.
pub fn decide_late(
    policy: Misfire,
    window: Duration,
    slots: impl IntoIterator<Item = (Timestamp, Timestamp)>,
    now: Timestamp,
) -> Plan {
    let keep = match policy {
        Misfire::Latest | Misfire::None => 1,
        Misfire::All => CATCH_UP_CAP,
    };
    let oldest_kept = oldest_kept(policy, window, now);
    let mut run = VecDeque::with_capacity(keep.min(8) + 1);
    let mut missed: Option<Passed> = None;
    for (slot, from) in slots {
        run.push_back((slot, from));
        while run.len() > keep || too_old(run.front(), oldest_kept) {
            let (passed, _) = run.pop_front().expect("a slot was just pushed");
            missed = Some(extend(missed, passed));
        }
    }
    Plan { run: run.into_iter().map(|(slot, _)| slot).collect(), missed }
}

/// Slots before this instant are too old to be caught up.
pub fn oldest_kept(policy: Misfire, window: Duration, now: Timestamp) -> Option<Timestamp> {
    let reach = match policy {
        Misfire::Latest | Misfire::All => window,
        Misfire::None => TOLERANCE,
    };
    now.checked_sub_signed(delta(reach))
}

fn too_old(oldest: Option<&(Timestamp, Timestamp)>, limit: Option<Timestamp>) -> bool {
    oldest.zip(limit).is_some_and(|((_, from), limit)| *from < limit)
}

fn extend(range: Option<Passed>, slot: Timestamp) -> Passed {
    match range {
        Some(range) => Passed { last: slot, count: range.count + 1, ..range },
        None => Passed { first: slot, last: slot, count: 1 },
    }
}
