//! What goes: users, groups and clusters of the course that it no longer wants, on request only. Whoever is not the course's
//! own is in no step of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        ActualCluster,
        change::{Change, ClusterRef, Mark, Member},
    },
    Planner, Removal, STUDENTS, bears_mark, other_course,
};
use crate::{
    api::scim::{Group, User},
    numbering::GroupNumber,
};

/// The group of those who may do everything.
const ADMINS: &str = "admins";
/// The group that everybody is in.
const EVERYBODY: &str = "users";

impl<'a> Planner<'a> {
    pub(super) fn removals(&mut self) {
        let wanted: BTreeSet<GroupNumber> = self.desired.groups.keys().copied().collect();
        let gone: Vec<GroupNumber> = self.own_numbers.difference(&wanted).copied().collect();
        if self.options.removal == Removal::Keep {
            for number in gone.into_iter().filter(|number| self.own_groups.contains_key(number)) {
                self.notes
                    .push(format!("{} is no longer wanted: only prune removes it", number.group_name()));
            }
            return;
        }
        let leaving = self.leaving(&gone);
        let mut first: BTreeMap<GroupNumber, Vec<usize>> = BTreeMap::new();
        for number in &gone {
            let deleted = self.clusters_of(*number);
            first.entry(*number).or_default().extend(deleted);
        }
        let groups: Vec<(GroupNumber, &Group)> =
            gone.iter().filter_map(|number| Some((*number, *self.own_groups.get(number)?))).collect();
        let mut deleted = Vec::new();
        for (number, group) in groups {
            // The group tells whose its users and its cluster are, so it goes last.
            let mut needs = first.remove(&number).unwrap_or_default();
            needs.extend(self.users_in(group).iter().filter_map(|user| leaving.get(&user.id)));
            needs.extend(self.leaves(&group.display_name));
            deleted.push(self.push(
                Mark::Remove,
                Change::GroupDelete { group: group.display_name.clone() },
                needs,
            ));
        }
        let is_there = self.actual.directory.group_named(STUDENTS).is_some();
        if self.options.removal == Removal::Destroy && is_there {
            self.push(Mark::Remove, Change::GroupDelete { group: STUDENTS.to_owned() }, deleted);
        }
    }

    /// Deletes who is nobody's any more, and takes the others out of our groups; the steps by user.
    fn leaving(&mut self, gone: &[GroupNumber]) -> BTreeMap<String, usize> {
        let wanted = self.desired.addresses();
        let mut leaving = BTreeMap::new();
        for (number, group) in self.own_groups.clone() {
            for user in self.users_in(group) {
                let address = user.user_name.to_lowercase();
                if wanted.contains(address.as_str()) || leaving.contains_key(&user.id) {
                    continue;
                }
                if self.is_only_ours(user) {
                    let change = Change::UserDelete { user: address };
                    let ord = self.push(Mark::Remove, change, Vec::new());
                    leaving.insert(user.id.clone(), ord);
                } else if !gone.contains(&number) {
                    let (group, member) = (number.group_name(), Member::User(address));
                    self.push(Mark::Remove, Change::MemberRemove { group, member }, Vec::new());
                }
            }
        }
        if self.options.removal == Removal::Prune {
            self.strangers_among_students(&wanted, &leaving);
        }
        leaving
    }

    fn strangers_among_students(&mut self, wanted: &BTreeSet<&str>, leaving: &BTreeMap<String, usize>) {
        let Some(students) = self.actual.directory.group_named(STUDENTS) else {
            return;
        };
        for user in self.users_in(students) {
            let address = user.user_name.to_lowercase();
            if !wanted.contains(address.as_str()) && !leaving.contains_key(&user.id) {
                let (group, member) = (STUDENTS.to_owned(), Member::User(address));
                self.push(Mark::Remove, Change::MemberRemove { group, member }, Vec::new());
            }
        }
    }

    /// Whether somebody may be deleted: in no group but ours, no administrator, not us, and not to be kept.
    fn is_only_ours(&self, user: &User) -> bool {
        let address = user.user_name.to_lowercase();
        let own: BTreeSet<&str> = self.own_groups.values().map(|group| group.id.as_str()).collect();
        let is_in = |group: &&Group| group.members.iter().any(|member| member.id == user.id);
        let foreign = self.actual.directory.groups().filter(is_in).any(|group| {
            !own.contains(group.id.as_str()) && ![STUDENTS, EVERYBODY].contains(&group.display_name.as_str())
        });
        let admins = self.actual.directory.members_of(ADMINS).unwrap_or_default();
        let is_admin = admins.users.iter().any(|admin| admin.id == user.id);
        !foreign && !is_admin && address != self.actual.me && !self.options.keep_users.contains(&address)
    }

    /// The steps by which somebody who moved leaves this group.
    fn leaves(&self, name: &str) -> Vec<usize> {
        let leaves = |change: &Change| matches!(change, Change::MemberRemove { group, .. } if group == name);
        let all = self.operations.iter().filter(|operation| leaves(&operation.change));
        all.map(|operation| operation.ord).collect()
    }

    /// Deletes the clusters of a number that are surely the course's own.
    fn clusters_of(&mut self, number: GroupNumber) -> Vec<usize> {
        let all: Vec<&'a ActualCluster> = self.actual.of_number(number).collect();
        let (alone, reserved) = (all.len() == 1, self.desired.reserved.contains(&number));
        let mut steps = Vec::new();
        for cluster in all {
            let course = &self.desired.course;
            let free = other_course(cluster, course).is_none();
            let own = bears_mark(cluster, course)
                || self.options.adopt.contains(cluster.id())
                || (alone && reserved && free);
            let (name, id) = (cluster.cluster.cluster_name.clone(), cluster.id().to_owned());
            if own {
                let cluster = ClusterRef { number, name, id: Some(id) };
                steps.push(self.push(Mark::Remove, Change::ClusterDelete { cluster }, Vec::new()));
            } else {
                self.notes.push(format!("{name} ({id}) may be somebody else's: it is left alone"));
            }
        }
        steps
    }
}
