//! What the report of a day tells as problems (C, 5), one sentence each. It finds out, and does nothing about them.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono_tz::Tz;
use roundsman_task::TaskError;

use super::{
    due::CATCH_UP_DAYS,
    ending::{Closing, told},
    settle::SAMPLING,
};
use crate::{
    api::scim::Directory,
    mails::Post,
    poll::Observed,
    quota::MeasureKind,
    state::{MeasureRow, MeasureState, Step, UsageRow},
    uptime::{Certainty, Interval},
};

/// A day that is closed later than this after its end is worth a word.
const LATE_MS: i64 = 60 * 60_000;
const HOUR_MS: i64 = 60 * 60_000;

impl Closing<'_> {
    /// All that a person should know about a day.
    pub(super) async fn problems_of(
        &mut self,
        index: usize,
        observed: &Observed,
        post: &Post,
    ) -> Result<Vec<String>, TaskError> {
        let mut problems = self.blocks(index).await?;
        problems.extend(self.measures(index, observed).await?);
        problems.extend(self.steps(index));
        problems.extend(self.lateness(index, observed));
        problems.extend(self.unsent(index, post).await?);
        problems.extend(self.polls().await?);
        problems.extend(observed.problems.iter().cloned());
        problems.extend(self.members(observed).await?);
        let mut seen = BTreeSet::new();
        problems.retain(|problem| seen.insert(problem.clone()));
        Ok(problems)
    }

    /// Groups that still may not start their clusters.
    async fn blocks(&self, index: usize) -> Result<Vec<String>, TaskError> {
        let date = self.days[index].date();
        let blocks = self.lab.state.blocks().await?;
        let left = blocks.values().filter(|block| block.day <= date).map(|block| {
            let error = block.error.as_deref().unwrap_or("it was not tried yet");
            format!("{} is still blocked since {}: {error}", block.name, block.day)
        });
        let never = self.impossible.iter().cloned();
        Ok(left.chain(never).collect())
    }

    /// Blocks that ended before the day did, and what was decided about clusters and did not come about.
    async fn measures(&self, index: usize, observed: &Observed) -> Result<Vec<String>, TaskError> {
        let (date, zone) = (self.days[index].date(), self.lab.zone());
        let measures = self.lab.state.measures(date).await?;
        let rows = self.days[index].rows.as_ref();
        let name = |id: &str| {
            let of_day = rows.and_then(|rows| rows.get(id)).map(|row| row.name.clone());
            let now = || observed.clusters.get(id).map(|seen| seen.row.name.clone());
            of_day.or_else(now).unwrap_or_else(|| id.to_owned())
        };
        let is_last = |row: &MeasureRow| {
            measures.iter().all(|other| {
                (&other.cluster_id, other.kind) != (&row.cluster_id, row.kind) || other.seq <= row.seq
            })
        };
        let told = measures.iter().filter(|row| is_last(row)).filter_map(|row| told_of(row, zone));
        Ok(told.map(|(id, told)| format!("{}: {told}", name(id))).collect())
    }

    /// What did not work at the first try, and days that have no report of their own.
    fn steps(&self, index: usize) -> Vec<String> {
        let steps = &self.days[index].steps;
        let failed = Step::ALL.into_iter().filter(|step| *step != Step::Restore).filter_map(|step| {
            let row = steps.get(&step)?;
            let error = row.error.as_deref()?;
            Some(format!("{} failed {} times, last with: {error}", step.as_str(), row.attempts))
        });
        let mut told: Vec<_> = failed.collect();
        let stale: Vec<_> = self.days.iter().filter(|ending| ending.due.is_stale).collect();
        let is_first = self.days.iter().position(|ending| !ending.due.is_stale) == Some(index);
        if let (true, Some(first), Some(last)) = (is_first, stale.first(), stale.last()) {
            told.push(format!(
                "{} to {} are more than {CATCH_UP_DAYS} days ago: they were closed with what was known of them, and have no report",
                first.date(),
                last.date()
            ));
        }
        told
    }

    /// Times that are not exact, and a day that is closed late.
    fn lateness(&self, index: usize, observed: &Observed) -> Vec<String> {
        let ending = &self.days[index];
        let mut told = Vec::new();
        let late_ms = self.at.at_ms - ending.due.day.end_ms();
        if late_ms > LATE_MS {
            let (hours, minutes) = (late_ms / HOUR_MS, late_ms % HOUR_MS / 60_000);
            told.push(format!("the day was closed late, {hours}h{minutes:02}m after its end"));
        }
        // Of clusters that are not managed only the list is asked, by design.
        let rows = ending.rows.iter().flatten().filter(|(_, row)| row.number.is_some());
        let mut named = |what: &str, counts: &dyn Fn(&str, &UsageRow) -> bool| {
            let names: Vec<_> =
                rows.clone().filter(|(id, row)| counts(id, row)).map(|(_, row)| row.name.as_str()).collect();
            if !names.is_empty() {
                told.push(format!("{what}: {}", names.join(", ")));
            }
        };
        let is_sampled = |row: &UsageRow| {
            row.origin.as_deref() == Some(SAMPLING) || row.usage.certainty == Some(Certainty::Sampled)
        };
        named("times known only from looks at the list", &|_, row| is_sampled(row));
        named("times of which a part is not known exactly", &|_, row| {
            !is_sampled(row) && row.usage.certainty == Some(Certainty::Mixed)
        });
        let (start_ms, end_ms) = (ending.due.day.start_ms(), ending.due.day.end_ms());
        let lags = |run: &Interval| {
            run.provisional && run.start_ms < end_ms && run.end_ms.is_none_or(|end| end > start_ms)
        };
        named("events of the end of a run were not there yet", &|id, _| {
            observed.clusters.get(id).is_some_and(|seen| seen.row.recent.iter().any(lags))
        });
        told
    }

    /// Mails that were given up since the report of the day before.
    async fn unsent(&self, index: usize, post: &Post) -> Result<Vec<String>, TaskError> {
        let day = self.days[index].due.day;
        let before = self.lab.state.steps(day.previous().date()).await?;
        let since_ms = before.get(&Step::Report).and_then(|row| row.done_ms).unwrap_or(day.start_ms());
        let since = DateTime::from_timestamp_millis(since_ms).unwrap_or_default();
        post.undelivered(since).await
    }

    /// Polls that fail.
    async fn polls(&self) -> Result<Option<String>, TaskError> {
        let workspace = self.lab.state.workspace().await?;
        let error = workspace.last_error.as_deref().unwrap_or("nothing is known of it");
        Ok((workspace.failures > 0)
            .then(|| format!("the last {} runs failed, the last one with: {error}", workspace.failures)))
    }

    /// Clusters of whose group nobody is there to be told anything. The same for all days.
    async fn members(&mut self, observed: &Observed) -> Result<Vec<String>, TaskError> {
        if let Some(told) = &self.members {
            return Ok(told.clone());
        }
        let found = match told(self.lab.workspace.scim().directory().await.map_err(TaskError::from))? {
            Ok(directory) => without_members(observed, &directory),
            Err(error) => vec![format!("who is in which group could not be asked: {error}")],
        };
        self.members = Some(found.clone());
        Ok(found)
    }
}

/// What the report tells of a measure of its day.
fn told_of(row: &MeasureRow, zone: Tz) -> Option<(&str, String)> {
    let what = match row.kind {
        MeasureKind::Revoke => "the block",
        MeasureKind::Terminate => "the termination",
        MeasureKind::Restore => "the release",
        MeasureKind::StopMail | MeasureKind::ReoffenceMail | MeasureKind::WarnMail => return None,
    };
    let error = row.error.as_deref().unwrap_or("nothing is known of it");
    let told = match row.state {
        MeasureState::Done if row.kind == MeasureKind::Restore => {
            let at = DateTime::from_timestamp_millis(row.done_ms.unwrap_or(row.asked_ms)).unwrap_or_default();
            format!(
                "it was below its limit again, and its block ended at {}",
                at.with_timezone(&zone).format("%H:%M")
            )
        }
        MeasureState::Done | MeasureState::Verifying => return None,
        MeasureState::Asked => format!("{what} failed {} times, last with: {error}", row.attempts),
        MeasureState::Impossible => format!("{what} was impossible: {error}"),
    };
    Some((&row.cluster_id, told))
}

fn without_members(observed: &Observed, directory: &Directory) -> Vec<String> {
    let told = observed.managed().filter_map(|(_, seen)| {
        let (name, group) = (&seen.row.name, seen.group()?);
        match directory.members_of(&group) {
            None => Some(format!("{name}: there is no group {group}")),
            Some(found) if !found.users.iter().any(|user| user.active) => {
                Some(format!("{name}: nobody is in {group}"))
            }
            Some(_) => None,
        }
    });
    told.collect()
}
