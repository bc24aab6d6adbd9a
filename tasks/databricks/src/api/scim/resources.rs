//! Users, groups and members as SCIM shows them. Ids are opaque; nothing is looked up here.

use serde::Deserialize;

use crate::api::lenient::{self, open_enum};

open_enum! {
    /// What somebody may use at all.
    Entitlement {
        /// The workspace itself.
        WorkspaceAccess = "workspace-access",
        /// SQL.
        DatabricksSqlAccess = "databricks-sql-access",
        /// Clusters of their own making.
        AllowClusterCreate = "allow-cluster-create",
        /// Pools of their own making.
        AllowInstancePoolCreate = "allow-instance-pool-create",
    }
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub id: String,
    /// Its address, which is its name. Whether there are others is not told reliably.
    #[serde(default, rename = "userName", deserialize_with = "lenient::or_default")]
    pub user_name: String,
    /// Its name for people.
    #[serde(default, rename = "displayName", deserialize_with = "lenient::or_default")]
    pub display_name: String,
    /// Whether it may sign in; so, unless something else is said.
    #[serde(default = "yes")]
    pub active: bool,
    /// The groups it is directly or indirectly in.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub groups: Vec<Member>,
    /// What it may use by itself.
    #[serde(default, deserialize_with = "entitlements")]
    pub entitlements: Vec<Entitlement>,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub id: String,
    /// Its name.
    #[serde(default, rename = "displayName", deserialize_with = "lenient::or_default")]
    pub display_name: String,
    /// Who and what is directly in it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub members: Vec<Member>,
    /// What its members may use.
    #[serde(default, deserialize_with = "entitlements")]
    pub entitlements: Vec<Entitlement>,
}

/// A member of a group, or a group that somebody is a member of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Its id.
    #[serde(default, rename = "value", deserialize_with = "lenient::or_default")]
    pub id: String,
    /// Its name for people, which is no address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub display: String,
    /// Where it is found: `Users/1001`, `Groups/2007`.
    #[serde(default, rename = "$ref", deserialize_with = "lenient::or_default")]
    pub reference: String,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal, or something that is not told.
    Other,
}

impl Member {
    /// What it is, as far as that is told.
    pub fn kind(&self) -> MemberKind {
        let mut parts = self.reference.rsplit('/');
        match parts.nth(1).unwrap_or_default() {
            "Users" => MemberKind::User,
            "Groups" => MemberKind::Group,
            _ => MemberKind::Other,
        }
    }
}

const fn yes() -> bool {
    true
}

fn entitlements<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Entitlement>, D::Error> {
    #[derive(Deserialize)]
    struct Holder {
        value: Entitlement,
    }
    let holders: Option<Vec<Holder>> = Deserialize::deserialize(deserializer)?;
    Ok(holders.unwrap_or_default().into_iter().map(|holder| holder.value).collect())
}
