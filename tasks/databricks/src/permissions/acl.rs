//! Lists of grants in the API's words (A.6). What they are to be is not told here.

use serde::{Deserialize, Serialize};

/// Who has a grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Principal {
    /// A user, by address.
    #[serde(rename = "user_name")]
    User(String),
    /// A group, by name.
    #[serde(rename = "group_name")]
    Group(String),
    /// A service principal, by application id.
    #[serde(rename = "service_principal_name")]
    ServicePrincipal(String),
}

/// What may be done with a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Level {
    /// Attach notebooks.
    CanAttachTo,
    /// Also start, restart and terminate.
    CanRestart,
    /// Also edit and grant.
    CanManage,
    /// One that is not known here. It is kept as it is and compares with no other.
    Other(String),
}

impl Level {
    /// The vendor's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CanAttachTo => "CAN_ATTACH_TO",
            Self::CanRestart => "CAN_RESTART",
            Self::CanManage => "CAN_MANAGE",
            Self::Other(name) => name,
        }
    }

    /// Whether it is known to allow more than `other`.
    pub fn is_above(&self, other: &Self) -> bool {
        matches!((self.rank(), other.rank()), (Some(own), Some(other)) if own > other)
    }

    /// Whether it compares with others.
    pub fn is_known(&self) -> bool {
        self.rank().is_some()
    }

    fn rank(&self) -> Option<u8> {
        match self {
            Self::CanAttachTo => Some(1),
            Self::CanRestart => Some(2),
            Self::CanManage => Some(3),
            Self::Other(_) => None,
        }
    }
}

impl From<String> for Level {
    fn from(name: String) -> Self {
        match name.as_str() {
            "CAN_ATTACH_TO" => Self::CanAttachTo,
            "CAN_RESTART" => Self::CanRestart,
            "CAN_MANAGE" => Self::CanManage,
            _ => Self::Other(name),
        }
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.as_str().to_owned()
    }
}

/// One item of `all_permissions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// What is allowed.
    pub level: Level,
    /// Whether it comes from elsewhere; such a one is never sent.
    pub inherited: bool,
}

/// One entry of `access_control_list` as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub principal: Principal,
    /// All that is allowed.
    pub permissions: Vec<Permission>,
}

/// One entry of `access_control_list` as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    #[serde(flatten)]
    pub principal: Principal,
    /// What is allowed.
    #[serde(rename = "permission_level")]
    pub level: Level,
}

impl Grant {
    /// A grant.
    pub fn new(principal: Principal, level: Level) -> Self {
        Self { principal, level }
    }
}

/// The direct grants of a list: what a PUT replaces. Of several known levels of one principal only the highest counts.
pub fn direct(acl: &[Entry]) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for entry in acl {
        for permission in entry.permissions.iter().filter(|permission| !permission.inherited) {
            let grant = Grant::new(entry.principal.clone(), permission.level.clone());
            let known = grants.iter_mut().find(|known| {
                known.principal == grant.principal
                    && (known.level == grant.level
                        || known.level.is_above(&grant.level)
                        || grant.level.is_above(&known.level))
            });
            match known {
                Some(known) if grant.level.is_above(&known.level) => known.level = grant.level,
                Some(_) => {}
                None => grants.push(grant),
            }
        }
    }
    grants
}
