//! Users and groups: who there is, and who is in what, directly or through other groups. It speaks no SCIM.

use std::collections::{BTreeMap, BTreeSet};

/// The first id of users and of groups that are made without one.
const FIRST_USER: u32 = 1_001;
const FIRST_GROUP: u32 = 2_001;
/// Groups within groups are followed so deep.
const DEEPEST: usize = 10;

/// A user, or a service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) display: String,
    pub(crate) active: bool,
    pub(crate) has_emails: bool,
    pub(crate) service_principal: bool,
    pub(crate) entitlements: BTreeSet<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Ids of users and groups, in the order in which they came.
    pub(crate) members: Vec<String>,
    pub(crate) entitlements: BTreeSet<String>,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    next_user: u32,
    next_group: u32,
}

impl Default for Directory {
    fn default() -> Self {
        let mut directory =
            Self { users: Vec::new(), groups: Vec::new(), next_user: FIRST_USER, next_group: FIRST_GROUP };
        directory.add_group("admins", Some("501".to_owned()));
        directory.add_group("users", Some("502".to_owned()));
        let users = directory.group_mut("users").expect("just made");
        users.entitlements = ["workspace-access", "databricks-sql-access"].map(str::to_owned).into();
        directory
    }
}

impl Directory {
    /// The user of a name; names are compared without regard to case.
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn user_by_id(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn group_by_id(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    pub(crate) fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// Makes a user, who is in `users` from then on, and tells its id.
    pub(crate) fn add_user(&mut self, name: &str, id: Option<String>) -> String {
        let id = id.unwrap_or_else(|| self.free_id(true));
        let local = name.split('@').next().unwrap_or(name);
        self.users.push(User {
            id: id.clone(),
            name: name.to_owned(),
            display: local.to_owned(),
            active: true,
            has_emails: true,
            service_principal: false,
            entitlements: BTreeSet::new(),
        });
        self.add_member("users", &id);
        id
    }

    /// Makes a group and tells its id.
    pub(crate) fn add_group(&mut self, name: &str, id: Option<String>) -> String {
        let id = id.unwrap_or_else(|| self.free_id(false));
        let group = Group {
            id: id.clone(),
            name: name.to_owned(),
            members: Vec::new(),
            entitlements: BTreeSet::new(),
        };
        self.groups.push(group);
        id
    }

    fn free_id(&mut self, user: bool) -> String {
        loop {
            let next = if user { &mut self.next_user } else { &mut self.next_group };
            let id = next.to_string();
            *next += 1;
            if self.user_by_id(&id).is_none() && self.group_by_id(&id).is_none() {
                return id;
            }
        }
    }

    /// Puts a user or a group into a group; who is in it already stays.
    pub(crate) fn add_member(&mut self, group: &str, id: &str) {
        if let Some(group) = self.group_mut(group)
            && !group.members.iter().any(|member| member == id)
        {
            group.members.push(id.to_owned());
        }
    }

    /// Takes a user or a group away, from all groups too.
    pub(crate) fn remove(&mut self, id: &str) {
        self.users.retain(|user| user.id != id);
        self.groups.retain(|group| group.id != id);
        for group in &mut self.groups {
            group.members.retain(|member| member != id);
        }
    }

    /// The groups that a user or a group is in, directly.
    pub(crate) fn groups_of(&self, id: &str) -> Vec<&Group> {
        self.groups.iter().filter(|group| group.members.iter().any(|member| member == id)).collect()
    }

    /// The groups of everybody who is in one, directly, by id of the member.
    pub(crate) fn groups_by_member(&self) -> BTreeMap<&str, Vec<&Group>> {
        let mut groups: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
        for group in &self.groups {
            for member in &group.members {
                groups.entry(member).or_default().push(group);
            }
        }
        groups
    }

    /// The names of all groups that a user is in, also through other groups.
    pub(crate) fn all_groups_of(&self, id: &str) -> BTreeSet<String> {
        let (mut found, mut ring) = (BTreeSet::new(), vec![id.to_owned()]);
        for _ in 0..DEEPEST {
            let groups = ring.iter().flat_map(|id| self.groups_of(id));
            let fresh: Vec<&Group> = groups.filter(|group| !found.contains(&group.name)).collect();
            found.extend(fresh.iter().map(|group| group.name.clone()));
            ring = fresh.iter().map(|group| group.id.clone()).collect();
        }
        found
    }

    pub(crate) fn is_admin(&self, name: &str) -> bool {
        self.user(name).is_some_and(|user| self.all_groups_of(&user.id).contains("admins"))
    }

    /// Whether a user has an entitlement, of its own or of a group.
    pub(crate) fn is_entitled(&self, name: &str, entitlement: &str) -> bool {
        let Some(user) = self.user(name) else {
            return false;
        };
        let groups = self.all_groups_of(&user.id);
        let by_group = groups
            .iter()
            .filter_map(|name| self.group(name))
            .any(|group| group.entitlements.contains(entitlement));
        user.entitlements.contains(entitlement) || by_group
    }
}
