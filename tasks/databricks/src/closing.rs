//! The end of days (B.7): what was blocked is released, what was used becomes final, the report is written, and what is old is
//! forgotten. It takes no threshold into account and mails nothing but the report.
//!
//! Each day has four steps with a row of its own. They are done again until they are done, so whoever closes days may be
//! ended at any point, come late, or come twice. A step that does not work holds up no other, with one exception: there is
//! no report of what is not final.

mod due;
mod ending;
mod finalize;
mod legacy;
mod night;
mod problems;
mod purge;
mod report;
mod restore;
mod settle;
mod table;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use roundsman_task::TaskError;

pub use self::{
    due::{CATCH_UP_DAYS, DueDay, GRACE_MS, due, first_open},
    ending::Closing,
    legacy::{Imported, import},
    night::night,
    settle::{Known, Settle, Settled},
    table::{hours_minutes, print, total_ms},
};
use crate::{
    day::Day,
    enforce::Target,
    lab::Lab,
    mails::Post,
    poll::Observed,
    state::{Step, StepRow, StepState},
    uptime::PollInstant,
};

/// What became of the days that were to be closed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Closed {
    /// Up to this day all is closed; the row of the workspace says so already.
    pub last_closed: Option<NaiveDate>,
    /// The days that were not closed before, with their steps as they are now.
    pub days: BTreeMap<NaiveDate, BTreeMap<Step, StepRow>>,
    /// Whose groups may start their clusters again.
    pub released: Vec<Target>,
    /// What a person should know, one sentence each.
    pub problems: Vec<String>,
    /// In a dry run, what would have been done, one line each.
    pub planned: Vec<String>,
}

impl Closed {
    /// Whether a step is still to be done.
    pub fn is_open(&self) -> bool {
        self.days.values().flat_map(BTreeMap::values).any(|row| row.state != StepState::Done)
    }

    /// How many of the days are closed now.
    pub fn closed_days(&self) -> usize {
        let is_closed =
            |steps: &&BTreeMap<Step, StepRow>| steps.values().all(|row| row.state == StepState::Done);
        self.days.values().filter(is_closed).count()
    }

    /// On how many of the days a step is still to be done.
    pub fn open(&self, step: Step) -> usize {
        let rows = self.days.values().filter_map(|steps| steps.get(&step));
        rows.filter(|row| row.state != StepState::Done).count()
    }
}

/// Closes the days that ended a while ago and are not closed; for polls.
pub async fn close_due(
    lab: &Lab,
    observed: &Observed,
    post: &Post,
    at: PollInstant,
) -> Result<Closed, TaskError> {
    let mut closing = Closing::open(lab, at, GRACE_MS).await?;
    closing.restore().await?;
    closing.settle(observed, post).await?;
    closing.purge(post).await?;
    closing.finish().await
}

/// The first day whose usage is not final, or today: what a look at the workspace has to go back to. Days that wait for
/// nothing but a release do not count.
pub async fn since(lab: &Lab, at: PollInstant) -> Result<Day, TaskError> {
    Ok(Closing::open(lab, at, 0).await?.since())
}
