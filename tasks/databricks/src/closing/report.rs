//! The third step: the report of a day is entered into the outbox, once. How it looks, and that it is sent, is not its matter.

use roundsman_task::TaskError;

use super::{
    ending::{Closing, told},
    table,
};
use crate::{
    config::Unmanaged,
    mails::{Post, Report},
    poll::Observed,
    state::Step,
};

impl Closing<'_> {
    /// Enters the report of a day whose usage is final, even if somebody is still blocked; the report says so.
    pub(super) async fn report(
        &mut self,
        index: usize,
        observed: &Observed,
        post: &Post,
    ) -> Result<(), TaskError> {
        let ending = &self.days[index];
        let is_final = ending.is_done(Step::Finalize) || self.lab.is_dry;
        if ending.is_done(Step::Report) || !is_final {
            return Ok(());
        }
        if ending.due.is_stale {
            let note = "too long ago for a report of its own".to_owned();
            return self.note(index, Step::Report, Ok(Some(note))).await;
        }
        let report = self.report_of(index, observed, post).await;
        let result = match told(report)? {
            Err(error) => Err(error),
            Ok(report) if self.lab.is_dry => {
                let date = report.day;
                self.planned.push(format!("{date}: report {} clusters", report.rows.len()));
                Ok(None)
            }
            Ok(report) => match told(post.report(&report).await)? {
                Ok(_) if self.lab.config.mail_enabled => Ok(None),
                Ok(_) => Ok(Some("nothing is mailed".to_owned())),
                Err(error) => Err(error),
            },
        };
        self.note(index, Step::Report, result).await
    }

    /// What is to be told about a day.
    async fn report_of(
        &mut self,
        index: usize,
        observed: &Observed,
        post: &Post,
    ) -> Result<Report, TaskError> {
        let day = self.days[index].date();
        if self.days[index].rows.is_none() {
            self.days[index].rows = Some(self.lab.state.usage(day).await?);
        }
        let problems = self.problems_of(index, observed, post).await?;
        let rows = self.days[index].rows.get_or_insert_default();
        let unmanaged = match self.lab.config.unmanaged {
            Unmanaged::Ignore => Vec::new(),
            Unmanaged::Report | Unmanaged::Enforce => table::unmanaged(rows),
        };
        let managed = observed.managed().count();
        Ok(Report { day, rows: table::managed(rows), managed, unmanaged, problems })
    }
}
