//! Sending: one try after the other, each within its limits, until there is an answer or none is to be expected. What
//! follows a failure is decided elsewhere.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, header::HeaderMap};
use roundsman_model::{TaskError, Timestamp, time::delta};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::{
    Answer, Class, Download, HttpError, Request,
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

/// One try that failed.
pub(crate) struct Fault {
    pub(crate) class: Class,
    pub(crate) status: Option<StatusCode>,
    pub(crate) told: String,
    pub(crate) said: Option<Duration>,
}

/// An answer with success whose body is not read yet.
struct Begun {
    status: StatusCode,
    headers: HeaderMap,
    chunks: Chunks,
}

/// Sends a request and reads the answer to its end.
pub(crate) async fn send(request: &Request) -> Result<Answer, HttpError> {
    let inner = &request.client.inner;
    let (url, begun) = (request.url()?, inner.cx.now());
    let mut tries = 0;
    loop {
        tries += 1;
        let fault = match read_once(request, &url).await? {
            Ok((status, headers, body)) => {
                let (method, url) = (request.method.clone(), inner.journal.mask(url.as_str()));
                return Ok(Answer { method, url, status, headers, body, tries });
            }
            Err(fault) => fault,
        };
        wait_or_end(request, &url, fault, (tries, begun)).await?;
    }
}

/// Sends a request and leaves the body to be read.
pub(crate) async fn download(request: &Request) -> Result<Download, HttpError> {
    let inner = &request.client.inner;
    let (url, begun) = (request.url()?, inner.cx.now());
    let mut tries = 0;
    loop {
        tries += 1;
        match ask_once(request, &url).await? {
            Ok(begun) => {
                return Ok(Download::new(request, &url, begun.status, begun.headers, begun.chunks, tries));
            }
            Err(fault) => wait_or_end(request, &url, fault, (tries, begun)).await?,
        }
    }
}

/// Waits for the next try, or says why there is none.
async fn wait_or_end(
    request: &Request,
    url: &Url,
    fault: Fault,
    (tries, begun): (u32, Timestamp),
) -> Result<(), HttpError> {
    let inner = &request.client.inner;
    if let (Class::Throttled, Some(pause), Some(budget)) = (fault.class, fault.said, &inner.manners.budget) {
        // Everybody who asks the same system waits with us.
        budget.retry_after(pause).await?;
    }
    let failed = Failed {
        class: fault.class,
        repeatable: request.repeatable,
        tries,
        said: fault.said,
        begun,
        now: inner.cx.now(),
        deadline: inner.cx.deadline() - delta(RESERVE),
    };
    let not_before = match inner.manners.retry.next(&failed, rand::random()) {
        Next::After(pause) => {
            inner.journal.again(&request.method, url, &fault.told, pause);
            return Ok(inner.cx.sleep(pause).await?);
        }
        Next::Later(at) => Some(at),
        Next::GiveUp => failed.said.map(|pause| failed.now + delta(pause)),
    };
    Err(HttpError::Failed {
        method: request.method.clone(),
        url: inner.journal.mask(url.as_str()),
        class: fault.class,
        status: fault.status,
        told: fault.told,
        tries,
        not_before,
    })
}

type Read = (StatusCode, HeaderMap, Vec<u8>);

/// One try, its answer read to the end.
async fn read_once(request: &Request, url: &Url) -> Result<Result<Read, Fault>, HttpError> {
    let Begun { status, headers, mut chunks } = match ask_once(request, url).await? {
        Ok(begun) => begun,
        Err(fault) => return Ok(Err(fault)),
    };
    let limit = request.limit.unwrap_or(request.client.inner.manners.body);
    Ok(chunks.read(limit.bytes()).await?.map(|body| (status, headers, body)))
}

/// One try up to the beginning of the answer's body. The outer error ends all trying.
async fn ask_once(request: &Request, url: &Url) -> Result<Result<Begun, Fault>, HttpError> {
    let inner = &request.client.inner;
    if let Some(budget) = &inner.manners.budget {
        budget.take(1).await?;
    }
    let permit = inner.in_flight.clone().acquire_owned().await.expect("the permits are never closed");
    if let Some(breaker) = &inner.manners.breaker {
        let now = inner.cx.now();
        breaker.may_ask(now).map_err(|open| HttpError::Suspended {
            host: inner.base.host(),
            faults: open.faults,
            pause: (open.until - now).to_std().unwrap_or_default(),
            until: open.until,
        })?;
    }
    let asked = follow(request, url, permit).await;
    if let Some(breaker) = &inner.manners.breaker {
        match &asked {
            Ok(Err(fault)) if fault.class.is_outage() => breaker.fault(inner.cx.now()),
            Ok(_) => breaker.well(),
            Err(_) => breaker.nothing_learnt(),
        }
    }
    asked
}

/// Asks, and follows where the answer leads as far as that is allowed.
async fn follow(
    request: &Request,
    url: &Url,
    permit: OwnedSemaphorePermit,
) -> Result<Result<Begun, Fault>, HttpError> {
    let inner = &request.client.inner;
    let (mut method, mut url, mut left) = (request.method.clone(), url.clone(), inner.manners.redirects);
    loop {
        let answer = match ask(request, &method, &url).await? {
            Ok(answer) => answer,
            Err(fault) => return Ok(Err(fault)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status.is_redirection() && left > 0 {
            match redirect::follow(&method, &url, status, &headers) {
                Ok(next) => (method, url) = next,
                Err(told) => {
                    return Ok(Err(Fault {
                        class: Class::Redirected,
                        status: Some(status),
                        told,
                        said: None,
                    }));
                }
            }
            left -= 1;
            continue;
        }
        let mut chunks = Chunks::new(inner, answer, permit);
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
) -> Result<Result<reqwest::Response, Fault>, HttpError> {
    let inner = &request.client.inner;
    let mut asked = inner.http.request(method.clone(), url.clone()).headers(request.headers.clone());
    let body = request.body.as_ref().filter(|_| *method == request.method);
    if let Some(signer) = &inner.manners.signer {
        asked = asked.headers(signer.sign(method, url, body.map_or(&[], Vec::as_slice), inner.cx.now()));
    }
    if let Some(body) = body {
        asked = asked.body(body.clone());
    }
    let since = Instant::now();
    let answer = tokio::select! {
        () = inner.cx.cancelled() => return Err(HttpError::Task(TaskError::Cancelled)),
        answer = tokio::time::timeout(inner.manners.answer, asked.send()) => answer,
    };
    let fault = match answer {
        Ok(Ok(answer)) => {
            let bytes = answer.content_length().unwrap_or_default();
            inner.journal.answered(method, url, answer.status(), since.elapsed(), bytes);
            return Ok(Ok(answer));
        }
        Ok(Err(error)) => of_error(inner, &error),
        Err(_) => {
            let told = format!("no answer within {:.0} s", inner.manners.answer.as_secs_f64());
            Fault { class: Class::Broken, status: None, told, said: None }
        }
    };
    inner.journal.broke(method, url, since.elapsed(), &fault.told);
    Ok(Err(fault))
}

/// What an answer without success means.
fn fault_of(inner: &Inner, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    let reading = &inner.manners.reading;
    let class =
        if status.is_redirection() { Class::Redirected } else { reading.class(status, headers, body) };
    let message = reading.message(headers, body).or_else(|| {
        let plain = !body.is_empty() && !is_html(headers, body);
        plain.then(|| excerpt(body))
    });
    let lead = match headers.get(reqwest::header::LOCATION).filter(|_| status.is_redirection()) {
        Some(location) => format!(" to {}", excerpt(location.as_bytes())),
        None => String::new(),
    };
    let told = match message {
        Some(message) => format!("{status}{lead}: {}", excerpt(message.as_bytes())),
        None => format!("{status}{lead}"),
    };
    let told = inner.journal.mask(&told);
    Fault { class, status: Some(status), told, said: said(headers, inner.cx.now()) }
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
    Fault { class, status: None, told, said: None }
}

/// What lies behind an error, without the address, and whether TLS is at its ground.
fn causes(error: &reqwest::Error) -> (String, bool) {
    let mut causes: Vec<String> = Vec::new();
    let mut tls = false;
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        tls |= cause.downcast_ref::<rustls::Error>().is_some();
        // The kernel's errors wrap those of TLS.
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        tls |= inner.is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some());
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
