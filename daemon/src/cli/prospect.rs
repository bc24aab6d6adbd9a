//! What becomes of a slot to come, as things stand: the rules of the model asked ahead of time. It promises nothing: people
//! may resume, and runs may be in the way.

use chrono_tz::Tz;
use roundsman_model::{
    AfterBlackout, Pause, Reason, Timestamp,
    blackout::Window,
    verdict::{self, Circumstances},
};
use serde::Serialize;

use super::{plan::KnownTask, times};

/// What becomes of a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Prospect {
    /// It runs, if nothing is in the way then.
    Runs,
    /// It runs when the blackout over it ends.
    RunsAt(Timestamp, String),
    /// It is skipped.
    Skipped(Reason, String),
}

impl Prospect {
    /// A few words for a table; none where all goes its way.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            Self::Runs => None,
            Self::RunsAt(_, words) => Some(format!("runs when the {words} is over")),
            Self::Skipped(_, words) => Some(format!("skipped: {words}")),
        }
    }
}

/// What becomes of a task's slot at this instant.
pub(crate) fn of_slot(task: &KnownTask, slot: Timestamp) -> Prospect {
    let definition = &task.definition;
    let pauses = task.row.as_ref().map_or(&[][..], |row| &row.pauses);
    let circumstances = Circumstances { definition, pauses, outage: None, until: slot, now: slot };
    let decided = verdict::decide(&circumstances, std::iter::once(slot));
    if let Some(due) = decided.run.first() {
        return match due.not_before {
            Some(at) => Prospect::RunsAt(at, blackout_words(task, slot)),
            None => Prospect::Runs,
        };
    }
    let Some(passed) = decided.passed.into_iter().next() else { return Prospect::Runs };
    let words = match passed.reason {
        Reason::Paused => {
            let pause = pauses.iter().find(|pause| pause.covers(slot));
            pause.map_or_else(|| "paused".to_owned(), |pause| pause_words(pause, definition.timezone))
        }
        Reason::Blackout => blackout_words(task, slot),
        Reason::Disabled => "switched off".to_owned(),
        other => other.to_string(),
    };
    Prospect::Skipped(passed.reason, words)
}

/// `paused by ada@host-a since … until …: the database is being moved`.
pub(crate) fn pause_words(pause: &Pause, zone: Tz) -> String {
    let until = pause.until.map_or_else(String::new, |until| format!(" until {}", times::stamp(until, zone)));
    let since = times::stamp(pause.from, zone);
    format!("paused by {} since {since}{until}{}", pause.by, because(pause.reason.as_deref()))
}

/// The blackout over an instant: of several the one that lasts longest.
pub(crate) fn blackout(task: &KnownTask, at: Timestamp) -> Option<(Window, Option<&str>)> {
    let definition = &task.definition;
    let covering = definition.blackouts.iter().filter_map(|blackout| {
        let window = blackout.covering(at, definition.timezone)?;
        Some((window, blackout.reason.as_deref()))
    });
    covering.max_by_key(|(window, _)| window.until)
}

/// Whether the last slot of a blackout runs at its end.
pub(crate) fn catches_up(task: &KnownTask) -> bool {
    task.definition.after_blackout == AfterBlackout::Once
}

/// `blackout from … to …: stocktaking`.
pub(crate) fn blackout_words(task: &KnownTask, at: Timestamp) -> String {
    let zone = task.definition.timezone;
    blackout(task, at).map_or_else(
        || "blackout".to_owned(),
        |(window, reason)| {
            let (from, until) = (times::stamp(window.from, zone), times::stamp(window.until, zone));
            format!("blackout from {from} to {until}{}", because(reason))
        },
    )
}

fn because(reason: Option<&str>) -> String {
    let reason = reason.map(|reason| reason.trim().trim_end_matches('.')).filter(|reason| !reason.is_empty());
    reason.map_or_else(String::new, |reason| format!(": {}", super::look::clean(reason)))
}
