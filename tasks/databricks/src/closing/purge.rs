//! The last step: what is old is forgotten, but never what clusters used (B.7, B.8). What an open day still needs is not old.

use chrono::{NaiveDate, TimeDelta};
use roundsman_task::TaskError;

use super::ending::{Closing, told};
use crate::{
    day::Day,
    mails::Post,
    state::{ClusterRow, Step},
};

/// How long measures and steps are kept, in days; the outbox keeps mails just as long.
const MEASURES_DAYS: i64 = 365;

impl Closing<'_> {
    /// Forgets what is old, once for all days.
    pub async fn purge(&mut self, post: &Post) -> Result<(), TaskError> {
        let waiting = self.waiting_for(Step::Purge);
        let Some(&last) = waiting.last() else {
            return Ok(());
        };
        if self.lab.is_dry {
            return Ok(());
        }
        let day = self.days[last].due.day;
        let result = told(self.forget(&day, post).await)?;
        for index in waiting {
            self.note(index, Step::Purge, result.clone()).await?;
        }
        Ok(())
    }

    async fn forget(&self, day: &Day, post: &Post) -> Result<Option<String>, TaskError> {
        let retention = i64::from(self.lab.config.retention_days.get());
        let before_ms = self.needed_from_ms().min(days_before(day, retention).start_ms());
        for (id, row) in self.lab.state.clusters().await? {
            self.forget_cluster(&id, &row, before_ms).await?;
        }
        let mails = post.purge().await?;
        self.lab.state.forget_days_before(days_before(day, MEASURES_DAYS).date()).await?;
        Ok((mails > 0).then(|| format!("{mails} mails forgotten")))
    }

    /// A cluster that was deleted long ago goes as a whole.
    async fn forget_cluster(&self, id: &str, row: &ClusterRow, before_ms: i64) -> Result<(), TaskError> {
        if row.deleted_ms.is_some_and(|deleted_ms| deleted_ms < before_ms) {
            self.lab.state.forget_before(id, i64::MAX).await?;
            return self.lab.state.delete_cluster(id).await;
        }
        self.lab.state.forget_before(id, before_ms).await
    }

    /// From when on something is needed for days that are not final yet; intervals that reach into a day begin before it.
    fn needed_from_ms(&self) -> i64 {
        let open = self.waiting_for(Step::Finalize);
        let first = open.first().map_or(self.today, |&index| self.days[index].due.day);
        first.previous().start_ms()
    }
}

fn days_before(day: &Day, days: i64) -> Day {
    let date = day.date().checked_sub_signed(TimeDelta::days(days)).unwrap_or(NaiveDate::MIN);
    Day::of(date, day.zone())
}
