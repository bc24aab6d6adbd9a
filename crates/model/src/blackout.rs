//! Times at which slots are skipped: windows that a schedule opens. It knows no task and no pause.

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{HumanDuration, Schedule, Timestamp, time::delta};

/// Windows in which slots are skipped: each begins at a time of the schedule and lasts a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blackout {
    /// When windows begin.
    pub schedule: Schedule,
    /// How long each lasts.
    pub duration: HumanDuration,
    /// The zone of the schedule, where it is not the task's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Tz>,
    /// Why, for `why` and listings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What follows a blackout that covered slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterBlackout {
    /// Nothing: the next slot comes as it comes.
    #[default]
    Skip,
    /// The last of the slots it covered runs when it ends.
    Once,
}

impl AfterBlackout {
    /// Whether it is what tasks have that say nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::Skip
    }
}

/// One opening of a blackout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first instant in it.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Blackout {
    /// The window that covers an instant: of several the one that began last.
    pub fn covering(&self, at: Timestamp, zone: Tz) -> Option<Window> {
        let duration = delta(self.duration.get());
        let zone = self.timezone.unwrap_or(zone);
        let since = at.checked_sub_signed(duration).unwrap_or(Timestamp::MIN_UTC);
        let from = self.schedule.slots(since, at, zone).last()?;
        Some(Window { from, until: from.checked_add_signed(duration).unwrap_or(Timestamp::MAX_UTC) })
    }
}
