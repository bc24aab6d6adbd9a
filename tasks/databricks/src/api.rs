//! The vendor's interface: requests and answers as types, one call per endpoint. It decides nothing; what follows from an
//! answer is the kinds' matter.

mod access;
pub mod clusters;
mod lenient;
pub mod libraries;
mod pages;
pub mod permissions;
pub mod policies;
pub mod preflight;
mod refusal;
pub mod scim;
pub mod workspace_files;

use std::{sync::Arc, time::Duration};

use roundsman_http::{
    Answer, BaseUrl, Client, Growth, HttpError, Method, Proxy, Request, RetryPolicy, Tally, Tls,
};
use roundsman_task::{BudgetRule, TaskContext, Timestamp};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use self::{
    access::{Access, ENTRA},
    lenient::OpenText,
    refusal::{FEDERATED_GROUP, ONLY_IN_ACCOUNT, PINNED},
};
use self::{
    clusters::Clusters, libraries::Libraries, permissions::Permissions, policies::Policies,
    refusal::VendorReading, scim::Scim, workspace_files::WorkspaceFiles,
};

/// The budget that all requests to workspaces draw from, whichever task sends them.
pub const BUDGET: &str = "databricks-api";
/// What that budget allows where the configuration does not name it.
pub const BUDGET_RULE: BudgetRule = BudgetRule::per_second(10);

/// How many requests may be under way.
const IN_FLIGHT: usize = 8;
/// How many writes of users and groups may be under way.
const SCIM_WRITES: usize = 4;
/// The longest that one answer may keep everybody from asking. The vendor throttles each endpoint by itself, and clusters are to
/// be stopped even where nobody may be looked up.
const HOLD: Duration = Duration::from_secs(15);
/// How long all tries of one call may take together.
const RETRY_TOTAL: Duration = Duration::from_secs(300);

/// What a [`Workspace`] is made of.
#[derive(Debug, Clone)]
pub struct WorkspaceSettings {
    /// Where it is, as people write it: scheme, path, query and port 443 may be there or not.
    pub host: String,
    /// Who we are there.
    pub access: Access,
    /// Requests per second of [`BUDGET`], where the configuration does not name it.
    pub budget: BudgetRule,
    /// How many requests may be under way.
    pub in_flight: usize,
    /// How long all tries of one call may take together.
    pub retry_total: Duration,
    /// How the workspace proves who it is.
    pub tls: Tls,
    /// The way to it.
    pub proxy: Proxy,
}

impl WorkspaceSettings {
    /// A workspace with everything as usual.
    pub fn new(host: &str, access: Access) -> Self {
        Self {
            host: host.to_owned(),
            access,
            budget: BUDGET_RULE,
            in_flight: IN_FLIGHT,
            retry_total: RETRY_TOTAL,
            tls: Tls::default(),
            proxy: Proxy::default(),
        }
    }

    /// The address of the host alone, as it is asked.
    pub fn base(&self) -> Result<BaseUrl, HttpError> {
        Ok(BaseUrl::parse(&self.host)?.origin())
    }

    fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            tries: u32::MAX,
            conflict_tries: 3,
            base: Duration::from_secs(1),
            growth: Growth::Steps,
            most: Duration::from_secs(10),
            unsaid: Duration::from_secs(1),
            most_said: self.retry_total,
            total: self.retry_total,
        }
    }
}

/// A workspace, as somebody. Cheap to clone.
#[derive(Clone)]
pub struct Workspace {
    cx: TaskContext,
    client: Client,
    tally: Tally,
    scim_writes: Arc<Semaphore>,
    until: Option<Timestamp>,
    retry_total: Duration,
}

impl Workspace {
    /// The workspace with these settings. Nothing is asked of it yet.
    pub fn new(cx: &TaskContext, settings: &WorkspaceSettings) -> Result<Self, HttpError> {
        let tally = Tally::default();
        let builder = Client::builder(cx, settings.base()?)
            .reading(VendorReading)
            .retry(settings.retry())
            .budget(cx.budget_or(BUDGET, settings.budget.clone()))
            .hold_most(HOLD)
            .in_flight(settings.in_flight)
            .tls(settings.tls.clone())
            .proxy(settings.proxy.clone())
            .tally(&tally);
        let client = access::sign_in(cx, settings, builder)?.build()?;
        let scim_writes = Arc::new(Semaphore::new(SCIM_WRITES));
        let (cx, retry_total) = (cx.clone(), settings.retry_total);
        Ok(Self { cx, client, tally, scim_writes, until: None, retry_total })
    }

    /// The host, as the ids of what belongs to it begin.
    pub fn host(&self) -> String {
        self.client.base().host()
    }

    /// The same workspace, of which nothing is asked again after this instant.
    #[must_use]
    pub fn until(&self, end: Timestamp) -> Self {
        Self { until: Some(self.until.map_or(end, |until| until.min(end))), ..self.clone() }
    }

    /// How many requests there were and what became of them.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How far the workspace's clock is ahead of ours, by its last answer.
    pub fn skew(&self) -> Option<chrono::TimeDelta> {
        self.client.skew()
    }

    /// Its clusters.
    pub const fn clusters(&self) -> Clusters<'_> {
        Clusters::new(self)
    }

    /// Who may do what with its clusters.
    pub const fn permissions(&self) -> Permissions<'_> {
        Permissions::new(self)
    }

    /// Its users and groups.
    pub const fn scim(&self) -> Scim<'_> {
        Scim::new(self)
    }

    /// Libraries of its clusters.
    pub const fn libraries(&self) -> Libraries<'_> {
        Libraries::new(self)
    }

    /// Its folders, notebooks and files.
    pub const fn files(&self) -> WorkspaceFiles<'_> {
        WorkspaceFiles::new(self)
    }

    /// Its cluster policies.
    pub const fn policies(&self) -> Policies<'_> {
        Policies::new(self)
    }

    /// A request that is counted under this name.
    fn request(&self, method: Method, name: &'static str, path: &str) -> Request {
        let request = self.client.request(method, path).named(name);
        match self.until {
            Some(end) => request.until(end),
            None => request,
        }
    }

    fn get(&self, name: &'static str, path: &str) -> Request {
        self.request(Method::GET, name, path)
    }

    fn post(&self, name: &'static str, path: &str) -> Request {
        self.request(Method::POST, name, path)
    }

    /// A turn at writing users and groups, which are throttled sooner than anything else.
    async fn scim_turn(&self) -> SemaphorePermit<'_> {
        self.scim_writes.acquire().await.expect("the permits are never closed")
    }
}

/// Sends a request and reads its answer, which may be empty.
async fn ask<T: DeserializeOwned>(request: Request) -> Result<T, HttpError> {
    request.send().await?.json_or_empty()
}

/// As [`ask`], with the answer, for those who may have to complain of it.
async fn ask_whole<T: DeserializeOwned>(request: Request) -> Result<(T, Answer), HttpError> {
    let answer = request.send().await?;
    Ok((answer.json_or_empty()?, answer))
}

/// Sends a request whose answer says nothing but that it was done.
async fn tell(request: Request) -> Result<(), HttpError> {
    // A login page comes with success too, so it is read nevertheless.
    ask::<serde_json::Value>(request).await.map(drop)
}

/// As [`tell`], for what is to be gone in the end; says whether it was still there.
async fn tell_gone(request: Request) -> Result<bool, HttpError> {
    match tell(request).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
