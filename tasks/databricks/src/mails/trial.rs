//! A mail that somebody asks for to see whether mail works (D.6): sent at once, within the same limits as all others, and
//! followed to its end. It touches no other mail.

use std::time::Duration;

use roundsman_notify::{Address, Draft, Mail, Outbox, Policy, Record, State, Transport, Uuid};
use roundsman_task::{TaskError, Timestamp};

use super::{MailKind, Post, carrier, notices};
use crate::day::Day;

/// So soon its fate is asked for; other mails have more time.
const CONFIRM_AFTER: Duration = Duration::from_secs(5);
/// What is left of the attempt's time when nothing more is waited for.
const RESERVE: Duration = Duration::from_secs(20);
/// The pause between two looks where nothing says how long it is.
const PAUSE: Duration = Duration::from_secs(5);

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The mail's id.
    pub id: Uuid,
    /// Where it stands.
    pub state: State,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Post {
    /// Sends a mail to somebody, or to the first admin, and waits until nothing more is to be learnt of it or the time is used
    /// up; then it is not sent later either. Another attempt of the same run follows the same mail.
    pub async fn test(&self, to: Option<&str>) -> Result<Tested, TaskError> {
        let carrier = match &self.carrier {
            None => return Err(TaskError::config("mail_enabled is false: nothing is mailed")),
            Some(Err(told)) => return Err(TaskError::config(format!("nothing can be mailed: {told}"))),
            Some(Ok(carrier)) => carrier.as_ref(),
        };
        let mail = self.trial(to)?;
        let (cx, now) = (&self.lab.cx, self.lab.cx.now());
        let day = Day::at(now.timestamp_millis(), self.house.zone).date();
        let number = u64::try_from(cx.run_id().0).unwrap_or_default();
        let id = MailKind::Test.id(&self.lab.host(), None, day, number);
        let policy = Policy { confirm_after: CONFIRM_AFTER, ..carrier::policy(&self.lab, Some(carrier)) };
        let outbox = Outbox::new(cx, self.lab.state.mail(), policy);
        if self.lab.is_dry {
            tracing::info!("would mail (test): {}", mail.subject);
            return Ok(Tested { id, state: State::Queued, error: None });
        }
        let end = cx.deadline() - RESERVE;
        let kind = MailKind::Test.as_str().to_owned();
        let draft = Draft { id, kind, priority: MailKind::Test.priority(), mail, expires_at: end };
        self.count(MailKind::Test.as_str(), "entered", u32::from(outbox.enter(draft).await?));
        self.follow(&outbox, carrier, id, end).await
    }

    fn trial(&self, to: Option<&str>) -> Result<Mail, TaskError> {
        let admin = || self.admins().into_iter().next();
        let to: Option<Address> = match to {
            Some(text) => Some(text.parse().map_err(TaskError::permanent)?),
            None => admin(),
        };
        let to = to.ok_or_else(|| TaskError::config("there is no admin_email to mail to; name somebody"))?;
        let now_ms = self.lab.cx.now().timestamp_millis();
        let mail = self.mail(&notices::test(&self.lab.host(), now_ms, &self.house));
        Ok(Mail { to: vec![to], ..mail })
    }

    async fn follow(
        &self,
        outbox: &Outbox,
        carrier: &dyn Transport,
        id: Uuid,
        end: Timestamp,
    ) -> Result<Tested, TaskError> {
        let cx = &self.lab.cx;
        let began = cx.now() - Duration::from_hours(24);
        loop {
            let drained = outbox.drain_only(id, carrier).await?;
            let Some(record) = find(outbox, id, began).await? else {
                return Err(TaskError::permanent(format!("the mail {id} is not in the outbox any more")));
            };
            let usual = cx.now() + PAUSE;
            let next = drained.next_at.or(record.next_at).unwrap_or(usual).max(cx.now() + PAUSE);
            if record.state.is_end() || next >= end {
                let result = match record.state {
                    State::Accepted | State::Succeeded | State::Unconfirmed => "sent",
                    State::Expired => "expired",
                    _ => "failed",
                };
                self.count(MailKind::Test.as_str(), result, 1);
                return Ok(Tested { id, state: record.state, error: record.error });
            }
            cx.progress(0, None, format!("the mail is {:?}", record.state).to_lowercase());
            cx.sleep((next - cx.now()).to_std().unwrap_or(PAUSE)).await?;
        }
    }
}

async fn find(outbox: &Outbox, id: Uuid, since: Timestamp) -> Result<Option<Record>, TaskError> {
    let open = outbox.open().await?;
    if let Some((_, record)) = open.into_iter().find(|(own, _)| *own == id) {
        return Ok(Some(record));
    }
    let ended = outbox.ended_since(since).await?;
    Ok(ended.into_iter().find(|(own, _)| *own == id).map(|(_, record)| record))
}
