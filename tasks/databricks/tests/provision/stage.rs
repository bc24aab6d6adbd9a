//! A course, its workspace, and who provisions it. It says nothing of what is wanted.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use roundsman_databricks::{
    api::{Access, Workspace, WorkspaceSettings},
    moodle::{Address, Rules},
    provision::{
        Actual, Applied, ApplyError, Course, Desired, Entry, Journal, OpState, Order, Pace, Plan,
        PlanOptions, ProvisionSettings, apply, plan, unfinished,
    },
    users_csv,
};
use roundsman_simulators::{Databricks, Scenario, State};
use roundsman_task::{CredentialField, TaskError};
use roundsman_testkit::{FakeClock, TestContext};

/// A workspace with somebody who provisions it.
pub(crate) struct Stage {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) test: TestContext,
    pub(crate) sim: Databricks,
    pub(crate) workspace: Workspace,
    pub(crate) settings: ProvisionSettings,
    pub(crate) options: PlanOptions,
    pub(crate) notes: Notes,
}

/// What was told of each step.
#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<Entry>>);

#[async_trait]
impl Journal for Notes {
    async fn write(&self, entry: &Entry) -> Result<(), TaskError> {
        self.0.lock().unwrap().push(entry.clone());
        Ok(())
    }
}

impl Notes {
    pub(crate) fn all(&self) -> Vec<Entry> {
        self.0.lock().unwrap().clone()
    }
}

impl Stage {
    /// Eight in the morning of a Monday in Jerusalem; the attempt has six hours.
    pub(crate) async fn of(scenario: Scenario) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
        let sim = Databricks::start(clock.clone(), scenario).await.unwrap();
        let (test, workspace) = attempt(&clock, &sim);
        let (settings, options, notes) = Default::default();
        Self { clock, test, sim, workspace, settings, options, notes }
    }

    /// A workspace in which there is nobody but the administrator.
    pub(crate) async fn empty() -> Self {
        Self::of(Scenario::at("2026-11-16 08:00")).await
    }

    /// Another attempt, so much later.
    pub(crate) fn later(&mut self, by: Duration) {
        self.clock.advance(by);
        (self.test, self.workspace) = attempt(&self.clock, &self.sim);
    }

    /// What a course wants whose groups have these members, in the order of their numbers.
    pub(crate) fn wanted(&self, groups: &[&[&str]]) -> Desired {
        let lines: Vec<String> = groups.iter().map(|members| members.join(",")).collect();
        let max_members = NonZeroUsize::new(8).unwrap();
        let rules = Rules { max_members, allow_multi_group: true, ..Rules::default() };
        let titles: Vec<String> = (1..=8).map(|column| format!("user{column}")).collect();
        let text = format!("{}\n{}\n", titles.join(","), lines.join("\n"));
        let table = users_csv::read(text.as_bytes(), &rules);
        assert!(!table.has_errors(), "{:?}", table.remarks);
        Desired::new(&course(), &self.settings, &table.value).unwrap()
    }

    pub(crate) async fn plan(&self, desired: &Desired) -> Plan {
        plan(desired, &Actual::read(&self.workspace).await.unwrap(), &self.options)
    }

    pub(crate) fn order<'a>(&'a self, desired: &'a Desired) -> Order<'a> {
        Order { desired, options: &self.options, agreed: None, pace: Pace::from(&self.settings) }
    }

    pub(crate) async fn try_apply(&self, desired: &Desired) -> Result<Applied, ApplyError> {
        apply(self.test.cx(), &self.workspace, self.order(desired), &self.notes).await
    }

    /// Applies it, which must go well in everything, and checks that nothing remains.
    pub(crate) async fn apply(&self, desired: &Desired) -> Applied {
        let applied = self.try_apply(desired).await.unwrap();
        assert!(applied.is_success(), "{}\n{:#?}", applied.summary(), applied.entries);
        let entries = applied.entries.len();
        assert_eq!((entries, applied.count(OpState::Done)), (applied.plan.operations.len(), entries));
        let again = self.plan(desired).await;
        assert!(again.is_empty(), "{again}");
        applied
    }

    /// What the journals so far leave unfinished counts from now on.
    pub(crate) fn remember_unfinished(&mut self) {
        self.options.unfinished = unfinished(&self.notes.all());
    }

    /// Each cluster by name, with whether it is pinned and what it is doing.
    pub(crate) fn clusters(&self) -> Vec<(String, bool, State)> {
        self.sim.world(|world| {
            let ids = world.cluster_ids();
            let mut all: Vec<_> = ids
                .iter()
                .map(|id| (world.name(id).unwrap().to_owned(), world.is_pinned(id), world.state(id).unwrap()))
                .collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        })
    }

    /// The names of all clusters.
    pub(crate) fn names(&self) -> Vec<String> {
        self.clusters().into_iter().map(|(name, _, _)| name).collect()
    }

    pub(crate) fn members(&self, group: &str) -> Vec<String> {
        let mut members = self.sim.world(|world| world.members(group));
        members.sort();
        members
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, pattern: &str) -> usize {
        self.sim.asked(pattern).len()
    }
}

/// The course of all tests.
pub(crate) fn course() -> Course {
    Course { name: "demo".to_owned(), policy_id: None }
}

/// An address as files have it.
pub(crate) fn address(text: &str) -> Address {
    Address::parse(text, &Rules::default()).unwrap()
}

/// Lines of a plan, each as its sign, kind and target.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let line = |operation: &roundsman_databricks::provision::Operation| {
        format!("{} {} {}", operation.mark.sign(), operation.change.kind(), operation.change.target())
    };
    plan.operations.iter().map(line).collect()
}

fn attempt(clock: &Arc<FakeClock>, sim: &Databricks) -> (TestContext, Workspace) {
    let test = TestContext::builder().virtual_time(clock).time_left(Duration::from_hours(6)).build();
    let access = Access::Pat { token: CredentialField::new(sim.token()) };
    let workspace = Workspace::new(test.cx(), &WorkspaceSettings::new(&sim.url(), access)).unwrap();
    (test, workspace)
}
