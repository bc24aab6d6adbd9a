//! Warnings that pile up (B.6): where too many wait for too long, students get theirs without a copy to admins, and those get
//! one digest. It drops no warning.

use std::time::Duration;

use roundsman_notify::{Mail, Record, Transport, Uuid};
use roundsman_task::TaskError;

use super::{MailKind, Post, notices};
use crate::day::Day;

/// A warning that is not sent within this time is late.
const LATE: Duration = Duration::from_mins(30);
/// So long digests make sense.
const MAKES_SENSE_FOR: Duration = Duration::from_hours(6);
/// The most characters of a warning in a digest.
const LONGEST: usize = 300;
/// What an entry of a digest begins with.
const ENTRY: &str = "- ";

impl Post {
    /// Takes copies off late warnings and puts them into a digest, if there are too many. The digest comes first: after a crash
    /// in between it is found again, and says nothing twice.
    pub(super) async fn merge_copies(
        &self,
        carrier: &dyn Transport,
        open: &[(Uuid, Record)],
    ) -> Result<(), TaskError> {
        let most = self.lab.config.digest_threshold as usize;
        if open.iter().filter(|(_, record)| record.kind == MailKind::Warn.as_str()).count() <= most {
            return Ok(());
        }
        let late_from = self.lab.cx.now() + LATE;
        let turns = self.outbox.outlook(carrier).await?.turns;
        let late = turns.into_iter().filter(|(_, at)| *at > late_from).filter_map(|(id, _)| {
            let (_, record) = open.iter().find(|(own, _)| *own == id)?;
            (record.kind == MailKind::Warn.as_str()).then_some((id, record))
        });
        let late: Vec<_> = late.collect();
        let copied: Vec<_> = late.iter().filter(|(_, record)| !record.mail.cc.is_empty()).collect();
        if late.len() <= most || copied.is_empty() {
            return Ok(());
        }
        self.enter_digest(copied.iter().map(|(_, record)| entry(&record.mail)).collect()).await?;
        for (id, _) in copied {
            self.outbox.amend(*id, |mail, _| mail.cc.clear()).await?;
        }
        Ok(())
    }

    /// Enters a digest, or adds to the one of the day that is not sent yet.
    async fn enter_digest(&self, entries: Vec<String>) -> Result<(), TaskError> {
        let day = Day::at(self.lab.cx.now().timestamp_millis(), self.house.zone).date();
        for seq in 0.. {
            let id = MailKind::Digest.id(&self.lab.host(), None, day, seq);
            if !self.outbox.knows(id).await? {
                let written = notices::digest(entries, &self.house);
                self.tell_admins(MailKind::Digest, day, seq, written, MAKES_SENSE_FOR).await?;
                break;
            }
            let add = |mail: &mut Mail, _: &mut _| {
                let known: Vec<String> = mail
                    .text
                    .lines()
                    .filter_map(|line| line.strip_prefix(ENTRY))
                    .map(str::to_owned)
                    .collect();
                let new = entries.iter().filter(|entry| !known.contains(entry)).cloned();
                let all: Vec<String> = known.iter().cloned().chain(new).collect();
                let whole = self.mail(&notices::digest(all, &self.house));
                (mail.subject, mail.text, mail.html) = (whole.subject, whole.text, whole.html);
            };
            if self.outbox.amend(id, add).await? {
                break;
            }
        }
        Ok(())
    }
}

/// What a warning says, on one line: its beginning, which may be in the lab's own words.
fn entry(mail: &Mail) -> String {
    let subject = mail.subject.split_once("] ").map_or(mail.subject.as_str(), |(_, subject)| subject);
    let first = mail.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    format!("{subject}. {}", first.trim()).chars().take(LONGEST).collect()
}
