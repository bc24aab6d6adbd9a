//! The world at its start, made of a scenario, and what people in it intend to do later. Whether they may is asked when
//! they do it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::{
    Level, Policy, Refused, World,
    access::Acl,
    cluster::{Cluster, usual_spec},
    directory::Directory,
    files::Files,
    libraries::Library,
    life::{End, How, Life, Millis, Run},
    tokens::Tokens,
};
use crate::{
    databricks::scenario::{ADMIN, ClusterSetup, PolicySetup, Reason, RunSetup, Scenario, when::Frame},
    window::Window,
};

/// What somebody will do.
#[derive(Debug)]
pub(super) enum Intent {
    /// Ask for a start. How the run goes is decided already.
    Start { cluster: String, run: Box<Run>, checked: bool },
    /// Ask for a restart.
    Restart { cluster: String },
}

/// A start that somebody intended and that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedStart {
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The cluster's id.
    pub cluster: String,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub why: Refused,
}

/// How long before the start of the scenario a cluster was created, if nothing is said.
const CREATED_BEFORE: Millis = 3 * 86_400_000;
/// How long a cluster is up when it is provisioned.
const PROVISIONED_FOR: Millis = 90_000;

impl World {
    /// The world of a scenario, at an instant.
    pub(crate) fn new(scenario: &Scenario, now: Millis) -> Result<Self> {
        let frame = scenario.frame()?;
        let mut world = Self {
            now: Millis::MIN,
            settings: scenario.settings.clone(),
            directory: Directory::default(),
            clusters: Vec::new(),
            tokens: Tokens::of(&scenario.tokens),
            files: Files::default(),
            policies: policies(&scenario.policies),
            requests: Window::default(),
            scim_writes: Window::default(),
            intents: BTreeMap::new(),
            refused: Vec::new(),
            failing_starts: Vec::new(),
            next_cluster: 1,
        };
        let start = frame.start.unwrap_or_default();
        world.people(scenario, start)?;
        for file in &scenario.files {
            world.add_file_at(file, start).with_context(|| format!("file {}", file.path))?;
        }
        for setup in &scenario.clusters {
            world.add_cluster_of(setup, frame).with_context(|| format!("cluster {:?}", setup.name))?;
        }
        world.advance(now);
        Ok(world)
    }

    fn people(&mut self, scenario: &Scenario, start: Millis) -> Result<()> {
        self.add_person(ADMIN, Some("4321".to_owned()), start);
        let admin = self.directory.user(ADMIN).map(|user| user.id.clone()).unwrap_or_default();
        self.directory.add_member("admins", &admin);
        for setup in &scenario.users {
            self.add_user_of(setup, start);
        }
        for setup in &scenario.groups {
            ensure!(self.directory.group(&setup.name).is_none(), "there are two groups {}", setup.name);
            self.directory.add_group(&setup.name, setup.id.clone());
            let group = self.directory.group_mut(&setup.name).expect("just made");
            group.entitlements.extend(setup.entitlements.iter().cloned());
        }
        // Members come last: a group may name one that is described below it.
        for setup in &scenario.groups {
            for member in &setup.members {
                self.join(&setup.name, member, start);
            }
        }
        for token in &scenario.tokens {
            ensure!(
                self.directory.user(&token.user).is_some(),
                "a token belongs to {}, who is no user",
                token.user
            );
        }
        Ok(())
    }

    /// Adds a cluster with all that will happen to it.
    pub(super) fn add_cluster_of(&mut self, setup: &ClusterSetup, frame: Frame) -> Result<String> {
        let mut runs = self.scripted_runs(setup, frame)?;
        let start = frame.start.unwrap_or(self.now);
        let first = runs.iter().map(|(run, _)| run.requested).min().unwrap_or(start);
        let created = match &setup.created {
            Some(created) => created.millis(frame).context("created")?,
            None => start.min(first) - CREATED_BEFORE,
        };
        let id = setup.id.clone().unwrap_or_else(|| self.free_cluster_id(created));
        ensure!(self.clusters.iter().all(|cluster| cluster.id != id), "there are two clusters {id}");
        let cluster = self.cluster_of(setup, &id, created)?;
        self.clusters.push(cluster);
        for (run, restarts) in runs.drain(..) {
            for at in restarts {
                self.intend(at, Intent::Restart { cluster: id.clone() });
            }
            let checked = run.by.is_some();
            self.intend(run.requested, Intent::Start { cluster: id.clone(), run: Box::new(run), checked });
        }
        Ok(id)
    }

    fn cluster_of(&self, setup: &ClusterSetup, id: &str, created: Millis) -> Result<Cluster> {
        let mut spec = usual_spec(&setup.name);
        spec.extend(setup.spec.iter().map(|(key, value)| (key.clone(), value.clone())));
        let mut acl = Acl::default();
        for (principal, word) in &setup.acl {
            let level = Level::of(word).with_context(|| format!("{word:?} is no level"))?;
            acl.raise(vec![(principal.clone(), level)]);
        }
        let creator = setup.creator.clone().unwrap_or_else(|| ADMIN.to_owned());
        let admin = self.directory.user(ADMIN).map(|user| user.id.clone());
        Ok(Cluster {
            id: id.to_owned(),
            source: setup.source.clone().unwrap_or_else(|| "API".to_owned()),
            spec,
            acl,
            pinned_by: admin.filter(|_| setup.pinned),
            life: Life { created, runs: vec![self.provisioning(created, &creator)] },
            notes: Vec::new(),
            libraries: setup.libraries.iter().map(|spec| Library::new(spec.clone(), created)).collect(),
            odd_state: None,
            creator,
        })
    }

    /// The first run of a cluster that was made and switched off at once.
    fn provisioning(&self, created: Millis, creator: &str) -> Run {
        let at = created + PROVISIONED_FOR;
        let gone = at + self.stop_takes();
        let end =
            End::Terminated { at, gone, reason: Reason::wanted_by(creator), by: Some(creator.to_owned()) };
        let run = Run::new(How::Created, created, at, Some(creator.to_owned()));
        Run { running: None, end: Some(end), ..run }
    }

    /// The runs of a cluster, each with its restarts, in order.
    fn scripted_runs(&self, setup: &ClusterSetup, frame: Frame) -> Result<Vec<(Run, Vec<Millis>)>> {
        let mut runs: Vec<(Run, Vec<Millis>)> = Vec::new();
        for written in &setup.runs {
            let free =
                runs.last().and_then(|(run, _)| run.end.as_ref()).map(|end| end.at() + self.stop_takes());
            let run = self.scripted_run(written, setup, free, frame)?;
            if let Some(by) = &run.by {
                ensure!(self.directory.user(by).is_some(), "a run is started by {by}, who is no user");
            }
            let restarts = written.restarts.iter().map(|at| at.millis(frame)).collect::<Result<_>>()?;
            runs.push((run, restarts));
        }
        Ok(runs)
    }

    /// `free` is when the run before it is gone.
    fn scripted_run(
        &self,
        written: &RunSetup,
        setup: &ClusterSetup,
        free: Option<Millis>,
        frame: Frame,
    ) -> Result<Run> {
        let at = |when: &Option<_>| {
            when.as_ref().map(|when: &super::super::scenario::When| when.millis(frame)).transpose()
        };
        let (starting, running, until) = (at(&written.starting)?, at(&written.running)?, at(&written.until)?);
        let takes = self.start_takes();
        let requested = match (starting, running) {
            (Some(starting), _) => starting,
            // The one before it may still be on its way down when this one would usually be asked for.
            (None, Some(running)) => (running - takes).max(free.unwrap_or(Millis::MIN)).min(running),
            (None, None) => anyhow::bail!("a run says neither `starting` nor `running`"),
        };
        let fails = running.is_none() && until.is_some() && written.reason.is_some();
        let mut run =
            Run::new(How::Started, requested, running.unwrap_or(requested + takes), written.by.clone());
        if fails {
            run.running = None;
        }
        ensure!(until.is_none_or(|until| until > requested), "a run ends before it starts");
        for (from, until) in &written.resizing {
            run.resizing.push((from.millis(frame)?, until.millis(frame)?));
        }
        let minutes =
            setup.spec.get("autotermination_minutes").and_then(serde_json::Value::as_i64).unwrap_or(20);
        run.end = until.map(|at| {
            let reason = written.reason.clone().unwrap_or_else(|| Reason::inactivity(minutes));
            End::Terminated { at, gone: at + self.stop_takes(), reason, by: None }
        });
        Ok(run)
    }

    fn intend(&mut self, at: Millis, intent: Intent) {
        let number = self.intents.range((at, 0)..=(at, usize::MAX)).count();
        self.intents.insert((at, number), intent);
    }

    /// Somebody does what was intended, or is refused.
    pub(super) fn fulfil(&mut self, at: Millis, intent: Intent) {
        match intent {
            Intent::Start { cluster, run, checked } => {
                let by = run.by.clone();
                if let Err(why) = self.begin(&cluster, *run, checked) {
                    self.refused.push(RefusedStart { at, cluster, by, why });
                }
            }
            Intent::Restart { cluster } => {
                let takes = self.restart_takes();
                if let Ok(cluster) = self.find_mut(&cluster) {
                    cluster.life.restart(at, at + takes, None);
                }
            }
        }
    }

    /// Starts that people intended and that were refused, oldest first.
    pub fn refused_starts(&self) -> &[RefusedStart] {
        &self.refused
    }
}

fn policies(setups: &[PolicySetup]) -> Vec<Policy> {
    let personal = Policy {
        id: "E061A8AA5D000001".to_owned(),
        name: "Personal Compute".to_owned(),
        description: "Use with small-to-medium data or libraries like pandas and scikit-learn.".to_owned(),
        family: "personal-vm".to_owned(),
        definition: r#"{"node_type_id":{"type":"allowlist","values":["Standard_DS3_v2"]}}"#.to_owned(),
        ..Policy::default()
    };
    let others = setups.iter().zip(2..).map(|(setup, number)| Policy {
        id: format!("E061A8AA5D{number:06}"),
        name: setup.name.clone(),
        family: setup.family.clone().unwrap_or_default(),
        definition: setup.definition.clone(),
        ..Policy::default()
    });
    [personal].into_iter().chain(others).collect()
}
