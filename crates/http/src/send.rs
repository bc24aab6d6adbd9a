//! Sending: one try after the other, each within its limits, until there is an answer or none is to be expected. What
//! follows a failure is decided elsewhere.

use std::time::{Duration, Instant};

use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use roundsman_model::{TaskError, Timestamp, time::delta};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::{
    Answer, Class, Download, HttpError, Refusal, Request,
    answer::{excerpt, is_html},
    client::Inner,
    redirect,
    retry::{Failed, Next, said},
    stream::Chunks,
};

/// What is left of the attempt's time when a wait is given up, so that the kind can still say so.
const RESERVE: Duration = Duration::from_secs(5);
/// How much of an answer without success is read.
const ERROR_BODY: u64 = 64 << 10;

/// The longest pause that is believed: no instant is so far away that it cannot be counted.
const LONGEST_PAUSE: Duration = Duration::from_hours(366 * 24);

/// One try that failed.
pub(crate) struct Fault {
    pub(crate) class: Class,
    pub(crate) status: Option<StatusCode>,
    pub(crate) code: Option<String>,
    pub(crate) told: String,
    pub(crate) said: Option<Duration>,
}

impl Fault {
    /// A fault that no answer tells of.
    pub(crate) const fn of(class: Class, told: String) -> Self {
        Self { class, status: None, code: None, told, said: None }
    }
}

/// An answer with success whose body is not read yet.
struct Begun {
    status: StatusCode,
    headers: HeaderMap,
    chunks: Chunks,
}

/// A request on its way, with everything that was tried so far.
struct Call<'a> {
    request: &'a Request,
    inner: &'a Inner,
    url: Url,
    begun: Timestamp,
    tries: u32,
    /// The token was refused once and replaced.
    renewed: bool,
}

/// Sends a request and reads the answer to its end.
pub(crate) async fn send(request: &Request) -> Result<Answer, HttpError> {
    let mut call = Call::new(request)?;
    loop {
        match call.read_once().await? {
            Ok((status, headers, body)) => {
                let (method, url) = (request.method.clone(), call.inner.journal.mask(call.url.as_str()));
                return Ok(Answer { method, url, status, headers, body, tries: call.tries });
            }
            Err(fault) => call.wait_or_end(fault).await?,
        }
    }
}

/// Sends a request and leaves the body to be read.
pub(crate) async fn download(request: &Request) -> Result<Download, HttpError> {
    let mut call = Call::new(request)?;
    loop {
        match call.ask_once().await? {
            Ok(Begun { status, headers, chunks }) => {
                return Ok(Download::new(request, &call.url, status, headers, chunks, call.tries));
            }
            Err(fault) => call.wait_or_end(fault).await?,
        }
    }
}

type Read = (StatusCode, HeaderMap, Vec<u8>);

impl<'a> Call<'a> {
    fn new(request: &'a Request) -> Result<Self, HttpError> {
        let inner = &*request.client.inner;
        Ok(Self { request, inner, url: request.url()?, begun: inner.cx.now(), tries: 0, renewed: false })
    }

    /// When there must be an answer.
    fn end(&self) -> Timestamp {
        let end = self.inner.cx.deadline() - delta(RESERVE);
        self.request.until.map_or(end, |until| until.min(end))
    }

    /// Waits for the next try, or says why there is none.
    async fn wait_or_end(&self, fault: Fault) -> Result<(), HttpError> {
        let Self { request, inner, .. } = *self;
        if let (Class::Throttled, Some(pause), Some(budget)) =
            (fault.class, fault.said, &inner.manners.budget)
        {
            // Everybody who asks the same system waits with us.
            budget.retry_after(pause.min(inner.manners.hold_most)).await?;
        }
        let failed = Failed {
            class: fault.class,
            repeatable: request.repeatable,
            tries: self.tries,
            said: fault.said,
            begun: self.begun,
            now: inner.cx.now(),
            deadline: self.end(),
        };
        let mut retry = inner.manners.retry;
        retry.tries = request.tries.map_or(retry.tries, |most| most.min(retry.tries));
        let not_before = match retry.next(&failed, rand::random()) {
            Next::After(pause) => {
                inner.journal.again(&request.method, &self.url, &fault.told, pause);
                inner.manners.tally.again(fault.class);
                return Ok(inner.cx.sleep(pause).await?);
            }
            Next::Later(at) => Some(at),
            Next::GiveUp => failed.said.map(|pause| failed.now + delta(pause)),
        };
        Err(HttpError::Failed {
            method: request.method.clone(),
            url: inner.journal.mask(self.url.as_str()),
            class: fault.class,
            status: fault.status,
            code: fault.code.map(String::into_boxed_str),
            told: fault.told,
            tries: self.tries,
            not_before,
        })
    }

    /// One try, its answer read to the end.
    async fn read_once(&mut self) -> Result<Result<Read, Fault>, HttpError> {
        let Begun { status, headers, mut chunks } = match self.ask_once().await? {
            Ok(begun) => begun,
            Err(fault) => return Ok(Err(fault)),
        };
        let limit = self.request.limit.unwrap_or(self.inner.manners.body);
        Ok(chunks.read(limit.bytes()).await?.map(|body| (status, headers, body)))
    }

    /// One try up to the beginning of the answer's body; two if the token was refused. The outer error ends all trying.
    async fn ask_once(&mut self) -> Result<Result<Begun, Fault>, HttpError> {
        let Some(tokens) = &self.inner.manners.tokens else { return self.ask_as(None).await };
        let token = tokens.current(self.inner.cx.now(), None).await?;
        let asked = self.ask_as(Some(&token)).await?;
        match &asked {
            Err(fault) if fault.class == Class::Unauthenticated && !self.renewed => {
                self.renewed = true;
                let token = tokens.current(self.inner.cx.now(), Some(&token)).await?;
                self.ask_as(Some(&token)).await
            }
            _ => Ok(asked),
        }
    }

    /// One try with this token.
    async fn ask_as(&mut self, token: Option<&str>) -> Result<Result<Begun, Fault>, HttpError> {
        let inner = self.inner;
        if let Some(budget) = &inner.manners.budget {
            budget.take_by(1, self.end()).await?;
        }
        let permit = inner.in_flight.clone().acquire_owned().await.expect("the permits are never closed");
        let now = inner.cx.now();
        if self.request.until.is_some_and(|until| now >= until) {
            let url = inner.journal.mask(self.url.as_str());
            let cause = format!("there was no time left for {} {url}", self.request.method);
            return Err(HttpError::Task(TaskError::Retry { cause, not_before: Some(now) }));
        }
        if let Some(breaker) = &inner.manners.breaker {
            breaker.may_ask(now).map_err(|open| HttpError::Suspended {
                host: inner.base.host(),
                faults: open.faults,
                pause: (open.until - now).to_std().unwrap_or_default(),
                until: open.until,
            })?;
        }
        self.tries += 1;
        let asked = follow(self.request, &self.url, token, permit).await;
        if let Some(breaker) = &inner.manners.breaker {
            match &asked {
                Ok(Err(fault)) if fault.class.is_outage() => breaker.fault(inner.cx.now()),
                Ok(_) => breaker.well(),
                Err(_) => breaker.nothing_learnt(),
            }
        }
        asked
    }
}

/// Asks, and follows where the answer leads as far as that is allowed.
async fn follow(
    request: &Request,
    url: &Url,
    token: Option<&str>,
    permit: OwnedSemaphorePermit,
) -> Result<Result<Begun, Fault>, HttpError> {
    let inner = &request.client.inner;
    let (mut method, mut url, mut left) = (request.method.clone(), url.clone(), inner.manners.redirects);
    loop {
        let answer = match ask(request, &method, &url, token).await? {
            Ok(answer) => answer,
            Err(fault) => return Ok(Err(fault)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status.is_redirection() && left > 0 {
            match redirect::follow(&method, &url, status, &headers) {
                Ok(next) => (method, url) = next,
                Err(told) => {
                    return Ok(Err(Fault { status: Some(status), ..Fault::of(Class::Redirected, told) }));
                }
            }
            left -= 1;
            continue;
        }
        let idle = request.idle.unwrap_or(inner.manners.idle);
        let mut chunks = Chunks::new(inner, answer, idle, permit);
        if status.is_success() {
            return Ok(Ok(Begun { status, headers, chunks }));
        }
        let body = chunks.read_some(ERROR_BODY).await?;
        return Ok(Err(fault_of(inner, status, &headers, &body)));
    }
}

/// One exchange up to the headers of the answer.
async fn ask(
    request: &Request,
    method: &Method,
    url: &Url,
    token: Option<&str>,
) -> Result<Result<reqwest::Response, Fault>, HttpError> {
    let inner = &request.client.inner;
    let mut asked = inner.http.request(method.clone(), url.clone()).headers(request.headers.clone());
    if let Some(token) = token {
        asked = asked.header(AUTHORIZATION, bearer(inner, token)?);
    }
    let body = request.body.as_ref().filter(|_| *method == request.method);
    if let Some(signer) = &inner.manners.signer {
        asked = asked.headers(signer.sign(method, url, body.map_or(&[], Vec::as_slice), inner.cx.now()));
    }
    if let Some(body) = body {
        asked = asked.body(body.clone());
    }
    let since = Instant::now();
    let within = request.answer.unwrap_or(inner.manners.answer);
    let answer = tokio::select! {
        () = inner.cx.cancelled() => return Err(HttpError::Task(TaskError::Cancelled)),
        answer = tokio::time::timeout(within, asked.send()) => answer,
    };
    let fault = match answer {
        Ok(Ok(answer)) => {
            let bytes = answer.content_length().unwrap_or_default();
            inner.manners.tally.answered(request.name, Some(answer.status()));
            inner.skew.note(answer.headers(), inner.cx.now());
            inner.journal.answered(method, url, answer.status(), since.elapsed(), bytes);
            return Ok(Ok(answer));
        }
        Ok(Err(error)) => of_error(inner, &error),
        Err(_) => {
            let told = format!("no answer within {:.0} s", within.as_secs_f64());
            Fault::of(Class::Broken, told)
        }
    };
    inner.manners.tally.answered(request.name, None);
    inner.journal.broke(method, url, since.elapsed(), &fault.told);
    Ok(Err(fault))
}

/// The header that shows a token. Whatever is told from now on masks it.
fn bearer(inner: &Inner, token: &str) -> Result<HeaderValue, HttpError> {
    inner.journal.hide(token);
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| HttpError::Setup {
        told: "the token that was issued holds characters that no header can hold".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What an answer without success means.
fn fault_of(inner: &Inner, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    let redirected = status.is_redirection();
    let refusal = if redirected {
        Refusal::of(Class::Redirected)
    } else {
        inner.manners.reading.read(status, headers, body)
    };
    // Masked before it is cut: of a secret at the cut a part would be left, which nobody knows again.
    let shown = |text: &[u8]| excerpt(inner.journal.mask(&String::from_utf8_lossy(text)).as_bytes());
    let plain = !body.is_empty() && !is_html(headers, body);
    let message = match refusal.message {
        Some(message) => Some(shown(message.as_bytes())),
        None => plain.then(|| shown(body)),
    };
    let lead = match headers.get(reqwest::header::LOCATION).filter(|_| redirected) {
        Some(location) => format!(" to {}", shown(location.as_bytes())),
        None => String::new(),
    };
    let told =
        message.map_or_else(|| format!("{status}{lead}"), |message| format!("{status}{lead}: {message}"));
    let code = refusal.code.map(|code| shown(code.as_bytes()));
    let said = said(headers, inner.cx.now()).or(refusal.pause).map(|pause| pause.min(LONGEST_PAUSE));
    Fault { class: refusal.class, status: Some(status), code, told, said }
}

/// What it means that there was no answer.
pub(crate) fn of_error(inner: &Inner, error: &reqwest::Error) -> Fault {
    let (causes, tls) = causes(error);
    let class = match () {
        () if tls => Class::Tls,
        () if error.is_connect() => Class::Unreachable,
        () => Class::Broken,
    };
    let told = if error.is_timeout() && error.is_connect() {
        "no connection within the time for it".to_owned()
    } else {
        inner.journal.mask(&causes)
    };
    Fault::of(class, told)
}

/// What lies behind an error, without the address, and whether TLS is at its ground.
fn causes(error: &reqwest::Error) -> (String, bool) {
    let mut causes: Vec<String> = Vec::new();
    let mut tls = false;
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        tls |= is_tls(cause);
        let text = cause.to_string();
        if !causes.iter().any(|known| known.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    if causes.is_empty() {
        causes.push("it broke off".to_owned());
    }
    (causes.join(": "), tls)
}

/// Whether an error is one of TLS. The kernel's errors wrap those, more than once, and do not name them as their source.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|wrapped| is_tls(wrapped))
}
