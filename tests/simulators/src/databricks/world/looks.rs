//! What tests look at: how things stand, past the API and its pages. It changes nothing.

use serde_json::Value;

use super::{State, World, cluster::Cluster, events::events, libraries::identity, life::End};

impl World {
    /// The instant that the world is at.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The ids of all clusters, those that are not listed any more too.
    pub fn cluster_ids(&self) -> Vec<String> {
        self.clusters.iter().map(|cluster| cluster.id.clone()).collect()
    }

    /// What a cluster is called, by id.
    pub fn name(&self, cluster: &str) -> Option<&str> {
        self.by_id(cluster).map(Cluster::name)
    }

    /// What a cluster is, by id or name.
    pub fn state(&self, cluster: &str) -> Option<State> {
        self.find(cluster).ok().map(|cluster| cluster.life.state(self.now))
    }

    /// What the list says of a cluster; null if there is none.
    pub fn listed(&self, cluster: &str) -> Value {
        self.find(cluster).map_or(Value::Null, |cluster| Value::Object(self.entry(cluster)))
    }

    /// Whether a cluster is pinned.
    pub fn is_pinned(&self, cluster: &str) -> bool {
        self.find(cluster).is_ok_and(|cluster| cluster.pinned_by.is_some())
    }

    /// When a cluster was on, in milliseconds: RUNNING, and what ended it or will.
    pub fn runs(&self, cluster: &str) -> Vec<(i64, Option<i64>)> {
        let Ok(cluster) = self.find(cluster) else {
            return Vec::new();
        };
        let runs = cluster.life.runs.iter();
        runs.filter_map(|run| Some((run.ran_by(self.now)?, run.end.as_ref().map(End::at)))).collect()
    }

    /// The events of a cluster so far, oldest first: when, in milliseconds, and of which type.
    pub fn events(&self, cluster: &str) -> Vec<(i64, &'static str)> {
        let events = self.find(cluster).map(|cluster| events(cluster, self.now)).unwrap_or_default();
        events.into_iter().map(|event| (event.at, event.name)).collect()
    }

    /// The libraries of a cluster as `pypi:nltk==3.9.1`, each with its status.
    pub fn libraries(&self, cluster: &str) -> Vec<(String, String)> {
        let Ok(cluster) = self.find(cluster) else {
            return Vec::new();
        };
        let there = cluster.libraries.iter().filter(|library| library.is_there(&cluster.life, self.now));
        let told = there.filter_map(|library| {
            let told = library.to_json(&cluster.life, self.now, &self.settings);
            Some((identity(&library.spec)?, told["status"].as_str()?.to_owned()))
        });
        told.collect()
    }

    /// What a cluster policy overrides in its family, by the policy's name.
    pub fn policy_overrides(&self, name: &str) -> Option<&str> {
        self.policies.iter().find(|policy| policy.name == name).map(|policy| policy.overrides.as_str())
    }
}
