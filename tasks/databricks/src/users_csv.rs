//! users.csv: a line per number with the addresses of its group, as Terraform and people read it. It gives no number: the
//! position of a line is one.

mod read;
mod save;
mod write;

use serde::Serialize;

pub use read::read;
pub use save::{Existing, SaveError, save};
pub use write::WriteError;

use crate::{
    moodle::{Address, Roster},
    numbering::{GroupNumber, NumberMap},
};

/// Who is in the group of which number; numbers without anybody are reserved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsersTable {
    /// The members of group 1, 2, …, without a gap; never more than there are numbers.
    rows: Vec<Vec<Address>>,
}

/// A roster does not go with a map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the group {key} has no number: the numbers were made from another file")]
pub struct Unnumbered {
    /// The group.
    pub key: String,
}

impl UsersTable {
    /// The groups of a roster under their numbers; numbers of groups that are not in it are blank, up to the highest ever given.
    pub fn compose(roster: &Roster, map: &NumberMap) -> Result<Self, Unnumbered> {
        let rows = map.highest().map_or(0, |highest| usize::from(highest.get()));
        let mut table = Self { rows: vec![Vec::new(); rows] };
        for group in &roster.groups {
            let number = map.number(&group.key).ok_or_else(|| Unnumbered { key: group.key.clone() })?;
            table.rows[usize::from(number.get()) - 1].clone_from(&group.members);
        }
        Ok(table)
    }

    /// All numbers with their members, the reserved ones too.
    pub fn rows(&self) -> impl Iterator<Item = (GroupNumber, &[Address])> {
        GroupNumber::all().zip(self.rows.iter().map(Vec::as_slice))
    }

    /// The groups that somebody is in.
    pub fn groups(&self) -> impl Iterator<Item = (GroupNumber, &[Address])> {
        self.rows().filter(|(_, members)| !members.is_empty())
    }
}

#[cfg(test)]
mod tests;
