//! Who is in a group, through groups within groups. It was read before; nothing is asked here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Group, MemberKind, User};

/// How deep groups within groups are followed.
const LEVELS: usize = 10;

/// All users and groups of a workspace at one time.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Group>,
}

/// Who is in a group, directly or through groups within it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// The users, each once, by address.
    pub users: Vec<User>,
    /// Ids of members that are no known user or group.
    pub unknown: BTreeSet<String>,
    /// Groups are nested deeper than is followed, so that somebody may be missing.
    pub too_deep: bool,
}

impl Directory {
    /// A directory of these users and groups, the groups with their members.
    pub fn new(users: Vec<User>, groups: Vec<Group>) -> Self {
        Self {
            users: users.into_iter().map(|user| (user.id.clone(), user)).collect(),
            groups: groups.into_iter().map(|group| (group.id.clone(), group)).collect(),
        }
    }

    /// All users, in the order of their ids.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// All groups, in the order of their ids.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// A user, by address, whatever its case.
    pub fn user_named(&self, address: &str) -> Option<&User> {
        self.users.values().find(|user| user.user_name.to_lowercase() == address.to_lowercase())
    }

    /// A group, by name.
    pub fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.values().find(|group| group.display_name == name)
    }

    /// Who is in a group; nothing if there is no such group.
    pub fn members_of(&self, name: &str) -> Option<Membership> {
        let root = self.group_named(name)?;
        let (mut found, mut seen) = (Membership::default(), HashSet::from([root.id.as_str()]));
        let (mut level, mut next) = (vec![root], Vec::new());
        let mut users = BTreeMap::new();
        for _ in 0..LEVELS {
            for member in level.iter().flat_map(|group| &group.members) {
                let (user, group) = (self.users.get(&member.id), self.groups.get(&member.id));
                match (member.kind(), user, group) {
                    (MemberKind::User | MemberKind::Other, Some(user), _) => {
                        users.insert(user.user_name.to_lowercase(), user.clone());
                    }
                    (MemberKind::Group | MemberKind::Other, _, Some(group)) => {
                        // Groups may be members of each other.
                        if seen.insert(&group.id) {
                            next.push(group);
                        }
                    }
                    _ => drop(found.unknown.insert(member.id.clone())),
                }
            }
            level = std::mem::take(&mut next);
        }
        found.too_deep = !level.is_empty();
        found.users = users.into_values().collect();
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::scim::Member;

    fn group(id: usize, members: &[&str]) -> Group {
        let member = |reference: &&str| Member {
            id: reference.rsplit('/').next().unwrap().to_owned(),
            reference: (*reference).to_owned(),
            ..Member::default()
        };
        let members = members.iter().map(member).collect();
        Group { id: format!("g{id}"), display_name: format!("group_{id:02}"), members, ..Group::default() }
    }

    fn users(names: &[&str]) -> Vec<User> {
        let user = |name: &&str| User {
            id: (*name).to_owned(),
            user_name: format!("{name}@example.edu"),
            ..User::default()
        };
        names.iter().map(user).collect()
    }

    fn check(directory: &Directory, name: &str, expected: &[&str], unknown: &[&str]) -> Membership {
        let found = directory.members_of(name).unwrap();
        let names: Vec<_> = found.users.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(names, expected, "{name}");
        assert_eq!(found.unknown.iter().map(String::as_str).collect::<Vec<_>>(), unknown, "{name}");
        found
    }

    #[test]
    fn groups_within_groups_and_in_circles() {
        let groups = vec![
            group(1, &["Users/b", "https://h/api/2.0/preview/scim/v2/Users/a", "Groups/g2"]),
            group(2, &["Users/a", "Groups/g1", "Groups/g3", "Groups/g2"]),
            group(3, &["c", "ServicePrincipals/p", "Users/gone", "Groups/gone-too"]),
            group(4, &[]),
        ];
        let directory = Directory::new(users(&["a", "b", "c", "d"]), groups);
        check(&directory, "group_01", &["a", "b", "c"], &["gone", "gone-too", "p"]);
        check(&directory, "group_02", &["a", "b", "c"], &["gone", "gone-too", "p"]);
        check(&directory, "group_03", &["c"], &["gone", "gone-too", "p"]);
        check(&directory, "group_04", &[], &[]);
        assert!(directory.members_of("group_05").is_none());
        assert_eq!(directory.user_named("D@Example.edu").unwrap().id, "d");
    }

    #[test]
    fn ten_levels_are_followed() {
        let chain = |length: usize| {
            let mut groups: Vec<_> =
                (1..length).map(|id| group(id, &[&format!("Groups/g{}", id + 1)])).collect();
            groups.push(group(length, &["Users/a"]));
            Directory::new(users(&["a"]), groups)
        };
        assert!(!check(&chain(10), "group_01", &["a"], &[]).too_deep);
        assert!(check(&chain(11), "group_01", &[], &[]).too_deep);
    }
}
