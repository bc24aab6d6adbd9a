//! What is to be done to a workspace, as values: changes, their order, and the plan they make up. Why each is in a plan is the
//! plan's matter, how it is done that of applying it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    api::{
        OpenText, clusters::ClusterSpec, libraries::Library, permissions::PermissionLevel, scim::Entitlement,
    },
    numbering::GroupNumber,
};

/// How a change stands in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// `+`
    Create,
    /// `~`
    Change,
    /// `-`
    Remove,
    /// `=`
    Adopt,
}

impl Mark {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Create, Self::Change, Self::Remove, Self::Adopt];

    /// The sign that stands before a change.
    pub const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Remove => '-',
            Self::Adopt => '=',
        }
    }

    /// What is done, as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Remove => "remove",
            Self::Adopt => "adopt",
        }
    }
}

/// A cluster of a course: one that is there has an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRef {
    /// Its number.
    pub number: GroupNumber,
    /// Its name.
    pub name: String,
    /// Its id; absent where it is made by the same plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Who is put into a group or taken out of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// A user, by address.
    User(String),
    /// A group, by name.
    Group(String),
}

/// One thing that is done. The words for the kinds are those of journals and plans in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[expect(missing_docs, reason = "the fields say what they are: whom or what it is done to, and how")]
pub enum Change {
    /// A policy forbids what it did not.
    #[serde(rename = "policy.edit")]
    PolicyEdit { policy: String, policy_id: String, overrides: String },
    /// A user is made, without entitlements.
    #[serde(rename = "user.create")]
    UserCreate { user: String },
    /// A group is made, without members.
    #[serde(rename = "group.create")]
    GroupCreate { group: String, entitlements: Vec<Entitlement> },
    /// A group is entitled to something, or no longer.
    #[serde(rename = "group.entitle")]
    GroupEntitle { group: String, add: Vec<Entitlement>, remove: Vec<Entitlement> },
    /// Somebody becomes a member.
    #[serde(rename = "member.add")]
    MemberAdd { group: String, member: Member },
    /// Somebody is a member no longer.
    #[serde(rename = "member.remove")]
    MemberRemove { group: String, member: Member },
    /// A cluster is made, which starts it.
    #[serde(rename = "cluster.create")]
    ClusterCreate { cluster: ClusterRef, spec: Box<ClusterSpec> },
    /// These keys of a cluster become this, and no others.
    #[serde(rename = "cluster.update")]
    ClusterUpdate { cluster: ClusterRef, changes: Map<String, Value> },
    /// A cluster stays in the list for ever.
    #[serde(rename = "cluster.pin")]
    ClusterPin { cluster: ClusterRef },
    /// A group may do more with a cluster.
    #[serde(rename = "perm.set")]
    PermSet { cluster: ClusterRef, group: String, level: PermissionLevel },
    /// A library is asked for.
    #[serde(rename = "lib.install")]
    LibInstall { cluster: ClusterRef, library: Library },
    /// A library goes with the next restart.
    #[serde(rename = "lib.uninstall")]
    LibUninstall { cluster: ClusterRef, library: Library },
    /// A cluster that was made is switched off.
    #[serde(rename = "cluster.terminate")]
    ClusterTerminate { cluster: ClusterRef },
    /// A user is deleted.
    #[serde(rename = "user.delete")]
    UserDelete { user: String },
    /// A cluster is deleted for good.
    #[serde(rename = "cluster.permanent_delete")]
    ClusterDelete { cluster: ClusterRef },
    /// A group is deleted.
    #[serde(rename = "group.delete")]
    GroupDelete { group: String },
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its place in the plan, from 0.
    pub ord: usize,
    /// How it stands in the plan.
    pub mark: Mark,
    /// What is done.
    #[serde(flatten)]
    pub change: Change,
    /// The steps without which it cannot be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<usize>,
}

/// What should be done but cannot be now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deferred {
    /// What.
    #[serde(flatten)]
    pub change: Change,
    /// Why not now.
    pub because: String,
}

/// What must be done so that a workspace is as a course wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The workspace.
    pub host: String,
    /// The course.
    pub course: String,
    /// The steps, in their order.
    pub operations: Vec<Operation>,
    /// What waits for another time.
    #[serde(default)]
    pub deferred: Vec<Deferred>,
    /// What a person must decide first; as long as there is any, nothing is done.
    #[serde(default)]
    pub problems: Vec<String>,
    /// What a person should know.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Plan {
    /// Whether nothing is to be done, now or later.
    pub const fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.deferred.is_empty() && self.problems.is_empty()
    }

    /// How many steps have this mark.
    pub fn count(&self, mark: Mark) -> usize {
        self.operations.iter().filter(|operation| operation.mark == mark).count()
    }

    /// How many steps are of this kind, such as `user.create`.
    pub fn count_kind(&self, kind: &str) -> usize {
        self.operations.iter().filter(|operation| operation.change.kind() == kind).count()
    }

    /// Whether the same is to be done as in another plan. What people are told beside it does not count.
    pub fn does_the_same(&self, other: &Self) -> bool {
        (&self.host, &self.course, &self.operations) == (&other.host, &other.course, &other.operations)
    }
}

impl Change {
    /// The word for what it does.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PolicyEdit { .. } => "policy.edit",
            Self::UserCreate { .. } => "user.create",
            Self::GroupCreate { .. } => "group.create",
            Self::GroupEntitle { .. } => "group.entitle",
            Self::MemberAdd { .. } => "member.add",
            Self::MemberRemove { .. } => "member.remove",
            Self::ClusterCreate { .. } => "cluster.create",
            Self::ClusterUpdate { .. } => "cluster.update",
            Self::ClusterPin { .. } => "cluster.pin",
            Self::PermSet { .. } => "perm.set",
            Self::LibInstall { .. } => "lib.install",
            Self::LibUninstall { .. } => "lib.uninstall",
            Self::ClusterTerminate { .. } => "cluster.terminate",
            Self::UserDelete { .. } => "user.delete",
            Self::ClusterDelete { .. } => "cluster.permanent_delete",
            Self::GroupDelete { .. } => "group.delete",
        }
    }

    /// The cluster it is done to, if it is one.
    pub const fn cluster(&self) -> Option<&ClusterRef> {
        match self {
            Self::ClusterCreate { cluster, .. }
            | Self::ClusterUpdate { cluster, .. }
            | Self::ClusterPin { cluster }
            | Self::PermSet { cluster, .. }
            | Self::LibInstall { cluster, .. }
            | Self::LibUninstall { cluster, .. }
            | Self::ClusterTerminate { cluster }
            | Self::ClusterDelete { cluster } => Some(cluster),
            _ => None,
        }
    }

    /// Whom or what it is done to, in one line.
    pub fn target(&self) -> String {
        match self {
            Self::PolicyEdit { policy, overrides, .. } => format!("{policy}: {overrides}"),
            Self::UserCreate { user } | Self::UserDelete { user } => user.clone(),
            Self::GroupCreate { group, entitlements } if entitlements.is_empty() => group.clone(),
            Self::GroupCreate { group, entitlements } => format!("{group} ({})", words(entitlements)),
            Self::GroupDelete { group } => group.clone(),
            Self::GroupEntitle { group, add, remove } => {
                let told = [("with ", add), ("without ", remove)].map(|(how, list)| (how, words(list)));
                let told = told.iter().filter(|(_, list)| !list.is_empty());
                let told: Vec<String> = told.map(|(how, list)| format!("{how}{list}")).collect();
                format!("{group} {}", told.join(", "))
            }
            Self::MemberAdd { group, member } | Self::MemberRemove { group, member } => {
                format!("{group}: {member}")
            }
            Self::ClusterUpdate { cluster, changes } => {
                let keys: Vec<&str> = changes.keys().map(String::as_str).collect();
                format!("{cluster}: {}", keys.join(", "))
            }
            Self::PermSet { cluster, group, level } => format!("{cluster}: {group} {level}"),
            Self::LibInstall { cluster, library } | Self::LibUninstall { cluster, library } => {
                format!("{cluster}: {}", library.identity())
            }
            Self::ClusterCreate { cluster, .. }
            | Self::ClusterPin { cluster }
            | Self::ClusterTerminate { cluster }
            | Self::ClusterDelete { cluster } => cluster.to_string(),
        }
    }
}

fn words(entitlements: &[Entitlement]) -> String {
    entitlements.iter().map(OpenText::as_str).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::User(name) | Self::Group(name)) = self;
        f.write_str(name)
    }
}

/// `cluster_07`, with the id where there is one.
impl fmt::Display for ClusterRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} ({id})", self.name),
            None => f.write_str(&self.name),
        }
    }
}
