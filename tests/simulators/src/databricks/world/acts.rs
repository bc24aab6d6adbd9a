//! What people and the API do with clusters: create, start, stop, pin, edit, delete. Who may is asked here too, for each
//! way there is; how a refusal is told is the routes'.

use anyhow::Result;
use serde_json::{Map, Value};

use super::{
    Level, Refused, State, World,
    access::Acl,
    cluster::Cluster,
    life::{End, How, Life, Millis, Run},
};
use crate::databricks::scenario::{ClusterSetup, Reason, When, when::Frame};

impl World {
    /// A user starts a cluster, if it may. Nothing happens unless it is off.
    pub fn start(&mut self, cluster: &str, user: &str) -> Result<(), Refused> {
        let found = self.find(cluster)?;
        self.require(user, found, Level::CanRestart)?;
        match found.life.state(self.now) {
            State::Terminated => {}
            State::Terminating => return Err(Refused::BadState(State::Terminating)),
            _ => return Ok(()),
        }
        let running = self.now + self.start_takes();
        let run = Run::new(How::Started, self.now, running, Some(user.to_owned()));
        let id = found.id.clone();
        let run = self.destined(run, &id);
        self.begin(&id, run, true)
    }

    /// What will become of a run that is asked for now and whose end nobody wrote.
    fn destined(&mut self, mut run: Run, cluster: &str) -> Run {
        if !self.failing_starts.is_empty() {
            let (at, reason) = (run.driver, self.failing_starts.remove(0));
            run.running = None;
            run.end = Some(End::Terminated { at, gone: at + self.stop_takes(), reason, by: None });
            return run;
        }
        let minutes = self.find(cluster).map_or(0, Cluster::autotermination_minutes);
        if let Some(running) = run.running.filter(|_| self.settings.autoterminates && minutes > 0) {
            let (at, reason) = (running + minutes * 60_000, Reason::inactivity(minutes));
            run.end = Some(End::Terminated { at, gone: at + self.stop_takes(), reason, by: None });
        }
        run
    }

    pub(super) fn begin(&mut self, cluster: &str, run: Run, checked: bool) -> Result<(), Refused> {
        let found = self.find(cluster)?;
        if let Some(by) = run.by.as_ref().filter(|_| checked) {
            self.require(by, found, Level::CanRestart)?;
        }
        let found = self.find_mut(cluster)?;
        let state = found.life.state(run.requested);
        if found.life.begin(run) { Ok(()) } else { Err(Refused::BadState(state)) }
    }

    /// A user restarts a cluster, if it may. Nothing happens unless it is on.
    pub fn restart(&mut self, cluster: &str, user: &str) -> Result<(), Refused> {
        self.require(user, self.find(cluster)?, Level::CanRestart)?;
        let (now, takes) = (self.now, self.restart_takes());
        self.find_mut(cluster)?.life.restart(now, now + takes, Some(user.to_owned()));
        Ok(())
    }

    /// A user terminates a cluster, if it may. Nothing happens if it is off or on its way.
    pub fn terminate(&mut self, cluster: &str, user: &str) -> Result<(), Refused> {
        self.require(user, self.find(cluster)?, Level::CanRestart)?;
        self.end(cluster, Reason::wanted_by(user), Some(user.to_owned()))
    }

    /// The cluster ends by itself, for a reason such as `INACTIVITY` of type `SUCCESS`.
    pub fn end_by_itself(&mut self, cluster: &str, code: &str, class: &str) -> Result<(), Refused> {
        self.end(cluster, Reason::new(code, class), None)
    }

    fn end(&mut self, cluster: &str, reason: Reason, by: Option<String>) -> Result<(), Refused> {
        let (now, takes) = (self.now, self.stop_takes());
        self.find_mut(cluster)?.life.terminate(now, now + takes, reason, by);
        Ok(())
    }

    /// The next starts that users or the API ask for fail for this reason, each once.
    pub fn fail_starts(&mut self, count: usize, code: &str, class: &str) {
        self.failing_starts.extend(std::iter::repeat_n(Reason::new(code, class), count));
    }

    /// From now on the API says this of a cluster instead of its state (`ERROR`, `UNKNOWN`); nothing ends it.
    pub fn misstate(&mut self, cluster: &str, state: Option<&str>) -> Result<(), Refused> {
        self.find_mut(cluster)?.odd_state = state.map(str::to_owned);
        Ok(())
    }

    /// Adds a cluster, with what will happen to it; counted instants count from now. Tells its id.
    pub fn add_cluster(&mut self, setup: &ClusterSetup, zone: chrono_tz::Tz) -> Result<String> {
        let frame = Frame { zone, start: Some(self.now) };
        let created = setup.created.clone().unwrap_or(When::Millis(self.now));
        self.add_cluster_of(&ClusterSetup { created: Some(created), ..setup.clone() }, frame)
    }

    /// Creates a cluster as the API does: it starts at once. Tells its id.
    pub(crate) fn create(&mut self, spec: Map<String, Value>, user: &str) -> String {
        let id = self.free_cluster_id(self.now);
        let running = self.now + self.start_takes();
        let run = Run::new(How::Created, self.now, running, Some(user.to_owned()));
        let mut acl = Acl::default();
        if let Some(user) = self.directory.user(user) {
            acl.raise(vec![(user.principal(), Level::CanManage)]);
        }
        self.clusters.push(Cluster {
            id: id.clone(),
            creator: user.to_owned(),
            source: "API".to_owned(),
            spec,
            acl,
            pinned_by: None,
            life: Life { created: self.now, runs: Vec::new() },
            notes: Vec::new(),
            libraries: Vec::new(),
            odd_state: None,
        });
        let run = self.destined(run, &id);
        if let Ok(cluster) = self.find_mut(&id) {
            cluster.life.runs.push(run);
        }
        id
    }

    pub(super) fn free_cluster_id(&mut self, created: Millis) -> String {
        let at = chrono::DateTime::from_timestamp_millis(created).unwrap_or_default();
        loop {
            let id = format!("{}-sim{:05}", at.format("%m%d-%H%M%S"), self.next_cluster);
            self.next_cluster += 1;
            if self.clusters.iter().all(|cluster| cluster.id != id) {
                return id;
            }
        }
    }

    /// Renames a cluster, past all rules.
    pub fn rename(&mut self, cluster: &str, name: &str) -> Result<(), Refused> {
        self.find_mut(cluster)?.spec.insert("cluster_name".to_owned(), name.into());
        Ok(())
    }

    /// Takes a cluster away for good, past all rules.
    pub fn forget(&mut self, cluster: &str) -> Result<(), Refused> {
        let id = self.find(cluster)?.id.clone();
        self.clusters.retain(|cluster| cluster.id != id);
        Ok(())
    }

    pub(super) fn start_takes(&self) -> Millis {
        self.settings.start_takes_secs as i64 * 1_000
    }

    pub(super) fn restart_takes(&self) -> Millis {
        self.settings.restart_takes_secs as i64 * 1_000
    }

    pub(super) fn stop_takes(&self) -> Millis {
        self.settings.stop_takes_secs as i64 * 1_000
    }
}
