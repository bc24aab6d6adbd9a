//! Access lists of clusters between the vendor's interface and the decisions about them. It sends nothing and decides
//! nothing; principals of kinds that are not known here go through unharmed.

use crate::{
    api::{OpenText as _, permissions as api},
    permissions::{Entry, Grant, Level, Permission, Principal, direct},
};

/// The access list of a cluster, as it was read.
pub(super) struct Seen {
    /// The entries that decisions are made of.
    pub acl: Vec<Entry>,
    /// Direct grants to principals of other kinds: they go back as they are.
    strangers: Vec<api::Grant>,
}

impl Seen {
    pub(super) fn of(acl: &api::Acl) -> Self {
        let mut seen = Self { acl: Vec::new(), strangers: Vec::new() };
        for entry in &acl.entries {
            match known(&entry.principal) {
                Some(principal) => {
                    let permissions = entry.all_permissions.iter().map(permission).collect();
                    seen.acl.push(Entry { principal, permissions });
                }
                None => seen.strangers.extend(entry.direct()),
            }
        }
        seen
    }

    /// The whole list to put in the place of what was read.
    pub(super) fn list(&self, grants: &[Grant]) -> Vec<api::Grant> {
        grants.iter().map(sent).chain(self.strangers.iter().cloned()).collect()
    }

    /// Whether everything is still there that went through as it was.
    pub(super) fn has_strangers_of(&self, before: &Self) -> bool {
        before.strangers.iter().all(|stranger| self.strangers.contains(stranger))
    }

    /// The direct grants.
    pub(super) fn direct(&self) -> Vec<Grant> {
        direct(&self.acl)
    }
}

/// A grant as it is sent.
pub(super) fn sent(grant: &Grant) -> api::Grant {
    let principal = match grant.principal.clone() {
        Principal::User(name) => api::Principal::User(name),
        Principal::Group(name) => api::Principal::Group(name),
        Principal::ServicePrincipal(id) => api::Principal::ServicePrincipal(id),
    };
    api::Grant { principal, level: grant.level.as_str().into() }
}

/// What becomes of grants, for plans: `group_07 CAN_RESTART → CAN_ATTACH_TO`. Users are only counted.
pub(super) fn changes(before: &[Grant], after: &[Grant]) -> String {
    let of = |grants: &[Grant], who: &Principal| {
        let levels = grants.iter().filter(|grant| grant.principal == *who);
        let levels: Vec<_> = levels.map(|grant| grant.level.as_str().to_owned()).collect();
        if levels.is_empty() { "nothing".to_owned() } else { levels.join("+") }
    };
    let mut who: Vec<_> = before.iter().chain(after).map(|grant| &grant.principal).collect();
    who.sort_unstable();
    who.dedup();
    who.retain(|who| of(before, who) != of(after, who));
    let users = who.iter().filter(|who| matches!(who, Principal::User(_))).count();
    let named = who.iter().filter_map(|who| match who {
        Principal::User(_) => None,
        Principal::Group(name) | Principal::ServicePrincipal(name) => {
            Some(format!("{name} {} → {}", of(before, who), of(after, who)))
        }
    });
    let mut changes: Vec<_> = named.collect();
    if users > 0 {
        changes.push(format!("grants of {users} of its members"));
    }
    if changes.is_empty() { "nothing to change".to_owned() } else { changes.join(", ") }
}

fn known(principal: &api::Principal) -> Option<Principal> {
    match principal.clone() {
        api::Principal::User(name) => Some(Principal::User(name)),
        api::Principal::Group(name) => Some(Principal::Group(name)),
        api::Principal::ServicePrincipal(id) => Some(Principal::ServicePrincipal(id)),
        api::Principal::Other(..) => None,
    }
}

fn permission(permission: &api::Permission) -> Permission {
    let level = Level::from(permission.level.as_str().to_owned());
    Permission { level, inherited: permission.inherited }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nobody_is_lost_on_the_way_through() {
        let list = json!([
            { "group_name": "group_07", "all_permissions": [{ "permission_level": "CAN_RESTART" }] },
            { "user_name": "ta@example.edu", "all_permissions": [{ "permission_level": "CAN_FLY" }] },
            { "service_principal_name": "app-1", "all_permissions": [{ "permission_level": "CAN_MANAGE" }] },
            { "robot_name": "r2", "all_permissions": [{ "permission_level": "CAN_DANCE" }] },
            { "group_name": "admins", "all_permissions": [{ "permission_level": "CAN_MANAGE", "inherited": true }] },
        ]);
        let seen = Seen::of(&serde_json::from_value(json!({ "access_control_list": list })).unwrap());
        let back = serde_json::to_value(seen.list(&seen.direct())).unwrap();
        let expected = json!([
            { "group_name": "group_07", "permission_level": "CAN_RESTART" },
            { "user_name": "ta@example.edu", "permission_level": "CAN_FLY" },
            { "service_principal_name": "app-1", "permission_level": "CAN_MANAGE" },
            { "robot_name": "r2", "permission_level": "CAN_DANCE" },
        ]);
        assert_eq!(back, expected);
        assert!(!Seen::of(&api::Acl::default()).has_strangers_of(&seen));
    }

    #[test]
    fn plans_name_groups_and_count_people() {
        let group = |level| Grant::new(Principal::Group("group_07".to_owned()), level);
        let user = |level| Grant::new(Principal::User("s1@example.edu".to_owned()), level);
        let before = [group(Level::CanRestart), user(Level::CanManage)];
        let after = [group(Level::CanAttachTo), user(Level::CanAttachTo)];
        assert_eq!(
            changes(&before, &after),
            "group_07 CAN_RESTART → CAN_ATTACH_TO, grants of 1 of its members"
        );
        assert_eq!(
            changes(&before, &after[1..]),
            "group_07 CAN_RESTART → nothing, grants of 1 of its members"
        );
        assert_eq!(changes(&before, &before), "nothing to change");
    }
}
