//! The steps of a plan, stage by stage: in which order, how many at a time, and what is left out where something failed. How
//! a step is done is not known here.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use futures::{StreamExt, TryStreamExt, future, stream};
use roundsman_task::{TaskContext, TaskError, Timestamp};
use uuid::Uuid;

use super::{
    super::{
        Actual,
        change::{Change, Member, Operation, Plan},
    },
    Entry, FailedLibrary, Journal, OpState, Pace,
    errors::StepError,
    gate::Gate,
};
use crate::{api::Workspace, numbering::GroupNumber};

/// How many steps of one stage are under way; the workspace's own limits are narrower.
const AT_A_TIME: usize = 8;

/// An attempt that ends within this time begins nothing more.
const SOON: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// What follows upon what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Policy,
    Users,
    Groups,
    Members,
    Clusters,
    Removals,
}

/// A plan that is being carried out.
pub(super) struct Run<'a> {
    pub(super) cx: &'a TaskContext,
    pub(super) workspace: &'a Workspace,
    pub(super) actual: &'a Actual,
    pub(super) plan: &'a Plan,
    pub(super) pace: Pace,
    pub(super) gate: Gate,
    journal: &'a dyn Journal,
    state: Mutex<State>,
}

/// What is known by now.
#[derive(Default)]
pub(super) struct State {
    /// Ids of users by address, of groups by name: a group may be called like an address.
    pub(super) ids: BTreeMap<Member, String>,
    /// Ids of clusters that were made.
    pub(super) made: BTreeMap<GroupNumber, String>,
    /// When the time of each cluster that is worked at is used up.
    pub(super) limits: BTreeMap<GroupNumber, Timestamp>,
    pub(super) failed_libraries: Vec<FailedLibrary>,
    entries: BTreeMap<usize, Entry>,
    /// Why nothing more is tried.
    hopeless: Option<String>,
}

/// What a step has to tell when it is done.
#[derive(Default)]
pub(super) struct Done {
    pub(super) remote_id: Option<String>,
    pub(super) attempts: u32,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        cx: &'a TaskContext,
        workspace: &'a Workspace,
        actual: &'a Actual,
        plan: &'a Plan,
        pace: Pace,
        journal: &'a dyn Journal,
    ) -> Self {
        let (users, groups) = (actual.directory.users(), actual.directory.groups());
        let users = users.map(|user| (Member::User(user.user_name.to_lowercase()), user.id.clone()));
        let groups = groups.map(|group| (Member::Group(group.display_name.clone()), group.id.clone()));
        let state = State { ids: users.chain(groups).collect(), ..State::default() };
        let gate = Gate::new(pace.parallel.get());
        Self { cx, workspace, actual, plan, pace, gate, journal, state: Mutex::new(state) }
    }

    /// Does everything that can be done.
    pub(super) async fn through(self) -> Result<(Vec<Entry>, Vec<FailedLibrary>), TaskError> {
        for wanted in [Stage::Policy, Stage::Users, Stage::Groups, Stage::Members] {
            self.waves(self.of_stage(wanted)).await?;
        }
        self.clusters().await?;
        self.waves(self.of_stage(Stage::Removals)).await?;
        let state = self.state.into_inner().expect("nobody panics while noting");
        Ok((state.entries.into_values().collect(), state.failed_libraries))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while noting")
    }

    fn of_stage(&self, wanted: Stage) -> Vec<&'a Operation> {
        self.plan.operations.iter().filter(|operation| stage(&operation.change) == wanted).collect()
    }

    /// Steps side by side, each once what it needs has come to its end.
    async fn waves(&self, mut waiting: Vec<&'a Operation>) -> Result<(), TaskError> {
        while !waiting.is_empty() {
            let open: Vec<usize> = waiting.iter().map(|operation| operation.ord).collect();
            let (ready, rest): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|operation| operation.needs.iter().all(|need| !open.contains(need)));
            // A plan read from a file may need in circles; its steps are then left out one by one.
            let (ready, rest) = if ready.is_empty() { (rest, Vec::new()) } else { (ready, rest) };
            stream::iter(ready)
                .map(|operation| self.step(operation))
                .buffer_unordered(AT_A_TIME)
                .try_collect::<()>()
                .await?;
            waiting = rest;
        }
        Ok(())
    }

    /// Clusters side by side, the steps of each one after the other.
    async fn clusters(&self) -> Result<(), TaskError> {
        let mut chains: BTreeMap<GroupNumber, Vec<&Operation>> = BTreeMap::new();
        for operation in self.of_stage(Stage::Clusters) {
            if let Some(cluster) = operation.change.cluster() {
                chains.entry(cluster.number).or_default().push(operation);
            }
        }
        let chains = chains.into_iter().map(|(number, chain)| async move {
            let _pass = self.gate.enter().await;
            self.renew_limit(number);
            for operation in chain {
                self.step(operation).await?;
            }
            Ok(())
        });
        future::try_join_all(chains).await.map(drop)
    }

    async fn step(&self, operation: &Operation) -> Result<(), TaskError> {
        if let Some(why) = self.obstacle(operation) {
            let entry = Entry { error: Some(why), ..self.entry(operation, OpState::Skipped) };
            return self.note(entry).await;
        }
        let request = matches!(operation.change, Change::ClusterCreate { .. }).then(Uuid::new_v4);
        self.note(Entry { request, ..self.entry(operation, OpState::Started) }).await?;
        let result = self.carry_out(operation, request.unwrap_or_default()).await;
        let (state, error, done) = match result {
            Ok(done) => (OpState::Done, None, done),
            Err(StepError::Failed(why)) => (OpState::Failed, Some(why), Done::default()),
            Err(StepError::Later(why)) => (OpState::Deferred, Some(why), Done::default()),
            Err(StepError::Hopeless(why)) => {
                self.state().hopeless = Some(why.clone());
                (OpState::Failed, Some(why), Done::default())
            }
            Err(StepError::NoTime(error)) if !self.ends_soon() => {
                (OpState::Failed, Some(error.to_string()), Done::default())
            }
            Err(StepError::NoTime(error) | StepError::End(error)) => return Err(error),
        };
        let Done { remote_id, attempts } = done;
        let attempts = attempts.max(1);
        self.note(Entry { remote_id, request, attempts, error, ..self.entry(operation, state) }).await
    }

    /// Whether it is the attempt itself that has no time left.
    fn ends_soon(&self) -> bool {
        self.cx.now() + SOON >= self.cx.deadline()
    }

    /// Why a step is not tried, if it is not.
    fn obstacle(&self, operation: &Operation) -> Option<String> {
        let state = self.state();
        if let Some(why) = &state.hopeless {
            return Some(format!("not tried: {why}"));
        }
        let lacks = |need: &&usize| state.entries.get(need).is_none_or(|entry| entry.state != OpState::Done);
        let need = operation.needs.iter().find(lacks)?;
        let told =
            self.plan.operations.get(*need).map(|need| {
                format!("not tried: it needs {} of {}", need.change.kind(), need.change.target())
            });
        Some(told.unwrap_or_else(|| format!("not tried: it needs step {need}, which is not in the plan")))
    }

    fn entry(&self, operation: &Operation, state: OpState) -> Entry {
        Entry::of(operation, state, self.cx.now())
    }

    async fn note(&self, entry: Entry) -> Result<(), TaskError> {
        if let (OpState::Failed, Some(why)) = (entry.state, &entry.error) {
            // Addresses of people do not belong into logs.
            tracing::info!(kind = entry.kind, "a step of the plan failed");
            tracing::debug!(kind = entry.kind, target = entry.target, "{why}");
        }
        self.journal.write(&entry).await?;
        self.state().entries.insert(entry.ord, entry);
        Ok(())
    }
}

const fn stage(change: &Change) -> Stage {
    match change {
        Change::PolicyEdit { .. } => Stage::Policy,
        Change::UserCreate { .. } => Stage::Users,
        Change::GroupCreate { .. } | Change::GroupEntitle { .. } => Stage::Groups,
        Change::MemberAdd { .. } | Change::MemberRemove { .. } => Stage::Members,
        Change::ClusterCreate { .. }
        | Change::ClusterUpdate { .. }
        | Change::ClusterPin { .. }
        | Change::PermSet { .. }
        | Change::LibInstall { .. }
        | Change::LibUninstall { .. }
        | Change::ClusterTerminate { .. } => Stage::Clusters,
        Change::UserDelete { .. } | Change::ClusterDelete { .. } | Change::GroupDelete { .. } => {
            Stage::Removals
        }
    }
}
