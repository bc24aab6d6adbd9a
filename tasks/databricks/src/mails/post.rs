//! Mails entered into the outbox, each once (B.6). Whether there is a reason for one is decided elsewhere, and sending them is
//! not done here.

use std::{sync::Arc, time::Duration};

use chrono::NaiveDate;
use roundsman_notify::{Address, Attachment, Draft, Mail, Outbox, Transport, Uuid};
use roundsman_task::{TaskError, Timestamp};

use super::{
    About, Incident, MailKind, Report, carrier, incident,
    incident::Due,
    notices,
    recipients::{Members, Recipients, configured},
    report,
    templates::{Part, Templates, Values},
    texts::{self, House, Written},
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
    templates: Templates,
    members: Members,
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

    /// Sends out the report of a closed day. What is returned is as for [`warn`](Self::warn).
    pub async fn report(&self, report: &Report) -> Result<bool, TaskError> {
        let written = report::write(report, &self.house);
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

    /// The clusters' groups among these that have no active member, so that mails to them go to admins.
    pub async fn groups_without_members<'a>(
        &self,
        groups: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<&'a str>, TaskError> {
        let mut without = Vec::new();
        for group in groups {
            if self.members.of(&self.lab.workspace, self.lab.cx.now(), group).await?.is_empty() {
                without.push(group);
            }
        }
        Ok(without)
    }

    /// Whether anything is entered at all.
    pub(super) fn enters(&self) -> bool {
        self.carrier.is_some() && !self.lab.is_dry
    }

    pub(super) fn admins(&self) -> Vec<Address> {
        configured(&self.lab.config.admin_email)
    }

    /// A mail that says this, to nobody yet.
    pub(super) fn mail(&self, written: &Written) -> Mail {
        Mail {
            subject: self.house.subject(&written.subject),
            text: written.letter.text(),
            html: Some(written.letter.html()),
            ..Mail::default()
        }
    }

    pub(super) async fn tell_admins(
        &self,
        kind: MailKind,
        day: NaiveDate,
        seq: u64,
        written: Written,
        makes_sense_for: Duration,
    ) -> Result<bool, TaskError> {
        let expires_at = self.lab.cx.now() + makes_sense_for;
        let recipients = Recipients { to: self.admins(), cc: Vec::new() };
        let entry = Entry { kind, cluster_id: None, day, seq, expires_at };
        self.enter(entry, recipients, self.mail(&written)).await
    }

    async fn tell(
        &self,
        kind: MailKind,
        about: &About,
        written: Written,
        expires_at: Timestamp,
    ) -> Result<bool, TaskError> {
        let cluster_id = Some(about.cluster_id.as_str());
        let entry = Entry { kind, cluster_id, day: about.day, seq: 0, expires_at };
        let mut mail = self.own_words(kind, about, self.mail(&written));
        if self.carrier.is_none() || self.lab.is_dry || self.outbox.knows(self.id(&entry)).await? {
            return self.enter(entry, Recipients::default(), mail).await;
        }
        let mut recipients = Recipients { to: self.admins(), cc: Vec::new() };
        if let (Some(group), MailKind::Warn | MailKind::Stop) = (&about.group, kind) {
            match self.members_of(group).await? {
                Ok(members) => {
                    let copies = std::mem::replace(&mut recipients.to, members);
                    mail.reply_to.clone_from(&copies);
                    recipients.cc = if self.lab.config.cc_admin { copies } else { Vec::new() };
                }
                Err(why) => note(&mut mail, &why),
            }
        }
        self.enter(entry, recipients, mail).await
    }

    /// The members of a group, or why the mail goes to admins instead.
    async fn members_of(&self, group: &str) -> Result<Result<Vec<Address>, String>, TaskError> {
        let shown = words::name(group);
        match self.members.of(&self.lab.workspace, self.lab.cx.now(), group).await {
            Ok(members) if members.is_empty() => {
                Ok(Err(format!("This mail comes to you because {shown} has no active member.")))
            }
            Ok(members) => Ok(Ok(members)),
            // Waiting for a right that we do not have helps nobody.
            Err(TaskError::Permanent { cause } | TaskError::Config { cause }) => Ok(Err(format!(
                "This mail comes to you because the members of {shown} cannot be read: {cause}"
            ))),
            Err(error) => Err(error),
        }
    }

    /// The mail in the lab's own words, where it has some.
    fn own_words(&self, kind: MailKind, about: &About, mail: Mail) -> Mail {
        let values = Values::of(about, &self.house);
        let fill = |part| self.templates.fill(kind, part, &values);
        let (subject, text, html) = (fill(Part::Subject), fill(Part::Text), fill(Part::Html));
        let shown = |text: &String| {
            format!(
                "<html><body>\n<p dir=\"auto\" style=\"white-space: pre-wrap\">{}</p>\n</body></html>\n",
                words::escape(text)
            )
        };
        let html = html.or_else(|| text.as_ref().map(shown)).or(mail.html);
        let subject = subject.map(|subject| {
            let line: String =
                subject.trim().chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
            self.house.subject(&line)
        });
        Mail { subject: subject.unwrap_or(mail.subject), text: text.unwrap_or(mail.text), html, ..mail }
    }

    fn id(&self, entry: &Entry<'_>) -> Uuid {
        entry.kind.id(&self.lab.host(), entry.cluster_id, entry.day, entry.seq)
    }

    /// Enters a mail, as several if it has more recipients than one may have; the first of them last, so that it is known only
    /// when all are.
    async fn enter(&self, entry: Entry<'_>, recipients: Recipients, mail: Mail) -> Result<bool, TaskError> {
        if self.carrier.is_none() {
            return Ok(true);
        }
        let first = self.id(&entry);
        if self.lab.is_dry {
            tracing::info!("would mail ({}): {}", entry.kind.as_str(), mail.subject);
            return self.outbox.knows(first).await;
        }
        if self.outbox.knows(first).await? {
            return Ok(true);
        }
        let parts: Vec<_> = (0..).zip(recipients.parts()).collect();
        for (number, Recipients { to, cc }) in parts.into_iter().rev() {
            let draft = Draft {
                id: part(first, number),
                kind: entry.kind.as_str().to_owned(),
                priority: entry.kind.priority(),
                mail: Mail { to, cc, ..mail.clone() },
                expires_at: entry.expires_at,
            };
            self.count(entry.kind.as_str(), "entered", u32::from(self.outbox.enter(draft).await?));
        }
        Ok(true)
    }
}

/// What makes a mail the one it is.
#[derive(Clone, Copy)]
struct Entry<'a> {
    kind: MailKind,
    cluster_id: Option<&'a str>,
    day: NaiveDate,
    seq: u64,
    expires_at: Timestamp,
}

/// The id of a part of a mail that has more recipients than one may have; the first part has the mail's own.
fn part(first: Uuid, number: u32) -> Uuid {
    if number == 0 { first } else { Uuid::new_v5(&first, format!("part {number}").as_bytes()) }
}

/// Says something before everything else.
fn note(mail: &mut Mail, what: &str) {
    mail.text = format!("{what}\n\n{}", mail.text);
    if let Some(html) = &mut mail.html {
        let note = format!("<p dir=\"auto\"><em>{}</em></p>\n", words::escape(what));
        match html.find("<body>") {
            Some(at) => html.insert_str(at + "<body>".len(), &format!("\n{}", note.trim_end())),
            None => html.insert_str(0, &note),
        }
    }
}
