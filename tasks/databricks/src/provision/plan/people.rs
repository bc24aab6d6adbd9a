//! The policy, users, groups and who is in them. Who goes for good is not decided here.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    super::change::{Change, Mark, Member},
    Planner, STUDENTS,
};
use crate::api::scim::Entitlement;

/// The family of the policy by which everybody may make a cluster of their own.
const PERSONAL: &str = "personal-vm";
/// What students are entitled to, through the group of all groups.
const ENTITLED: [Entitlement; 2] = [Entitlement::WorkspaceAccess, Entitlement::DatabricksSqlAccess];

impl Planner<'_> {
    /// The policy by which students could make clusters of their own allows no machine.
    pub(super) fn policy(&mut self) {
        if !self.desired.forbid_personal_compute {
            return;
        }
        let mut policies = self.actual.policies.iter();
        let Some(policy) = policies.find(|policy| policy.spec.policy_family_id.as_deref() == Some(PERSONAL))
        else {
            self.notes
                .push("there is no policy of the family personal-vm, so none forbids machines".to_owned());
            return;
        };
        let name = policy.spec.name.clone();
        let written = policy.spec.policy_family_definition_overrides.as_deref().unwrap_or_default();
        let written = if written.trim().is_empty() { "{}" } else { written };
        let Ok(mut overrides) = serde_json::from_str::<Map<String, Value>>(written) else {
            self.problems
                .push(format!("what the policy {name} overrides is no JSON object: edit it by hand"));
            return;
        };
        let forbidden = json!({ "type": "forbidden" });
        if overrides.get("node_type_id") == Some(&forbidden) {
            return;
        }
        overrides.insert("node_type_id".to_owned(), forbidden);
        let overrides = Value::Object(overrides).to_string();
        let change = Change::PolicyEdit { policy: name, policy_id: policy.policy_id.clone(), overrides };
        self.push(Mark::Change, change, Vec::new());
    }

    /// Users, then groups, then who is in which.
    pub(super) fn people(&mut self) {
        self.users();
        self.groups();
        self.joins();
        self.moves();
    }

    fn users(&mut self) {
        for address in self.desired.addresses() {
            match self.actual.directory.user_named(address) {
                Some(user) if user.active => {}
                Some(_) => self.notes.push(format!("the account of {address} is switched off")),
                None => {
                    let change = Change::UserCreate { user: address.to_owned() };
                    let ord = self.push(Mark::Create, change, Vec::new());
                    self.making.insert(address.to_owned(), ord);
                }
            }
        }
    }

    fn groups(&mut self) {
        if self.desired.groups.is_empty() {
            return;
        }
        let numbered = self.desired.groups.keys().map(|number| number.group_name());
        for name in numbered.chain([STUDENTS.to_owned()]) {
            let wanted: &[Entitlement] = if name == STUDENTS { &ENTITLED } else { &[] };
            let Some(group) = self.actual.directory.group_named(&name) else {
                let change = Change::GroupCreate { group: name.clone(), entitlements: wanted.to_vec() };
                let ord = self.push(Mark::Create, change, Vec::new());
                self.making.insert(name, ord);
                continue;
            };
            let lacks = |one: &&Entitlement| !group.entitlements.contains(one);
            let add: Vec<Entitlement> = wanted.iter().filter(lacks).cloned().collect();
            let too_much = group.entitlements.contains(&Entitlement::AllowClusterCreate);
            let remove: Vec<Entitlement> =
                too_much.then_some(Entitlement::AllowClusterCreate).into_iter().collect();
            if !add.is_empty() || !remove.is_empty() {
                self.push(Mark::Change, Change::GroupEntitle { group: name, add, remove }, Vec::new());
            }
        }
    }

    fn joins(&mut self) {
        for (number, members) in &self.desired.groups {
            let group = number.group_name();
            let there: BTreeSet<String> = self.own_groups.get(number).map_or_else(BTreeSet::new, |group| {
                self.users_in(group).iter().map(|user| user.user_name.to_lowercase()).collect()
            });
            for address in members.iter().filter(|address| !there.contains(*address)) {
                let needs = self.makers([address.as_str(), &group]);
                let member = Member::User(address.clone());
                let ord = self.push(Mark::Create, Change::MemberAdd { group: group.clone(), member }, needs);
                self.joining.entry(address.clone()).or_default().push(ord);
            }
        }
        let students = self.actual.directory.group_named(STUDENTS);
        for number in self.desired.groups.keys() {
            let id = self.own_groups.get(number).map(|group| group.id.as_str());
            let is_in = students
                .is_some_and(|students| students.members.iter().any(|member| Some(member.id.as_str()) == id));
            if !is_in {
                let needs = self.makers([number.group_name().as_str(), STUDENTS]);
                let member = Member::Group(number.group_name());
                self.push(Mark::Create, Change::MemberAdd { group: STUDENTS.to_owned(), member }, needs);
            }
        }
    }

    /// Who is wanted in another of our groups leaves this one, once arrived there.
    fn moves(&mut self) {
        let wanted = self.desired.addresses();
        for (number, group) in self.own_groups.clone() {
            let stays = self.desired.groups.get(&number);
            for user in self.users_in(group) {
                let address = user.user_name.to_lowercase();
                let moved = wanted.contains(address.as_str())
                    && stays.is_none_or(|members| !members.contains(&address));
                if moved {
                    let needs = self.joining.get(&address).cloned().unwrap_or_default();
                    let change =
                        Change::MemberRemove { group: number.group_name(), member: Member::User(address) };
                    self.push(Mark::Remove, change, needs);
                }
            }
        }
    }
}
