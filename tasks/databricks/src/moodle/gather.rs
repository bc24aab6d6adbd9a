//! Puts members into groups and says who is where twice: the rules that all layouts share. It reads no cells but addresses.

use std::collections::HashMap;

use super::{
    address::Address,
    complaint::Complaint,
    remark::{Place, Remarks},
    rules::Rules,
    sheet::Cell,
    text::short,
};

/// A group while its members are collected.
pub(crate) struct Gathered {
    /// What the group is known by; also in messages.
    pub(crate) key: String,
    /// Its name for people.
    pub(crate) label: String,
    /// The line it begins in.
    pub(crate) line: usize,
    /// Its members, each once, in the order of the file.
    pub(crate) members: Vec<Address>,
    place: Place,
}

/// Collects the groups of one file.
pub(crate) struct Gatherer<'r> {
    rules: &'r Rules,
    groups: Vec<Gathered>,
    /// Which groups somebody is in, and the line that says so.
    seats: HashMap<Address, Vec<(usize, usize)>>,
}

impl<'r> Gatherer<'r> {
    pub(crate) fn new(rules: &'r Rules) -> Self {
        Self { rules, groups: Vec::new(), seats: HashMap::new() }
    }

    /// A new group; `place` is where too many members are complained about.
    pub(crate) fn open(&mut self, key: String, label: String, place: Place) -> usize {
        let line = place.line.unwrap_or_default();
        self.groups.push(Gathered { key, label, line, members: Vec::new(), place });
        self.groups.len() - 1
    }

    /// The address in `text`, a part or the whole of a cell; none, with a complaint, when it is no good.
    pub(crate) fn address(&self, text: &str, cell: &Cell<'_>, remarks: &mut Remarks) -> Option<Address> {
        match Address::parse(text, self.rules) {
            Ok(address) => Some(address),
            Err(fault) => {
                let complaint = Complaint::BadAddress { text: short(text.trim()), fault };
                if self.rules.lenient {
                    remarks.warning(cell.place(), complaint);
                } else {
                    remarks.error(cell.place(), complaint);
                }
                None
            }
        }
    }

    /// Seats somebody in a group.
    pub(crate) fn join(&mut self, group: usize, address: Address, cell: &Cell<'_>, remarks: &mut Remarks) {
        let seats = self.seats.entry(address.clone()).or_default();
        let told = |other: usize| (address.to_string(), short(&self.groups[other].key));
        if let Some(&(_, line)) = seats.iter().find(|(other, _)| *other == group) {
            let (address, group) = told(group);
            remarks.warning(cell.place(), Complaint::TwiceInGroup { address, group, line });
            return;
        }
        if let Some(&(other, line)) = seats.first().filter(|_| !self.rules.allow_multi_group) {
            let (address, group) = told(other);
            remarks.error(cell.place(), Complaint::TwoGroups { address, group, line });
        }
        seats.push((group, cell.line));
        self.groups[group].members.push(address);
    }

    /// All groups, the empty ones too, with a complaint about those that are too large.
    pub(crate) fn finish(self, remarks: &mut Remarks) -> Vec<Gathered> {
        let max = self.rules.max_members.get();
        for group in self.groups.iter().filter(|group| group.members.len() > max) {
            let found = group.members.len();
            let complaint = Complaint::TooManyMembers { group: short(&group.key), found, max };
            remarks.error(group.place.clone(), complaint);
        }
        self.groups
    }
}
