//! The second step: what clusters used on a day becomes final. What a row says is `settle`'s.

use std::collections::BTreeMap;

use roundsman_task::TaskError;

use super::{
    ending::{Closing, told},
    settle::{Known, Settle},
    table::{hours_minutes, total_ms},
};
use crate::{
    config::Unmanaged,
    mails::Post,
    poll::Observed,
    state::{Step, UsageRow},
    uptime::Interval,
};

impl Closing<'_> {
    /// Makes what was used on the days final and enters their reports, day by day.
    pub async fn settle(&mut self, observed: &Observed, post: &Post) -> Result<(), TaskError> {
        for index in 0..self.days.len() {
            if !self.days[index].is_done(Step::Finalize) {
                let result = told(self.finalize(index, observed).await)?;
                self.note(index, Step::Finalize, result).await?;
            }
            self.report(index, observed, post).await?;
        }
        Ok(())
    }

    /// Computes the rows of a day and keeps them, up to a thousand in one batch. Returns what is worth telling of them.
    async fn finalize(&mut self, index: usize, observed: &Observed) -> Result<Option<String>, TaskError> {
        let due = self.days[index].due;
        let date = due.day.date();
        let existing = self.lab.state.usage(date).await?;
        let measures = self.lab.state.measures(date).await?;
        let clusters = self.known(index, observed).await?;
        let settled = Settle {
            day: &due.day,
            now_ms: self.at.at_ms,
            clusters: &clusters,
            existing: &existing,
            measures: &measures,
            quota: &self.lab.quota,
            is_stale: due.is_stale,
            recompute: self.recompute,
        }
        .settle();
        self.lab.state.settle_usage(date, &settled.changed, &settled.gone).await?;
        let mut rows: BTreeMap<String, UsageRow> = existing;
        rows.extend(settled.changed);
        rows.retain(|id, _| !settled.gone.contains(id));
        let told = format!("{} clusters, {}", rows.len(), hours_minutes(total_ms(&rows)));
        if self.lab.is_dry {
            self.planned.push(format!("{date}: make final what was used: {told}"));
        }
        self.problems.extend(settled.larger_before.iter().map(|id| {
            let name = rows.get(id).map_or(id.as_str(), |row| row.name.as_str());
            format!("{date}: {name} has a final row that says more than its events do now; it stays")
        }));
        self.days[index].rows = Some(rows);
        Ok(Some(if due.is_stale { format!("{told}; too long ago for events") } else { told }))
    }

    /// The clusters whose time counts, with all intervals that may lie on the day.
    async fn known<'o>(
        &mut self,
        index: usize,
        observed: &'o Observed,
    ) -> Result<BTreeMap<String, Known<'o>>, TaskError> {
        let is_past = self.is_again || self.days[index].due.is_stale;
        let mut clusters = BTreeMap::new();
        for (id, seen) in &observed.clusters {
            if seen.row.number.is_none() && self.lab.config.unmanaged == Unmanaged::Ignore {
                continue;
            }
            let mut intervals = seen.row.recent.clone();
            if is_past {
                intervals.extend(self.put_away(id).await?);
            }
            clusters.insert(id.clone(), Known { row: &seen.row, intervals });
        }
        Ok(clusters)
    }

    /// Intervals that were put away. All of them: one may have begun long before the day.
    async fn put_away(&mut self, id: &str) -> Result<Vec<Interval>, TaskError> {
        if let Some(known) = self.old_intervals.get(id) {
            return Ok(known.clone());
        }
        let old = self.lab.state.old_intervals(id, 0).await?;
        self.old_intervals.insert(id.to_owned(), old.clone());
        Ok(old)
    }
}
