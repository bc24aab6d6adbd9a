//! What holds the simulators of a test: starts them, gives access to the world, the journal and the faults. Dropping it ends
//! them.

use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Result;
use roundsman_model::Clock;

use super::{
    routes,
    scenario::{ADMIN_TOKEN, Scenario},
    world::World,
};
use crate::{
    acs::{Acs, SentMail},
    exchange::{Answer, Asked},
    faults::{Fault, FaultHandle, Faults},
    journal::{Entry, Journal},
    server::{Server, Site, System},
};

/// A workspace and a mail service that listen.
pub struct Databricks {
    workspace: Arc<Workspace>,
    mail: Arc<Acs>,
    journal: Arc<Journal>,
    faults: Arc<Faults>,
    workspace_server: Server,
    mail_server: Server,
    token: String,
}

impl Databricks {
    /// Starts both on free ports. All that happens in them happens on this clock.
    pub async fn start(clock: Arc<dyn Clock>, scenario: Scenario) -> Result<Self> {
        Self::start_on(clock, scenario, 0).await
    }

    /// Starts the workspace on this port and the mail service on the next one; on free ports if it is 0.
    pub async fn start_on(clock: Arc<dyn Clock>, scenario: Scenario, port: u16) -> Result<Self> {
        let world = World::new(&scenario, clock.now().timestamp_millis())?;
        let workspace = Arc::new(Workspace { clock: clock.clone(), world: Mutex::new(world) });
        let mail = Arc::new(Acs::new(clock.clone(), &scenario.acs)?);
        let (journal, faults) = (Arc::new(Journal::default()), Arc::new(Faults::default()));
        for fault in &scenario.faults {
            faults.add(fault.clone());
        }
        let site = |name, system: Arc<dyn System>| Site {
            name,
            system,
            clock: clock.clone(),
            journal: journal.clone(),
            faults: faults.clone(),
        };
        let workspace_server = Server::start(site("databricks", workspace.clone()), port).await?;
        let next = if port == 0 { 0 } else { port + 1 };
        let mail_server = Server::start(site("acs", mail.clone()), next).await?;
        let fixed = scenario.tokens.iter().find(|token| !token.oauth);
        let token = fixed.map_or(ADMIN_TOKEN, |token| &token.token).to_owned();
        Ok(Self { workspace, mail, journal, faults, workspace_server, mail_server, token })
    }

    /// Where the workspace is, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.workspace_server.url()
    }

    /// Where the mail service is.
    pub fn acs_url(&self) -> String {
        self.mail_server.url()
    }

    /// The first token of the scenario that is good as it is; the administrator's if it names none.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The access key of the mail service, in base64.
    pub fn access_key(&self) -> String {
        self.mail.access_key()
    }

    /// All requests to either, in the order of their effects.
    pub fn journal(&self) -> Vec<Entry> {
        self.journal.all()
    }

    /// The requests that fit a pattern such as `PUT /api/2.0/permissions/clusters/*`.
    pub fn asked(&self, pattern: &str) -> Vec<Entry> {
        self.journal.all().into_iter().filter(|entry| entry.fits(pattern)).collect()
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.journal.clear();
    }

    /// Returns once the journal has so many entries.
    pub async fn reached(&self, entries: usize) {
        self.journal.reached(entries).await;
    }

    /// From now on this goes wrong.
    pub fn fault(&self, fault: Fault) -> FaultHandle {
        self.faults.add(fault)
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Looks at the world or changes it, as it is now.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use roundsman_simulators::{Databricks, Level, Principal, Scenario, State};
    /// # use roundsman_testkit::FakeClock;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
    /// let sim = Databricks::start(clock.clone(), Scenario::named("day").unwrap()).await.unwrap();
    /// clock.advance(std::time::Duration::from_secs(600));
    /// let state = sim.world(|world| {
    ///     let group = Principal::Group("group_07".to_owned());
    ///     world.grant("cluster_07", group, Some(Level::CanAttachTo)).unwrap();
    ///     world.state("cluster_07")
    /// });
    /// assert_eq!(state, Some(State::Running));
    /// # });
    /// ```
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.workspace.world())
    }

    /// The mails that the service accepted, oldest first; each operation once.
    pub fn mails(&self) -> Vec<SentMail> {
        self.mail.mails()
    }

    /// Nothing is delivered to this address any more.
    pub fn suppress(&self, address: &str) {
        self.mail.suppress(address);
    }

    /// From now on connections to the mail service are refused.
    pub async fn close_acs(&self) {
        self.mail_server.close().await;
    }

    /// The mail service listens again.
    pub async fn reopen_acs(&self) -> Result<()> {
        self.mail_server.reopen().await
    }

    /// From now on connections to the workspace are refused.
    pub async fn close_databricks(&self) {
        self.workspace_server.close().await;
    }

    /// The workspace listens again.
    pub async fn reopen_databricks(&self) -> Result<()> {
        self.workspace_server.reopen().await
    }
}

/// The world behind the workspace's server.
struct Workspace {
    clock: Arc<dyn Clock>,
    world: Mutex<World>,
}

impl Workspace {
    fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().expect("nothing panics while it holds the lock");
        world.advance(self.clock.now().timestamp_millis());
        world
    }
}

impl System for Workspace {
    fn answer(&self, asked: &Asked) -> Answer {
        routes::answer(&mut self.world(), asked)
    }
}
