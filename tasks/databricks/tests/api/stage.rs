//! A simulated workspace, its clock, and who asks it. It says nothing of what is asked.

use std::{sync::Arc, time::Duration};

use roundsman_databricks::api::{Access, Workspace, WorkspaceSettings};
use roundsman_simulators::{Databricks, Scenario};
use roundsman_task::CredentialField;
use roundsman_testkit::{FakeClock, TestContext};

/// A workspace with somebody in front of it.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) test: TestContext,
    pub(crate) sim: Databricks,
    pub(crate) workspace: Workspace,
}

impl Stage {
    /// Eight in the morning of a Monday in Jerusalem; the attempt has an hour.
    pub(crate) async fn of(scenario: Scenario) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let (test, workspace) = attempt(&clock, &sim);
        Self { clock, test, sim, workspace }
    }

    /// The same so much later, in another attempt.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        self.clock.advance(by);
        (self.test, self.workspace) = attempt(&self.clock, &self.sim);
        self
    }

    /// A lab of three groups with one student each.
    pub(crate) async fn lab() -> Self {
        Self::of(lab()).await
    }

    /// The same workspace for somebody else.
    pub(crate) fn as_somebody(&self, access: Access) -> Workspace {
        Workspace::new(self.test.cx(), &WorkspaceSettings::new(&self.sim.url(), access)).unwrap()
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, pattern: &str) -> usize {
        self.sim.asked(pattern).len()
    }
}

/// An attempt that has an hour.
fn attempt(clock: &Arc<FakeClock>, sim: &Databricks) -> (TestContext, Workspace) {
    let test = TestContext::builder().virtual_time(clock).time_left(Duration::from_hours(1)).build();
    let access = Access::Pat { token: CredentialField::new(sim.token()) };
    let workspace = Workspace::new(test.cx(), &WorkspaceSettings::new(&sim.url(), access)).unwrap();
    (test, workspace)
}

/// A lab of three groups with one student each.
pub(crate) fn lab() -> Scenario {
    (1..=3).fold(Scenario::at("2026-11-16 08:00"), |lab, number| {
        lab.lab(number, &[&format!("s{number}@example.edu")], Vec::new())
    })
}

/// The id of the cluster of a group of the lab.
pub(crate) fn id(number: u32) -> String {
    format!("1116-060000-lab{number:05}")
}
