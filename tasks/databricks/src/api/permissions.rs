//! Who may do what with a cluster. Which grants are taken and given back is not decided here.

use roundsman_http::{BaseUrl, HttpError, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Workspace, ask,
    lenient::{self, open_enum},
};

open_enum! {
    /// What somebody may do with a cluster.
    PermissionLevel {
        /// Use it while it runs.
        CanAttachTo = "CAN_ATTACH_TO",
        /// Also start, restart and terminate it.
        CanRestart = "CAN_RESTART",
        /// Everything.
        CanManage = "CAN_MANAGE",
    }
}

/// Whom something is granted to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A user, by address.
    User(String),
    /// A group, by name.
    Group(String),
    /// A service principal, by application id.
    ServicePrincipal(String),
    /// Somebody of a kind that is not known here: the key, and who.
    Other(String, String),
}

/// A grant as it is written: one level for one principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whom it is granted to.
    pub principal: Principal,
    /// What is granted.
    pub level: PermissionLevel,
}

/// Everything that is granted to one principal.
#[derive(Debug, Clone, PartialEq)]
pub struct AclEntry {
    /// Whom it is granted to.
    pub principal: Principal,
    /// What, and from where.
    pub all_permissions: Vec<Permission>,
}

/// One thing that is granted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Permission {
    /// What.
    #[serde(default, rename = "permission_level")]
    pub level: PermissionLevel,
    /// Whether it comes from somewhere above and cannot be changed here.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub inherited: bool,
    /// From where.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub inherited_from_object: Vec<String>,
}

/// Who may do what with one cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Acl {
    /// The cluster, as `/clusters/` and its id.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub object_id: String,
    /// The entries.
    #[serde(default, rename = "access_control_list", deserialize_with = "lenient::or_default")]
    pub entries: Vec<AclEntry>,
}

/// The permissions of a workspace's clusters.
#[derive(Clone, Copy)]
pub struct Permissions<'a> {
    workspace: &'a Workspace,
}

impl PermissionLevel {
    /// How much it is; nothing for a level that is not known here.
    pub const fn rank(&self) -> Option<u8> {
        match self {
            Self::CanAttachTo => Some(1),
            Self::CanRestart => Some(2),
            Self::CanManage => Some(3),
            Self::Other(_) => None,
        }
    }
}

impl Principal {
    const KEYS: [&str; 3] = ["user_name", "group_name", "service_principal_name"];

    /// The key that stands before it, and who it is.
    pub fn key(&self) -> (&str, &str) {
        match self {
            Self::User(name) => (Self::KEYS[0], name),
            Self::Group(name) => (Self::KEYS[1], name),
            Self::ServicePrincipal(name) => (Self::KEYS[2], name),
            Self::Other(key, name) => (key, name),
        }
    }

    fn of(entry: &Map<String, Value>) -> Option<Self> {
        let name = |key: &str| entry.get(key)?.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        let known = name(Self::KEYS[0])
            .map(Self::User)
            .or_else(|| name(Self::KEYS[1]).map(Self::Group))
            .or_else(|| name(Self::KEYS[2]).map(Self::ServicePrincipal));
        // A kind of principal that came later must not be lost when grants are written back.
        let mut keys = entry.keys().filter(|key| key.ends_with("_name") && *key != "display_name");
        known.or_else(|| keys.find_map(|key| Some(Self::Other(key.clone(), name(key)?))))
    }
}

impl<'de> Deserialize<'de> for AclEntry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut entry = Map::deserialize(deserializer)?;
        let principal = Principal::of(&entry)
            .ok_or_else(|| serde::de::Error::custom("an entry of the access list names nobody"))?;
        let all = entry.remove("all_permissions").filter(|all| !all.is_null());
        let all =
            all.map_or_else(|| Ok(Vec::new()), serde_json::from_value).map_err(serde::de::Error::custom)?;
        Ok(Self { principal, all_permissions: all })
    }
}

/// As it is sent: `{"group_name": "group_07", "permission_level": "CAN_RESTART"}`.
impl Serialize for Grant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, name) = self.principal.key();
        json!({ key: name, "permission_level": self.level }).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entry = Map::deserialize(deserializer)?;
        let principal =
            Principal::of(&entry).ok_or_else(|| serde::de::Error::custom("a grant names nobody"))?;
        let level = entry.get("permission_level").and_then(Value::as_str).unwrap_or_default().into();
        Ok(Self { principal, level })
    }
}

impl AclEntry {
    /// What is granted here and not somewhere above, if anything: the highest, where there are several.
    pub fn direct(&self) -> Option<Grant> {
        let direct = self.all_permissions.iter().filter(|permission| !permission.inherited);
        let highest = direct.max_by_key(|permission| permission.level.rank().unwrap_or(u8::MAX))?;
        Some(Grant { principal: self.principal.clone(), level: highest.level.clone() })
    }
}

impl Acl {
    /// Everything that is granted here and not somewhere above.
    pub fn direct(&self) -> Vec<Grant> {
        self.entries.iter().filter_map(AclEntry::direct).collect()
    }
}

impl<'a> Permissions<'a> {
    pub(super) const fn new(workspace: &'a Workspace) -> Self {
        Self { workspace }
    }

    /// Who may do what with a cluster.
    pub async fn get(self, cluster_id: &str) -> Result<Acl, HttpError> {
        ask(self.workspace.get("permissions/get", &path(cluster_id))).await
    }

    /// Puts these grants in the place of all that are granted here; what is inherited stays.
    pub async fn put(self, cluster_id: &str, grants: &[Grant]) -> Result<Acl, HttpError> {
        let request = self.workspace.request(Method::PUT, "permissions/put", &path(cluster_id));
        ask(request.json(&json!({ "access_control_list": grants }))).await
    }

    /// Adds or raises grants; nothing can be lowered or taken away so.
    pub async fn raise(self, cluster_id: &str, grants: &[Grant]) -> Result<Acl, HttpError> {
        let request =
            self.workspace.request(Method::PATCH, "permissions/patch", &path(cluster_id)).repeatable();
        ask(request.json(&json!({ "access_control_list": grants }))).await
    }
}

fn path(cluster_id: &str) -> String {
    format!("api/2.0/permissions/clusters/{}", BaseUrl::segment(cluster_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_granted_here_goes_back_and_nobody_is_lost() {
        let acl: Acl = serde_json::from_value(json!({
            "object_id": "/clusters/1", "object_type": "cluster",
            "access_control_list": [
                { "group_name": "group_07", "all_permissions": [{ "permission_level": "CAN_RESTART", "inherited": false }] },
                { "user_name": "ta@example.edu", "display_name": "TA", "all_permissions": [
                    { "permission_level": "CAN_ATTACH_TO" },
                    { "permission_level": "CAN_MANAGE", "inherited": true, "inherited_from_object": ["/clusters/"] },
                ]},
                { "group_name": "admins", "all_permissions": [{ "permission_level": "CAN_MANAGE", "inherited": true }] },
                { "service_principal_name": "app-1", "all_permissions": [{ "permission_level": "CAN_FLY" }] },
                { "display_name": "x", "robot_name": "r2", "all_permissions": [{ "permission_level": "CAN_RESTART" }] },
                { "user_name": "nothing@example.edu", "all_permissions": null },
            ],
        }))
        .unwrap();
        let direct = serde_json::to_value(acl.direct()).unwrap();
        let expected = json!([
            { "group_name": "group_07", "permission_level": "CAN_RESTART" },
            { "user_name": "ta@example.edu", "permission_level": "CAN_ATTACH_TO" },
            { "service_principal_name": "app-1", "permission_level": "CAN_FLY" },
            { "robot_name": "r2", "permission_level": "CAN_RESTART" },
        ]);
        assert_eq!(direct, expected);
        let back: Vec<Grant> = serde_json::from_value(direct).unwrap();
        assert_eq!(back, acl.direct());
        assert!(serde_json::from_value::<Acl>(json!({})).unwrap().entries.is_empty());
        let nobody = json!({ "access_control_list": [{ "display_name": "x" }] });
        assert!(serde_json::from_value::<Acl>(nobody).is_err(), "writing back would take it away");
    }
}
