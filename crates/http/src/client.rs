//! A client of one system: its address, who we are there, and the manners that all requests share. It sends nothing itself.

use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use roundsman_model::{ByteSize, Timestamp};
use roundsman_task::{Budget, TaskContext};
use tokio::sync::Semaphore;
use url::Url;

use crate::{
    BaseUrl, Breaker, HttpError, Reading, Request, RetryPolicy, Standard, Tally, TokenSource,
    journal::Journal, skew::Skew, tokens::Tokens,
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the first byte of an answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long nothing may come of a body.
const IDLE: Duration = Duration::from_secs(30);
/// How large a body may be that is read into memory.
const BODY: ByteSize = ByteSize(16 << 20);
/// How many requests may be under way.
const IN_FLIGHT: usize = 8;

/// A client of one system. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) cx: TaskContext,
    pub(crate) base: BaseUrl,
    pub(crate) http: reqwest::Client,
    pub(crate) manners: Manners,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) journal: Journal,
    pub(crate) skew: Skew,
}

/// What all requests of a client share.
pub(crate) struct Manners {
    pub(crate) reading: Arc<dyn Reading>,
    pub(crate) retry: RetryPolicy,
    pub(crate) answer: Duration,
    pub(crate) idle: Duration,
    pub(crate) body: ByteSize,
    pub(crate) redirects: u32,
    pub(crate) budget: Option<Budget>,
    /// The longest that one answer may hold the budget.
    pub(crate) hold_most: Duration,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) signer: Option<Arc<dyn Signer>>,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) tally: Tally,
}

/// Signs each try anew, for systems whose signatures age.
pub trait Signer: Send + Sync + 'static {
    /// The headers that sign a request with this body.
    fn sign(&self, method: &Method, url: &Url, body: &[u8], now: Timestamp) -> HeaderMap;
}

/// How the other side proves who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates in PEM that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate will do. Whoever is in between can then read and change everything.
    pub insecure: bool,
}

/// The way to the other side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Straight, whatever the environment says.
    #[default]
    None,
    /// Through this one.
    Address(String),
}

/// Describes a [`Client`].
pub struct ClientBuilder {
    cx: TaskContext,
    base: BaseUrl,
    headers: HeaderMap,
    secrets: Vec<String>,
    tls: Tls,
    proxy: Proxy,
    connect: Duration,
    manners: Manners,
    in_flight: usize,
}

impl Client {
    /// A client of the system at this address, as yet nobody there.
    pub fn builder(cx: &TaskContext, base: BaseUrl) -> ClientBuilder {
        let manners = Manners {
            reading: Arc::new(Standard),
            retry: RetryPolicy::default(),
            answer: ANSWER,
            idle: IDLE,
            body: BODY,
            redirects: 0,
            budget: None,
            hold_most: Duration::MAX,
            breaker: None,
            signer: None,
            tokens: None,
            tally: Tally::default(),
        };
        ClientBuilder {
            cx: cx.clone(),
            base,
            headers: HeaderMap::new(),
            secrets: Vec::new(),
            tls: Tls::default(),
            proxy: Proxy::None,
            connect: CONNECT,
            manners,
            in_flight: IN_FLIGHT,
        }
    }

    /// The address that all requests are below.
    pub fn base(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// The time by the clock of the attempt.
    pub fn now(&self) -> Timestamp {
        self.inner.cx.now()
    }

    /// How far the clock of the other side is ahead of ours, by the `Date` of its last answer; negative if it is behind.
    pub fn skew(&self) -> Option<chrono::TimeDelta> {
        self.inner.skew.last()
    }

    /// The text without the secrets that go with requests.
    pub fn mask(&self, text: &str) -> String {
        self.inner.journal.mask(text)
    }

    /// A request to a path below the base.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.clone(), method, path)
    }

    /// Reads something.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// Does or makes something.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// Puts something in the place of what is there.
    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    /// Changes a part of something.
    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    /// Takes something away.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }
}

impl ClientBuilder {
    /// A bearer token goes with every request.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        let name = AUTHORIZATION;
        let mut with = self.secret_header(name, &format!("Bearer {token}"));
        with.secrets.push(token.to_owned());
        with
    }

    /// A token from this source goes with every request. It is replaced five minutes before its end, and once when it is
    /// refused.
    #[must_use]
    pub fn tokens(mut self, source: impl TokenSource) -> Self {
        self.manners.tokens = Some(Tokens::new(source));
        self
    }

    /// Tries are counted here.
    #[must_use]
    pub fn tally(mut self, tally: &Tally) -> Self {
        self.manners.tally = tally.clone();
        self
    }

    /// A header that is a secret goes with every request.
    #[must_use]
    pub fn secret_header(mut self, name: HeaderName, value: &str) -> Self {
        self.secrets.push(value.to_owned());
        // What cannot stand in a header is found out when the client is built.
        let mut header = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(UNFIT));
        header.set_sensitive(true);
        self.headers.insert(name, header);
        self
    }

    /// A header goes with every request.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// This value is masked wherever requests are told of.
    #[must_use]
    pub fn secret(mut self, value: &str) -> Self {
        self.secrets.push(value.to_owned());
        self
    }

    /// Every try is signed.
    #[must_use]
    pub fn signer(mut self, signer: impl Signer) -> Self {
        self.manners.signer = Some(Arc::new(signer));
        self
    }

    /// How the other side proves who it is.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// The way to the other side.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// How long each phase may take: the connection, the first byte of the answer, a silence within its body.
    #[must_use]
    pub fn within(mut self, connect: Duration, answer: Duration, idle: Duration) -> Self {
        self.connect = connect;
        self.manners.answer = answer;
        self.manners.idle = idle;
        self
    }

    /// How large a body may be that is read into memory.
    #[must_use]
    pub fn body_limit(mut self, limit: ByteSize) -> Self {
        self.manners.body = limit;
        self
    }

    /// How many redirects to the same host are followed; none unless this is said.
    #[must_use]
    pub fn redirects(mut self, most: u32) -> Self {
        self.manners.redirects = most;
        self
    }

    /// What the system's answers mean.
    #[must_use]
    pub fn reading(mut self, reading: impl Reading) -> Self {
        self.manners.reading = Arc::new(reading);
        self
    }

    /// What is tried again.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.manners.retry = retry;
        self
    }

    /// Every try takes one of this budget; a `Retry-After` holds it for everybody.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.manners.budget = Some(budget);
        self
    }

    /// The longest that one `Retry-After` may hold the budget for everybody, for systems that throttle each endpoint by itself. The
    /// request itself waits as long as it is told to.
    #[must_use]
    pub fn hold_most(mut self, most: Duration) -> Self {
        self.manners.hold_most = most;
        self
    }

    /// How many requests may be under way at a time.
    #[must_use]
    pub fn in_flight(mut self, most: usize) -> Self {
        self.in_flight = most.max(1);
        self
    }

    /// What stops asking after failures in a row.
    #[must_use]
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.manners.breaker = Some(breaker);
        self
    }

    /// The client.
    pub fn build(self) -> Result<Client, HttpError> {
        if self.headers.values().any(|value| value == UNFIT) {
            let told = "a credential holds characters that no header can hold, such as a line end".to_owned();
            return Err(HttpError::Setup { told });
        }
        let http = connector(&self)?;
        let mut secrets = self.secrets;
        if let Proxy::Address(address) = &self.proxy {
            secrets.extend(secrets_of(address));
        }
        Ok(Client {
            inner: Arc::new(Inner {
                cx: self.cx,
                base: self.base,
                http,
                manners: self.manners,
                in_flight: Arc::new(Semaphore::new(self.in_flight)),
                journal: Journal::masking(secrets),
                skew: Skew::default(),
            }),
        })
    }
}

/// Stands for a header that cannot be.
const UNFIT: &str = "unfit";

/// The password in an address, as it is written and as it is meant.
fn secrets_of(address: &str) -> Vec<String> {
    let url = Url::parse(address).ok();
    let written = url.as_ref().and_then(Url::password).unwrap_or_default();
    let meant = percent_encoding::percent_decode_str(written).decode_utf8_lossy();
    vec![written.to_owned(), meant.into_owned()]
}

fn connector(wanted: &ClientBuilder) -> Result<reqwest::Client, HttpError> {
    let setup = |what: &str, why: &dyn std::fmt::Display| HttpError::Setup { told: format!("{what}: {why}") };
    // Whoever came first chose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let user_agent = concat!("roundsman/", env!("CARGO_PKG_VERSION"));
    let mut builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .default_headers(wanted.headers.clone())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(wanted.connect)
        .tls_danger_accept_invalid_certs(wanted.tls.insecure)
        .no_proxy();
    if let Proxy::Address(address) = &wanted.proxy {
        let proxy = reqwest::Proxy::all(address).map_err(|error| setup("the proxy's address", &error))?;
        builder = builder.proxy(proxy);
    }
    if let Some(path) = &wanted.tls.ca_file {
        let what = format!("the certificates in {}", path.display());
        let pem = std::fs::read(path).map_err(|error| setup(&what, &error))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| setup(&what, &error))?;
        if certificates.is_empty() {
            return Err(setup(&what, &"there is none in PEM form"));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| setup("TLS", &error))
}
