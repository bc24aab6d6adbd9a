//! A simulated workspace: everything in it, and what its people do while the clock goes on. It speaks no HTTP; the routes
//! do.

pub(crate) mod access;
mod acts;
pub(crate) mod cluster;
pub(crate) mod directory;
pub(crate) mod entry;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod libraries;
pub(crate) mod life;
mod looks;
mod people;
mod script;
pub(crate) mod tokens;

use std::collections::BTreeMap;

pub use self::{access::Level, life::State, script::RefusedStart};
use self::{
    access::Rights,
    cluster::Cluster,
    directory::Directory,
    files::Files,
    life::{Life, Millis},
    script::Intent,
    tokens::Tokens,
};
use super::scenario::{Reason, Settings};
use crate::window::Window;

/// A workspace. Instants are milliseconds since the Unix epoch; "now" is the latest instant that it was asked anything.
#[derive(Debug)]
pub struct World {
    pub(crate) now: Millis,
    /// How it behaves; may be changed at any time.
    pub settings: Settings,
    pub(crate) directory: Directory,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) tokens: Tokens,
    pub(crate) files: Files,
    pub(crate) policies: Vec<Policy>,
    pub(crate) requests: Window,
    pub(crate) scim_writes: Window,
    intents: BTreeMap<(Millis, usize), Intent>,
    refused: Vec<RefusedStart>,
    /// Why the next starts fail.
    failing_starts: Vec<Reason>,
    next_cluster: u32,
}

/// A cluster policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) family: String,
    pub(crate) overrides: String,
    pub(crate) definition: String,
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No cluster, user or group is called so.
    Missing(String),
    /// Who asks may not.
    Forbidden(String),
    /// The cluster is in a state that does not allow it.
    BadState(State),
    /// What was asked makes no sense.
    Invalid(String),
}

impl World {
    /// Lets happen what its people planned until an instant. Time does not go back.
    pub(crate) fn advance(&mut self, now: Millis) {
        while let Some(entry) = self.intents.first_entry()
            && entry.key().0 <= now
        {
            let ((at, _), intent) = entry.remove_entry();
            self.now = self.now.max(at);
            self.fulfil(at, intent);
        }
        self.now = self.now.max(now);
    }

    /// The cluster of an id, as long as it can be asked for.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.id == id && !self.is_forgotten(cluster))
    }

    /// The cluster of an id or a name; the first of several.
    pub(crate) fn find(&self, id_or_name: &str) -> Result<&Cluster, Refused> {
        let named = || self.clusters.iter().find(|cluster| cluster.name() == id_or_name);
        self.by_id(id_or_name).or_else(named).ok_or_else(|| Refused::Missing(id_or_name.to_owned()))
    }

    pub(crate) fn find_mut(&mut self, id_or_name: &str) -> Result<&mut Cluster, Refused> {
        let id = self.find(id_or_name)?.id.clone();
        let found = self.clusters.iter_mut().find(|cluster| cluster.id == id);
        found.ok_or(Refused::Missing(id))
    }

    /// Since when a cluster is off, if it is.
    pub(crate) fn off_since(&self, life: &Life) -> Option<Millis> {
        match life.run(self.now).and_then(|run| run.end_by(self.now)) {
            Some(life::End::Terminated { gone, .. }) if *gone <= self.now => Some(*gone),
            _ => None,
        }
    }

    /// Whether it is so long off that it is not listed any more.
    pub(crate) fn is_listed(&self, cluster: &Cluster) -> bool {
        let since = self.now - days(self.settings.listed_days);
        cluster.pinned_by.is_some() || self.off_since(&cluster.life).is_none_or(|off| off > since)
    }

    fn is_forgotten(&self, cluster: &Cluster) -> bool {
        let since = self.now - days(self.settings.kept_days);
        cluster.pinned_by.is_none() && self.off_since(&cluster.life).is_some_and(|off| off <= since)
    }

    /// What a user may do with a cluster, by its own grants and those of its groups.
    pub(crate) fn level_of(&self, user: &str, cluster: &Cluster) -> Option<Level> {
        self.rights_of(user)?.on(cluster)
    }

    /// What a user may do with clusters; nothing if there is no such user.
    pub(crate) fn rights_of(&self, user: &str) -> Option<Rights> {
        let known = self.directory.user(user)?;
        Some(Rights { user: known.name.clone(), groups: self.directory.all_groups_of(&known.id) })
    }

    /// Refuses who may not do so much.
    pub(crate) fn require(&self, user: &str, cluster: &Cluster, level: Level) -> Result<(), Refused> {
        if self.level_of(user, cluster) >= Some(level) {
            return Ok(());
        }
        Err(Refused::Forbidden(format!(
            "{user} does not have {} permissions on {}. Please contact the owner or an administrator for access.",
            level.word(),
            cluster.id
        )))
    }
}

fn days(count: u32) -> Millis {
    i64::from(count) * 86_400_000
}
