//! Calls that export nothing: each with who we are, in its turn, within its time, tried again where that makes sense. What the
//! answers mean is read elsewhere.

use std::time::Duration;

use roundsman_http::{Answer, HttpError, Request};
use roundsman_task::{ByteSize, HumanDuration};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Again, FailureClass, Server, ServerFailure, of_query,
    reading::{INITIALIZING, LOGIN_THROTTLED, STRANGE, message_of},
};
use crate::config::Retry;

/// How much of an answer that makes no sense is told.
const EXCERPT: usize = 200;

/// How large a list of everything may be: old servers tell all they know of each question in it.
const LARGE: ByteSize = ByteSize(128 << 20);

impl Server {
    /// Reads something.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        name: &'static str,
    ) -> Result<Value, ServerFailure> {
        let request = || {
            let request = self.inner.client.get(path).named(name);
            query.iter().fold(request, |request, (key, value)| request.query(key, value))
        };
        let answer = self.ask(self.inner.config.timeouts.meta, request).await?;
        self.value(path, &answer)
    }

    /// Reads something large, of which only a part is kept.
    pub(super) async fn get_large<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        name: &'static str,
    ) -> Result<T, ServerFailure> {
        let request = || {
            let request = self.inner.client.get(path).named(name).limit(LARGE);
            query.iter().fold(request, |request, (key, value)| request.query(key, value))
        };
        let answer = self.ask(self.inner.config.timeouts.meta, request).await?;
        self.decoded(path, &answer)
    }

    /// Runs a query that answers with JSON. One that failed does so with success too.
    pub(super) async fn query(
        &self,
        path: &str,
        body: &Value,
        name: &'static str,
    ) -> Result<Value, ServerFailure> {
        // A query takes as long as one whose rows are exported.
        let most = self.inner.config.timeouts.first_byte;
        let request = || self.inner.client.post(path).json(body).within(most.get(), most.get()).named(name);
        let answer = self.ask(most, request).await?;
        let answer = self.value(path, &answer)?;
        let is_well = answer.get("error").is_none_or(Value::is_null);
        if is_well && answer.get("status").and_then(Value::as_str) == Some("completed") {
            return self.uncut(path, answer);
        }
        let error_type = answer.get("error_type").and_then(Value::as_str);
        let told =
            message_of(&answer).unwrap_or_else(|| "the query failed, and it is not said why".to_owned());
        let again = of_query(error_type, &told);
        let failure = ServerFailure::new(FailureClass::QueryFailed, again, self.excerpt(told.as_bytes()));
        Err(error_type.into_iter().fold(failure, ServerFailure::coded))
    }

    /// An answer with all its rows. Of those that are too many this endpoint leaves out the rest, and says so in passing.
    fn uncut(&self, path: &str, answer: Value) -> Result<Value, ServerFailure> {
        let Some(cap) = answer.pointer("/data/rows_truncated").filter(|cap| !cap.is_null()) else {
            return Ok(answer);
        };
        let told = format!(
            "{}/{path} cut its answer at {cap} rows, its limit outside files; export it as a file, which has them all",
            self.base_url()
        );
        Err(ServerFailure::new(FailureClass::Unexpected, Again::Never, told).coded("cap_reached"))
    }

    /// Asks until there is an answer or none is to be expected.
    async fn ask(
        &self,
        within: HumanDuration,
        request: impl Fn() -> Request,
    ) -> Result<Answer, ServerFailure> {
        let most = self.inner.config.retry.max_attempts.get();
        let (mut failures, mut ready_by) = (0, None);
        loop {
            let failure = match self.ask_once(within, &request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.is(INITIALIZING) && ready_by.is_none_or(|end| self.inner.cx.now() < end) {
                // A server that starts is waited for; that is no try.
                self.wait_ready_until(*ready_by.get_or_insert_with(|| self.init_end())).await?;
                continue;
            }
            failures += 1;
            // Where our own side or a throttled login says no, only the task's next attempt makes sense.
            let is_over = failure.task.is_some() || failure.is(LOGIN_THROTTLED);
            if is_over || failures >= failure.tries(most) {
                return Err(failure);
            }
            if failure.class != FailureClass::Throttled {
                let pause = pause(&self.inner.config.retry, failures, rand::random());
                tracing::info!("{failure}; trying again in {}", in_words(pause));
                self.inner.cx.sleep(pause).await?;
            }
        }
    }

    /// One try; two if our session was refused.
    async fn ask_once(
        &self,
        within: HumanDuration,
        request: &impl Fn() -> Request,
    ) -> Result<Answer, ServerFailure> {
        let token = self.inner.auth.current(self).await?;
        let answer = self.ask_as(within, request(), &token).await;
        match answer {
            Err(failure) if failure.status == Some(401) => match self.inner.auth.renewed(self, &token).await?
            {
                Some(token) => self.ask_as(within, request(), &token).await,
                None => Err(failure),
            },
            answer => answer,
        }
    }

    async fn ask_as(
        &self,
        within: HumanDuration,
        request: Request,
        token: &str,
    ) -> Result<Answer, ServerFailure> {
        let _place = self.inner.manners.place().await?;
        self.inner.manners.turn().await?;
        let request = request.secret_header(self.inner.auth.header(), token);
        let answer = self.in_time(within, request.send()).await;
        match answer {
            Err(failure) => Err(self.noted(failure).await?),
            answer => answer,
        }
    }

    /// What others must know of a failure is told to them: that the server wants a pause.
    pub(super) async fn noted(&self, failure: ServerFailure) -> Result<ServerFailure, ServerFailure> {
        if failure.class != FailureClass::Throttled {
            return Ok(failure);
        }
        let until = self.inner.manners.pause(failure.not_before).await?;
        let message =
            format!("{} wants a pause until {}: {}", self.base_url(), self.instant(until), failure.message);
        Ok(ServerFailure { message, ..failure.until(until) })
    }

    /// The answer, if it is whole within this time.
    pub(super) async fn in_time(
        &self,
        most: HumanDuration,
        answer: impl Future<Output = Result<Answer, HttpError>>,
    ) -> Result<Answer, ServerFailure> {
        if let Ok(answer) = tokio::time::timeout(most.get(), answer).await {
            return Ok(answer?);
        }
        let told = format!("{} gave no whole answer within {most}", self.base_url());
        Err(ServerFailure::new(FailureClass::Timeout, Again::Yes, told))
    }

    /// The body of an answer as JSON, whatever it is; nothing where there is none.
    fn value(&self, path: &str, answer: &Answer) -> Result<Value, ServerFailure> {
        if answer.bytes().trim_ascii().is_empty() { Ok(Value::Null) } else { self.decoded(path, answer) }
    }

    /// The body of an answer as JSON. What is none comes from something before the server, such as a login page.
    pub(super) fn decoded<T: DeserializeOwned>(
        &self,
        path: &str,
        answer: &Answer,
    ) -> Result<T, ServerFailure> {
        serde_json::from_slice(answer.bytes()).map_err(|error| {
            match answer.bytes().trim_ascii_start().first() {
                Some(b'{' | b'[' | b'"') => self.unexpected(path, &error),
                _ => self.not_the_server(path, answer.header("content-type"), answer.bytes()),
            }
        })
    }

    /// What answered does not speak as Metabase does.
    pub(super) fn not_the_server(
        &self,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> ServerFailure {
        let content_type = content_type.unwrap_or("no content type");
        let told = format!(
            "{}/{path} answers with {}, not as Metabase does; a login page may stand before it: {}",
            self.base_url(),
            self.excerpt(content_type.as_bytes()),
            self.excerpt(body)
        );
        let failure = ServerFailure::new(FailureClass::Auth, Again::Never, told);
        failure.coded(STRANGE)
    }

    /// The answer is JSON, but not that which was expected.
    pub(super) fn unexpected(&self, path: &str, why: &dyn std::fmt::Display) -> ServerFailure {
        let why = self.excerpt(why.to_string().as_bytes());
        let told = format!("{}/{path} answers otherwise than expected: {why}", self.base_url());
        ServerFailure::new(FailureClass::Unexpected, Again::Never, told)
    }

    /// The beginning of a text, on one line, without our secrets.
    pub(super) fn excerpt(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let text = self.mask(&text);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|char| !char.is_control()).take(EXCERPT).collect()
    }
}

/// The pause before the next try after so many failures; `draw`, from 0 to 1, spreads it.
pub fn pause(retry: &Retry, failures: u32, draw: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let pause = retry.base.get().saturating_mul(1 << doublings).min(retry.cap.get());
    pause.mul_f64(1.0 + retry.jitter.clamp(0.0, 1.0) * (2.0 * draw.clamp(0.0, 1.0) - 1.0))
}

/// A pause as people read it: whole seconds, or milliseconds where it is shorter.
pub fn in_words(pause: Duration) -> HumanDuration {
    let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    let whole = if millis < 1_000 { millis } else { millis.saturating_add(500) / 1_000 * 1_000 };
    HumanDuration(Duration::from_millis(whole))
}
