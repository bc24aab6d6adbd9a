//! The session of a user: begun by one for all tasks and processes, kept for them, and never begun again sooner than the
//! server allows. When a login may be tried is decided in [`circuit`]; this module carries it out.

pub(super) mod circuit;

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use roundsman_http::HttpError;
use roundsman_task::{Document, DocumentError, Documents, TaskContext, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use self::circuit::{Circuit, Verdict};
use super::{
    Again, FailureClass, SPACE, Server, ServerFailure, delta, fingerprint,
    reading::{LOGIN_REFUSED, LOGIN_THROTTLED, STRANGE},
};

/// How long it takes at most to look again whether somebody else has logged in meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a logout may take.
const LOGOUT: Duration = Duration::from_secs(5);

/// A user who logs in.
pub(super) struct Session {
    user: String,
    password: String,
    /// What documents about this user are called: his name is nobody's business.
    key: String,
    /// The few bits by which a changed password is noticed; they tell nothing of it.
    mark: String,
    circuits: Documents,
    sessions: Documents,
    /// One login at a time in this process.
    kept: Mutex<Option<String>>,
    /// The session that we began and nobody else uses.
    own: RwLock<Option<String>>,
}

/// A session as it is shared.
#[derive(Serialize, Deserialize)]
struct Shared {
    token: String,
    proof: String,
}

#[derive(Deserialize)]
struct Begun {
    id: String,
}

impl Session {
    pub(super) fn new(cx: &TaskContext, user: String, password: String) -> Self {
        Self {
            key: fingerprint(&user, 16),
            mark: fingerprint(&format!("{user}\n{password}"), 2),
            circuits: cx.documents_in(SPACE, "circuits"),
            sessions: cx.documents_in(SPACE, "sessions"),
            kept: Mutex::default(),
            own: RwLock::default(),
            user,
            password,
        }
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// A session to use now; another one than the refused one.
    pub(super) async fn token(
        &self,
        server: &Server,
        refused: Option<&str>,
    ) -> Result<String, ServerFailure> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_deref().filter(|token| Some(*token) != refused) {
            return Ok(token.to_owned());
        }
        *kept = None;
        let token = if self.is_looked_at().await {
            self.for_a_look(server).await?
        } else {
            self.shared_or_new(server, refused).await?
        };
        Ok(kept.insert(token).clone())
    }

    /// Whether there are no documents: who only looks keeps nothing, and sees nothing of what runs keep.
    async fn is_looked_at(&self) -> bool {
        matches!(self.circuits.get(&self.key).await, Err(DocumentError::Invalid { .. }))
    }

    /// A session for a look alone, which is ended with it. It cannot know what runs know of logins: a person asked for it.
    async fn for_a_look(&self, server: &Server) -> Result<String, ServerFailure> {
        server.inner.manners.turn().await?;
        let token = self.ask(server).await.map_err(|failure| match failure.not_before {
            Some(until) if failure.is(LOGIN_THROTTLED) => throttled(server, until),
            _ if is_refusal(&failure) => ServerFailure { again: Again::Never, ..failure },
            _ => not_judged(failure),
        })?;
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// The session that somebody else began meanwhile, or a new one.
    async fn shared_or_new(&self, server: &Server, refused: Option<&str>) -> Result<String, ServerFailure> {
        let mut has_turn = false;
        loop {
            if let Some(token) = self.shared().await?.filter(|token| Some(token.as_str()) != refused) {
                return Ok(token);
            }
            let now = server.inner.cx.now();
            let (circuit, version) = self.circuit().await?;
            if let Some(circuit) = circuit.set_right(now) {
                self.write(&circuit, version).await?;
                continue;
            }
            match circuit.verdict(now, &self.mark) {
                Verdict::Throttled(until) => return Err(throttled(server, until)),
                Verdict::Refused(until) => return Err(blocked(server, until)),
                Verdict::Wait(until) => {
                    let left = (until - now).to_std().unwrap_or_default();
                    server.inner.cx.sleep(left.min(LOOK_AGAIN).max(Duration::from_millis(1))).await?;
                }
                // Waiting for one's turn may take longer than a claim lasts, and others may log in meanwhile: it comes first.
                Verdict::Try if !has_turn => {
                    server.inner.manners.turn().await?;
                    has_turn = true;
                }
                Verdict::Try => {
                    has_turn = false;
                    let claimed = circuit.claimed(now, delta(server.inner.config.timeouts.meta.get()));
                    // Whoever comes second finds the claim and waits.
                    if let Some(version) = self.write(&claimed, version).await? {
                        return self.log_in(server, &claimed, version).await;
                    }
                }
            }
        }
    }

    async fn log_in(
        &self,
        server: &Server,
        claimed: &Circuit,
        version: i64,
    ) -> Result<String, ServerFailure> {
        let answer = self.ask(server).await;
        let now = server.inner.cx.now();
        let (circuit, result) = match answer {
            Ok(token) => (claimed.well(), Ok(token)),
            Err(failure) if failure.is(LOGIN_THROTTLED) => {
                let circuit = claimed.throttled(now, failure.not_before);
                let until = circuit.throttled_until.unwrap_or(now);
                (circuit, Err(throttled(server, until)))
            }
            Err(failure) if is_refusal(&failure) => {
                let again = ServerFailure { again: Again::Never, ..failure };
                (claimed.refused(now, &self.mark), Err(again))
            }
            Err(failure) => (claimed.over(), Err(not_judged(failure))),
        };
        if let Ok(token) = &result {
            self.share(token).await;
        }
        // If it was taken from us meanwhile, whoever has it now writes what he learns.
        self.write(&circuit, Some(version)).await?;
        result
    }

    async fn ask(&self, server: &Server) -> Result<String, ServerFailure> {
        let body = serde_json::json!({ "username": self.user, "password": self.password });
        let request = server.inner.client.post("api/session").json(&body).once().named("login");
        let answer = match server.in_time(server.inner.config.timeouts.meta, request.send()).await {
            Ok(answer) => answer,
            Err(failure) => return Err(server.noted(failure).await?),
        };
        let begun: Begun = server.decoded("api/session", &answer)?;
        if begun.id.is_empty() || !begun.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            // It would be shared, and spoil all requests of all tasks.
            return Err(server.unexpected("api/session", &"the session that it names is none"));
        }
        tracing::info!("logged in at {}", server.base_url());
        Ok(begun.id)
    }

    /// Ends the session if we began it and share it with nobody. Best effort.
    pub(super) async fn log_out(&self, server: &Server) {
        let own = self.own.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(token) = own else { return };
        let request = server.inner.client.delete("api/session").once().named("logout");
        let request = request.secret_header(server.inner.auth.header(), &token).within(LOGOUT, LOGOUT);
        if let Err(error) = tokio::time::timeout(LOGOUT, request.send()).await.unwrap_or_else(|_| Err(late()))
        {
            tracing::debug!("the session was not ended: {error}");
        }
    }

    /// What tells that a session was begun with this password; it is kept encrypted only.
    fn proof(&self) -> String {
        fingerprint(&format!("{}\n{}", self.user, self.password), 32)
    }

    /// The session that all processes share.
    async fn shared(&self) -> Result<Option<String>, ServerFailure> {
        let document = self.sessions.get_secret(&self.key).await?;
        let shared = document.and_then(|document| serde_json::from_value::<Shared>(document.value).ok());
        // Whoever has another password shall show that it is good.
        Ok(shared.filter(|shared| shared.proof == self.proof()).map(|shared| shared.token))
    }

    /// Shares a session; what cannot be shared is ours alone, and is ended when we end.
    async fn share(&self, token: &str) {
        let session = Shared { token: token.to_owned(), proof: self.proof() };
        let shared = self.sessions.put_secret(&self.key, session, None).await;
        let own = shared.is_err().then(|| token.to_owned());
        if let Err(error) = shared {
            tracing::warn!("the session is not shared with other tasks: {error}");
        }
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = own;
    }

    async fn circuit(&self) -> Result<(Circuit, Option<i64>), ServerFailure> {
        let Some(Document { value, version, .. }) = self.circuits.get(&self.key).await? else {
            return Ok((Circuit::default(), None));
        };
        Ok((serde_json::from_value(value).unwrap_or_default(), Some(version)))
    }

    /// Writes the circuit if it is still as it was; says nothing if it is not.
    async fn write(&self, circuit: &Circuit, version: Option<i64>) -> Result<Option<i64>, ServerFailure> {
        let written = match version {
            Some(version) => self.circuits.put(&self.key, circuit, Some(version)).await,
            None => self.circuits.insert(&self.key, circuit).await,
        };
        match written {
            Ok(version) => Ok(Some(version)),
            Err(DocumentError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the server itself refused this user and password. A page, a redirect, an error of something before it is none.
fn is_refusal(failure: &ServerFailure) -> bool {
    failure.is(LOGIN_REFUSED) || (failure.status == Some(401) && !failure.is(STRANGE))
}

/// A login that came to nothing though nobody judged the password. Where another try makes no sense, none does for the
/// whole run: without a session there is nothing to ask.
fn not_judged(failure: ServerFailure) -> ServerFailure {
    if failure.task.is_some() || !failure.is_permanent() || failure.class == FailureClass::Config {
        return failure;
    }
    let message = format!("nobody can log in, not because of the password: {}", failure.message);
    ServerFailure { class: FailureClass::Auth, message, ..failure }
}

fn late() -> HttpError {
    HttpError::Task(roundsman_task::TaskError::retry("there was no answer in time"))
}

fn throttled(server: &Server, until: Timestamp) -> ServerFailure {
    let told = format!(
        "nobody may log in at {} as this user before {}: there were too many attempts",
        server.base_url(),
        server.instant(until)
    );
    ServerFailure::new(FailureClass::Throttled, Again::Yes, told).until(until).coded(LOGIN_THROTTLED)
}

fn blocked(server: &Server, until: Timestamp) -> ServerFailure {
    let told = format!(
        "{} refused this user and password a moment ago; they are not tried again before {}, other ones are",
        server.base_url(),
        server.instant(until)
    );
    ServerFailure::new(FailureClass::Auth, Again::Never, told).coded(LOGIN_REFUSED)
}
