//! A Metabase server as the kind uses it: who we are there, typed calls, exports as streams, and the manners that all tasks
//! keep together. What is exported, and what becomes of the bytes, is decided elsewhere.

mod auth;
mod call;
mod cards;
mod collections;
mod dashboards;
mod exporting;
mod failure;
mod manners;
mod properties;
mod reading;
mod ready;
mod session;

use std::{sync::Arc, time::Duration};

use roundsman_http::{
    BaseUrl, Client, Proxy, RetryPolicy, Tally, Tls,
    header::{HeaderValue, USER_AGENT},
};
use roundsman_task::{TaskContext, TaskError, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use self::{auth::Auth, exporting::Encodings, manners::Manners, reading::Metabase};
pub use self::{
    auth::CREDENTIAL,
    call::{in_words, pause},
    cards::{Card, CardFilter, Column, ListedCard, ListedParameter, Parameter},
    collections::{CollectionItem, Recent},
    dashboards::{CardName, Dashboard, Dashcard},
    exporting::{ExportRequest, ExportStream, Source},
    failure::{Again, FailureClass, FailureScope, ServerFailure, of_query},
    properties::{MOST_ROWS, Properties, Version},
    ready::{Health, User},
};
use crate::config::Checked;

/// The space of documents that all tasks with the same server share; its scope is [`scope`].
pub const SPACE: &str = "metabase";

/// How many requests the client itself lets through at once; the limits that count are those of the configuration.
const IN_FLIGHT: usize = 1_024;

/// A server. Cheap to clone; clones share their session and their manners.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    cx: TaskContext,
    config: Checked,
    client: Client,
    auth: Auth,
    manners: Manners,
    properties: OnceCell<Properties>,
    encodings: Encodings,
    tally: Tally,
}

impl Server {
    /// The server of a configuration. Nothing is asked of it yet.
    pub async fn open(cx: &TaskContext, config: &Checked) -> Result<Self, TaskError> {
        let base = address(config)?;
        let id = id_of(&base);
        let auth = Auth::of(cx, config)?;
        let tally = Tally::default();
        let client = client(cx, config, base, &auth, &tally).await?;
        let manners = Manners::new(cx, config, &id);
        let encodings = Encodings::new(cx, config);
        let properties = OnceCell::new();
        let (cx, config) = (cx.clone(), config.clone());
        let inner = Inner { cx, config, client, auth, manners, properties, encodings, tally };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The address of the server, as manifests and keys name it: without a slash at its end.
    pub fn base_url(&self) -> String {
        scope(&self.inner.config)
    }

    /// An instant as people read it: in the zone of the task.
    fn instant(&self, at: Timestamp) -> String {
        // The second in which it is over.
        let at = at + chrono::TimeDelta::milliseconds(999);
        at.with_timezone(&self.inner.cx.timezone()).format("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// The text without our secrets.
    pub fn mask(&self, text: &str) -> String {
        self.inner.client.mask(text)
    }

    /// How many requests there were and what became of them.
    pub fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    /// How long requests waited because the server had enough of us.
    pub fn throttled_for(&self) -> Duration {
        self.inner.manners.throttled_for()
    }
}

/// The scope of the space `metabase`: the server's address.
pub fn scope(config: &Checked) -> String {
    // What is no address was refused when the configuration was read.
    let base = config.address();
    base.map_or_else(|_| config.base_url.clone(), |base| base.to_string().trim_end_matches('/').to_owned())
}

fn address(config: &Checked) -> Result<BaseUrl, TaskError> {
    config.address().map_err(|error| TaskError::config(format!("base_url: {error}")))
}

/// What budgets and leases of the server are called after.
fn id_of(base: &BaseUrl) -> String {
    fingerprint(base.to_string().trim_end_matches('/'), 8)
}

/// The first bytes of the hash of a text, in hexadecimal digits.
fn fingerprint(text: &str, bytes: usize) -> String {
    Sha256::digest(text.as_bytes()).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

async fn client(
    cx: &TaskContext,
    config: &Checked,
    base: BaseUrl,
    auth: &Auth,
    tally: &Tally,
) -> Result<Client, TaskError> {
    if !config.verify_tls {
        tracing::warn!("verify_tls = false: whoever is between us and {base} can read and change everything");
    }
    let tls = Tls { ca_file: config.ca_file.clone(), insecure: !config.verify_tls };
    let proxy = config.proxy.clone().filter(|proxy| !proxy.trim().is_empty());
    let times = &config.timeouts;
    let agent = format!("roundsman/{} (task {})", env!("CARGO_PKG_VERSION"), cx.task());
    let agent = HeaderValue::from_str(&agent).map_err(TaskError::permanent)?;
    // Pauses and further tries are decided here, not in the client: what is tried again depends on what was asked.
    let retry = RetryPolicy {
        tries: 1,
        conflict_tries: 1,
        most_said: A_WEEK,
        total: A_WEEK,
        ..RetryPolicy::default()
    };
    let builder = Client::builder(cx, base)
        .header(USER_AGENT, agent)
        .reading(Metabase)
        .retry(retry)
        .tls(tls)
        .proxy(proxy.map_or(Proxy::None, Proxy::Address))
        .within(times.connect.get(), times.meta.get(), times.meta.get())
        .in_flight(IN_FLIGHT)
        .tally(tally);
    let builder = auth.secrets().iter().fold(builder, |builder, secret| builder.secret(secret));
    // Certificates are read from files: not on a thread that has other things to do.
    let built = tokio::task::spawn_blocking(move || builder.build()).await;
    Ok(built.map_err(TaskError::retry)??)
}

const A_WEEK: Duration = Duration::from_hours(168);

/// A length as the calendar counts it; what is longer than a year is a year.
fn delta(length: Duration) -> chrono::TimeDelta {
    let year = chrono::TimeDelta::days(365);
    chrono::TimeDelta::from_std(length).map_or(year, |length| length.min(year))
}
