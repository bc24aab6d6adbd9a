//! Who may do what with a cluster: levels, direct grants, and what PUT and PATCH do with them. It asks nobody who is in
//! which group; that is the directory's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::databricks::scenario::Principal;

/// What somebody may do with a cluster; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Attach notebooks.
    CanAttachTo,
    /// Start, restart and terminate too.
    CanRestart,
    /// Everything.
    CanManage,
}

impl Level {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::CanAttachTo => "CAN_ATTACH_TO",
            Self::CanRestart => "CAN_RESTART",
            Self::CanManage => "CAN_MANAGE",
        }
    }

    /// The level of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::CanAttachTo, Self::CanRestart, Self::CanManage].into_iter().find(|level| level.word() == word)
    }
}

/// The direct grants of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acl(pub(crate) BTreeMap<Principal, Level>);

impl Acl {
    /// All direct grants are these from now on. Of several for one principal the highest counts.
    pub(crate) fn replace(&mut self, grants: Vec<(Principal, Level)>) {
        self.0.clear();
        self.raise(grants);
    }

    /// Adds grants and raises those that there are; none becomes lower.
    pub(crate) fn raise(&mut self, grants: Vec<(Principal, Level)>) {
        for (principal, level) in grants {
            let own = self.0.entry(principal).or_insert(level);
            *own = level.max(*own);
        }
    }

    /// The answer of the permissions calls: direct grants, then what administrators inherit.
    pub(crate) fn to_json(&self, cluster_id: &str, display: impl Fn(&str) -> Option<String>) -> Value {
        let direct =
            self.0.iter().filter(|(principal, _)| !is_admins(principal)).map(|(principal, level)| {
                let (key, name) = key_and_name(principal);
                let mut entry = json!({
                    key: name,
                    "all_permissions": [{ "permission_level": level.word(), "inherited": false }],
                });
                if let Some(display) = display(name).filter(|_| key == "user_name") {
                    entry["display_name"] = display.into();
                }
                entry
            });
        let inherited = json!({
            "group_name": "admins",
            "all_permissions": [{
                "permission_level": "CAN_MANAGE",
                "inherited": true,
                "inherited_from_object": ["/clusters/"],
            }],
        });
        json!({
            "object_id": format!("/clusters/{cluster_id}"),
            "object_type": "cluster",
            "access_control_list": direct.chain([inherited]).collect::<Vec<_>>(),
        })
    }
}

/// Who somebody is, as far as grants care.
pub(crate) struct Rights {
    pub(crate) user: String,
    /// All groups, also those through other groups.
    pub(crate) groups: BTreeSet<String>,
}

impl Rights {
    /// What that allows on a cluster: the highest of all grants that mean it.
    pub(crate) fn on(&self, cluster: &Cluster) -> Option<Level> {
        if self.groups.contains("admins") {
            return Some(Level::CanManage);
        }
        let means = |principal: &Principal| match principal {
            Principal::User(name) | Principal::ServicePrincipal(name) => {
                name.eq_ignore_ascii_case(&self.user)
            }
            Principal::Group(name) => self.groups.contains(name),
        };
        cluster.acl.0.iter().filter(|(principal, _)| means(principal)).map(|(_, level)| *level).max()
    }
}

/// Administrators inherit their level; a grant of their own changes nothing.
pub(crate) fn is_admins(principal: &Principal) -> bool {
    matches!(principal, Principal::Group(name) if name == "admins")
}

/// The key of a principal on the wire, and its name.
pub(crate) fn key_and_name(principal: &Principal) -> (&'static str, &str) {
    match principal {
        Principal::User(name) => ("user_name", name),
        Principal::Group(name) => ("group_name", name),
        Principal::ServicePrincipal(name) => ("service_principal_name", name),
    }
}
