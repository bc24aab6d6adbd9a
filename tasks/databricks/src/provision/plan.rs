//! What is wanted against what is there: the steps that lead from one to the other, in their order. Pure: it asks nobody and
//! changes nothing.

mod clusters;
mod keys;
mod people;
mod prune;
mod show;

pub(super) use self::clusters::deferral;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Actual, ActualCluster, Desired,
    actual::number_in,
    change::{Change, Deferred, Mark, Operation, Plan},
    desired::{COURSE_TAG, GROUP_TAG, ORIGIN, STUDENTS},
};
use crate::{
    api::{
        clusters::Cluster,
        scim::{Group, MemberKind, User},
    },
    numbering::GroupNumber,
};

/// What may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Removal {
    /// Nothing is deleted; only who moved leaves a group.
    #[default]
    Keep,
    /// What the course no longer wants goes.
    Prune,
    /// Everything of the course goes.
    Destroy,
}

/// What counts for a plan besides what is wanted and what is there.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// What may go.
    pub removal: Removal,
    /// Clusters that run may be restarted to change them.
    pub allow_restart: bool,
    /// Ids of clusters that are the course's own, where that is not clear.
    pub adopt: BTreeSet<String>,
    /// Ids of clusters that their groups may not start today: their rights are left alone.
    pub blocked: BTreeSet<String>,
    /// Addresses that are never deleted, in lower case.
    pub keep_users: BTreeSet<String>,
    /// Requests of clusters that were made and perhaps never switched off, of earlier journals.
    pub unfinished: BTreeSet<String>,
}

/// What must be done so that the workspace is as the course wants it.
pub fn plan(desired: &Desired, actual: &Actual, options: &PlanOptions) -> Plan {
    let nothing;
    let desired = if options.removal == Removal::Destroy {
        nothing = Desired { groups: BTreeMap::new(), ..desired.clone() };
        &nothing
    } else {
        desired
    };
    let mut planner = Planner::new(desired, actual, options);
    if options.removal != Removal::Destroy {
        planner.policy();
        planner.people();
        planner.clusters();
    }
    planner.removals();
    planner.into_plan()
}

/// A plan that is being made.
struct Planner<'a> {
    desired: &'a Desired,
    actual: &'a Actual,
    options: &'a PlanOptions,
    /// The groups that are the course's own and are there.
    own_groups: BTreeMap<GroupNumber, &'a Group>,
    /// All numbers that are the course's own.
    own_numbers: BTreeSet<GroupNumber>,
    /// The steps that make users and groups, by name, and those that put users into groups, by address.
    making: BTreeMap<String, usize>,
    joining: BTreeMap<String, Vec<usize>>,
    operations: Vec<Operation>,
    deferred: Vec<Deferred>,
    problems: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Planner<'a> {
    fn new(desired: &'a Desired, actual: &'a Actual, options: &'a PlanOptions) -> Self {
        let own_numbers = own_numbers(desired, actual);
        let group =
            |number: &GroupNumber| Some((*number, actual.directory.group_named(&number.group_name())?));
        Self {
            desired,
            actual,
            options,
            own_groups: own_numbers.iter().filter_map(group).collect(),
            own_numbers,
            making: BTreeMap::new(),
            joining: BTreeMap::new(),
            operations: Vec::new(),
            deferred: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn push(&mut self, mark: Mark, change: Change, needs: Vec<usize>) -> usize {
        let ord = self.operations.len();
        self.operations.push(Operation { ord, mark, change, needs });
        ord
    }

    /// The steps that make these, as far as they are made.
    fn makers<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<usize> {
        names.into_iter().filter_map(|name| self.making.get(name).copied()).collect()
    }

    /// The users that are directly in a group, by address: plans of the same state are the same.
    fn users_in(&self, group: &Group) -> Vec<&'a User> {
        let users = group.members.iter().filter_map(|member| self.user(member.kind(), &member.id));
        let mut users: Vec<&User> = users.collect();
        users.sort_by_key(|user| user.user_name.to_lowercase());
        users
    }

    fn user(&self, kind: MemberKind, id: &str) -> Option<&'a User> {
        self.actual.directory.users().find(|user| user.id == id && kind != MemberKind::Group)
    }

    fn into_plan(mut self) -> Plan {
        self.check();
        Plan {
            host: self.actual.host.clone(),
            course: self.desired.course.clone(),
            operations: self.operations,
            deferred: self.deferred,
            problems: self.problems,
            notes: self.notes,
        }
    }
}

/// The numbers that are the course's own: those it gave, and those whose group or cluster bears its mark.
fn own_numbers(desired: &Desired, actual: &Actual) -> BTreeSet<GroupNumber> {
    let mut numbers = desired.reserved.clone();
    numbers.extend(desired.groups.keys());
    let students = actual.directory.group_named(STUDENTS);
    for member in students.into_iter().flat_map(|students| &students.members) {
        let group = actual.directory.groups().find(|group| group.id == member.id);
        let number = group.and_then(|group| number_of_group(&group.display_name));
        numbers.extend(number);
    }
    let marked = actual.clusters.iter().filter(|cluster| bears_mark(cluster, &desired.course));
    numbers.extend(marked.map(|cluster| cluster.number));
    numbers
}

/// The number of a group that is named exactly as ours are.
fn number_of_group(name: &str) -> Option<GroupNumber> {
    number_in(name, "group_").filter(|number| number.group_name() == name)
}

/// Whether a cluster was made or adopted for this course.
fn bears_mark(cluster: &ActualCluster, course: &str) -> bool {
    cluster.tag(ORIGIN.0) == Some(ORIGIN.1)
        && cluster.tag(COURSE_TAG) == Some(course)
        && cluster.tag(GROUP_TAG) == Some(&cluster.number.to_string())
}

/// The other course that a cluster was made or adopted for.
fn other_course<'c>(cluster: &'c ActualCluster, course: &str) -> Option<&'c str> {
    cluster.tag(COURSE_TAG).filter(|_| belongs_elsewhere(&cluster.cluster, course))
}

/// Whether a cluster was made or adopted for another course than this one.
pub(crate) fn belongs_elsewhere(cluster: &Cluster, course: &str) -> bool {
    let tag = |key: &str| cluster.custom_tags.get(key).map(String::as_str);
    tag(ORIGIN.0) == Some(ORIGIN.1) && tag(COURSE_TAG).is_some_and(|other| other != course)
}
