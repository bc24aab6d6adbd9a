//! Mails entered into the outbox, each once (B.6). Whether there is a reason for one is decided elsewhere, and sending them is
//! not done here.

use std::{sync::Arc, time::Duration};

use chrono::NaiveDate;
use roundsman_notify::{Address, Attachment, Mail, Outbox, Transport};
use roundsman_task::{Finding, TaskError};

use super::{
    About, Incident, MailKind, Report, carrier,
    entering::{Entry, part},
    incident::{self, Due},
    notices,
    recipients::{Members, Recipients, configured},
    report,
    templates::Templates,
    texts::{self, House},
    words,
};
use crate::{day::Day, lab::Lab, state::WorkspaceRow};

/// After this time a mail about a stop makes no sense any more.
const STOP_FOR: Duration = Duration::from_hours(12);
/// The same for reports, and for digests.
const REPORT_FOR: Duration = Duration::from_hours(48);
/// The same for failing polls, and for new starts.
const INCIDENT_FOR: Duration = Duration::from_hours(6);
/// A warning makes no sense any more when the cluster has been off for this time.
const OFF_FOR_MS: i64 = 30 * 60_000;

/// The mails of a lab. One is opened by each run; it cannot fail, for no run fails because of mail: what is wrong with its
/// configuration is among its [`problems`](Self::problems).
pub struct Post {
    pub(super) lab: Lab,
    pub(super) outbox: Outbox,
    /// Who carries mails; absent if nothing is to be mailed.
    pub(super) carrier: Option<Result<Arc<dyn Transport>, String>>,
    pub(super) house: House,
    pub(super) templates: Templates,
    pub(super) members: Members,
}

impl Post {
    /// The mails of this lab. Nothing is asked of anybody yet.
    pub fn open(lab: &Lab) -> Self {
        let config = &lab.config;
        let carrier = config.mail_enabled.then(|| carrier::carrier(lab));
        let known = carrier.as_ref().and_then(|carrier| carrier.as_deref().ok());
        let policy = carrier::policy(lab, known);
        let templates = config.mail_templates.as_deref().map(Templates::read).unwrap_or_default();
        let house = House {
            label: config.label().to_owned(),
            zone: lab.zone(),
            contact: config.admin_email.first().unwrap_or_default().to_owned(),
            hard_ms: (config.max_uptime_min * 60_000.0).round() as i64,
        };
        let outbox = Outbox::new(&lab.cx, lab.state.mail(), policy);
        Self { lab: lab.clone(), outbox, carrier, house, templates, members: Members::default() }
    }

    /// What a person should know of how mail is set up: templates that cannot be used, credentials that are missing.
    pub fn problems(&self) -> Vec<String> {
        let carrier = self.carrier.as_ref().and_then(|carrier| carrier.as_ref().err());
        let told = carrier.map(|told| format!("nothing can be mailed: {told}"));
        self.templates.problems().iter().cloned().chain(told).collect()
    }

    /// The same as findings of a look before anything is mailed. Whether mails arrive is only seen by sending one.
    pub fn findings(&self) -> Vec<Finding> {
        const ADVICE: &str = "mend the file, or remove it: until then our own text is sent";
        let templates = self.templates.problems().iter();
        let mut findings: Vec<_> =
            templates.map(|told| Finding::warning("read texts of mails", told.clone(), ADVICE)).collect();
        findings.push(match &self.carrier {
            None => Finding::ok("mail", "mail_enabled is false: nobody is told anything"),
            Some(Ok(_)) => Finding::ok("mail", "it is set up; the action test-email sends one"),
            Some(Err(told)) => {
                let advice = "complete acs_… or smtp and the credentials `mail`, or set mail_enabled = false";
                Finding::failure("mail", told.clone(), advice)
            }
        });
        findings
    }

    /// Tells the group that the limit is near. True if the mail is in the outbox now, or was before; also if nothing is to be
    /// mailed at all. In a dry run nothing is entered, and it is true only if it was before.
    pub async fn warn(&self, about: &About) -> Result<bool, TaskError> {
        self.tell(MailKind::Warn, about, texts::warn(about, &self.house), words::utc(about.reset_ms)).await
    }

    /// Tells the group that its cluster was stopped. What is returned is as for [`warn`](Self::warn).
    pub async fn stop(&self, about: &About) -> Result<bool, TaskError> {
        let written = texts::stop(about, &self.house);
        self.tell(MailKind::Stop, about, written, words::utc(about.at_ms) + STOP_FOR).await
    }

    /// Tells admins that the cluster was started in spite of its block. What is returned is as for [`warn`](Self::warn).
    pub async fn reoffence(&self, about: &About, user: Option<&str>) -> Result<bool, TaskError> {
        let written = texts::reoffence(about, user, &self.house);
        self.tell(MailKind::Reoffence, about, written, words::utc(about.at_ms) + INCIDENT_FOR).await
    }

    /// A cluster went off at this instant: a warning that is not sent half an hour later is not sent at all. True if there is
    /// one that waits.
    pub async fn cluster_is_off(
        &self,
        cluster_id: &str,
        day: NaiveDate,
        at_ms: i64,
    ) -> Result<bool, TaskError> {
        if !self.enters() {
            return Ok(false);
        }
        let until = words::utc(at_ms.saturating_add(OFF_FOR_MS));
        let first = MailKind::Warn.id(&self.lab.host(), Some(cluster_id), day, 0);
        let mut waits = false;
        for number in 0.. {
            let id = part(first, number);
            if !self.outbox.knows(id).await? {
                break;
            }
            waits |= self.outbox.amend(id, |_, expires_at| *expires_at = until.min(*expires_at)).await?;
        }
        Ok(waits)
    }

    /// Polls fail: tells admins after the third, or at once if we are not let in, and then not again for 24 hours. Notes in the
    /// row what was told; the caller keeps it. True if admins have been told.
    pub async fn failing(
        &self,
        row: &mut WorkspaceRow,
        incident: &Incident,
        now_ms: i64,
    ) -> Result<bool, TaskError> {
        let seq = match incident::failing(row, incident.is_refused, now_ms) {
            Due::NotYet => return Ok(false),
            Due::Told => return Ok(true),
            Due::Tell(seq) => seq,
        };
        let since_ms = row.failing_since_ms.unwrap_or(now_ms);
        let error = row.last_error.as_deref().unwrap_or("nothing is known of it");
        let written = notices::failing(incident, since_ms, row.failures, error, &self.house);
        let day = Day::at(since_ms, self.house.zone).date();
        let is_told = self.tell_admins(MailKind::Incident, day, seq.into(), written, INCIDENT_FOR).await?;
        if is_told {
            (row.incident_told_ms, row.incident_seq) = (Some(now_ms), seq);
        }
        Ok(is_told)
    }

    /// Polls work again: tells admins, if they were told that they failed. Notes in the row that there is nothing left to tell;
    /// the caller keeps it, and forgets the failures in it only afterwards.
    pub async fn recovered(&self, row: &mut WorkspaceRow, now_ms: i64) -> Result<bool, TaskError> {
        let (Some(seq), Some(told_ms)) = (incident::recovered(row), row.incident_told_ms) else {
            return Ok(true);
        };
        let since_ms = row.failing_since_ms.unwrap_or(told_ms);
        let written = notices::recovered(since_ms, now_ms, &self.house);
        let day = Day::at(since_ms, self.house.zone).date();
        let is_told = self.tell_admins(MailKind::Incident, day, seq.into(), written, INCIDENT_FOR).await?;
        if is_told {
            (row.incident_told_ms, row.incident_seq) = (None, seq.saturating_add(1));
        }
        Ok(is_told)
    }

    /// Sends out the report of a closed day, with what is wrong with mail itself. What is returned is as for [`warn`](Self::warn).
    pub async fn report(&self, report: &Report) -> Result<bool, TaskError> {
        let mut whole = report.clone();
        whole.problems.extend(self.problems());
        let written = report::write(&whole, &self.house);
        let attachment = Attachment {
            name: format!("usage-{}.csv", report.day),
            media_type: "text/csv".to_owned(),
            text: report::csv(report, self.house.zone)?,
        };
        let mail = Mail { attachments: vec![attachment], ..self.mail(&written) };
        let to = configured(&self.lab.config.report_recipients);
        let recipients = Recipients { to, cc: self.admins() };
        let expires_at = self.lab.cx.now() + REPORT_FOR;
        let entry = Entry { kind: MailKind::Report, cluster_id: None, day: report.day, seq: 0, expires_at };
        self.enter(entry, recipients, mail).await
    }

    /// Whether anything is entered at all.
    pub(super) fn enters(&self) -> bool {
        self.carrier.is_some() && !self.lab.is_dry
    }

    pub(super) fn admins(&self) -> Vec<Address> {
        configured(&self.lab.config.admin_email)
    }
}
