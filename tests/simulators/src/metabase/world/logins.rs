//! Sessions and the brake on logins: how long sessions last, and how long those who guess have to wait. It speaks no HTTP.

use roundsman_model::Timestamp;
use uuid::Uuid;

use super::super::scenario::{MetabaseSettings, PersonSetup};

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::metabase) enum Refusal {
    /// Too many attempts with this name or from this address: so many seconds.
    Wait(u64),
    Wrong,
    Disabled,
}

/// How far apart attempts may be to count together.
const ATTEMPTS_LAST_SECS: i64 = 3_600;

struct Session {
    id: String,
    email: String,
    begun: Timestamp,
    used: Timestamp,
}

/// Who is logged in, and who tried.
#[derive(Default)]
pub(in crate::metabase) struct Logins {
    sessions: Vec<Session>,
    attempts: Vec<(String, Timestamp)>,
    begun: u128,
}

impl Logins {
    /// A login: the id of the session that begins with it.
    pub(in crate::metabase) fn login(
        &mut self,
        people: &[PersonSetup],
        settings: &MetabaseSettings,
        (email, password): (&str, &str),
        now: Timestamp,
    ) -> Result<String, Refusal> {
        self.attempts.retain(|(_, at)| (now - *at).num_seconds() < ATTEMPTS_LAST_SECS);
        let email = email.to_lowercase();
        let brakes = [
            (format!("name {email}"), settings.login_attempts),
            ("address".to_owned(), settings.login_attempts_per_address),
        ];
        for (key, free) in brakes {
            let wait = self.wait(&key, free, settings, now);
            self.attempts.push((key, now));
            if let Some(secs) = wait {
                return Err(Refusal::Wait(secs));
            }
        }
        let person = people.iter().find(|own| own.email.to_lowercase() == email);
        let person = person.filter(|own| own.password == password).ok_or(Refusal::Wrong)?;
        if !person.active {
            return Err(Refusal::Disabled);
        }
        self.attempts.retain(|(key, _)| *key != format!("name {email}"));
        let id = self.begin(&person.email, now);
        Ok(id)
    }

    /// Each attempt beyond those that are free makes the wait longer, also one that is refused.
    fn wait(&self, key: &str, free: u32, settings: &MetabaseSettings, now: Timestamp) -> Option<u64> {
        let own: Vec<Timestamp> =
            self.attempts.iter().filter(|(other, _)| other == key).map(|(_, at)| *at).collect();
        let over = (own.len() as u64 + 1).checked_sub(u64::from(free)).filter(|over| *over > 0)?;
        let millis = settings.login_wait.as_secs_f64() * (over as f64).powf(1.5) * 1_000.0;
        let left = millis as i64 - (now - *own.last()?).num_milliseconds();
        u64::try_from(left).ok().filter(|left| *left > 0).map(|left| (left + 500) / 1_000)
    }

    pub(in crate::metabase) fn begin(&mut self, email: &str, now: Timestamp) -> String {
        self.begun += 1;
        let id = Uuid::from_u128(0x5e55_1040_0000_4000_8000_0000_0000_0000 + self.begun).to_string();
        self.sessions.push(Session { id: id.clone(), email: email.to_owned(), begun: now, used: now });
        id
    }

    /// Whose session this is, if it is one; it is used by that.
    pub(in crate::metabase) fn who(
        &mut self,
        id: &str,
        settings: &MetabaseSettings,
        now: Timestamp,
    ) -> Option<String> {
        let session = self.sessions.iter_mut().find(|own| own.id == id)?;
        let within = |since: Timestamp, limit| (now - since).to_std().is_ok_and(|gone| gone < limit);
        let fresh = within(session.begun, settings.session_age);
        let in_use = settings.session_inactivity.is_none_or(|limit| within(session.used, limit));
        if !(fresh && in_use) {
            return None;
        }
        session.used = now;
        Some(session.email.clone())
    }

    /// Whether there was such a session.
    pub(in crate::metabase) fn end(&mut self, id: &str) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|own| own.id != id);
        self.sessions.len() < before
    }

    pub(in crate::metabase) fn end_all(&mut self) {
        self.sessions.clear();
    }
}
