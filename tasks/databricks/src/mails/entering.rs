//! How a mail gets into the outbox: in whose words, to whom, under which ids. What it is about is told by whoever enters it.

use std::time::Duration;

use chrono::NaiveDate;
use roundsman_notify::{Address, Draft, Mail, Uuid};
use roundsman_task::{TaskError, Timestamp};

use super::{
    About, MailKind, Post,
    recipients::Recipients,
    templates::{Part, Values},
    texts::Written,
    words,
};

/// What makes a mail the one it is.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: MailKind,
    pub(super) cluster_id: Option<&'a str>,
    pub(super) day: NaiveDate,
    pub(super) seq: u64,
    pub(super) expires_at: Timestamp,
}

impl Post {
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

    pub(super) async fn tell(
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
    pub(super) async fn enter(
        &self,
        entry: Entry<'_>,
        recipients: Recipients,
        mail: Mail,
    ) -> Result<bool, TaskError> {
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

/// The id of a part of a mail that has more recipients than one may have; the first part has the mail's own.
pub(super) fn part(first: Uuid, number: u32) -> Uuid {
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
