//! Writes users.csv. Which file it becomes is for `save`.

use std::num::NonZeroUsize;

use super::UsersTable;
use crate::{moodle::Address, numbering::GroupNumber};

/// Why a table cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A group has more members than there are columns.
    #[error("{} has {found} members, a row of users.csv has room for {max}", .number.group_name())]
    TooManyMembers {
        /// The group.
        number: GroupNumber,
        /// How many members it has.
        found: usize,
        /// How many columns there are.
        max: usize,
    },
}

impl UsersTable {
    /// The file's text: a header, then a line per number with `max_members` cells. Addresses never need quotes.
    pub fn to_csv(&self, max_members: NonZeroUsize) -> Result<String, WriteError> {
        let max = max_members.get();
        let titles: Vec<String> = (1..=max).map(|column| format!("user{column}")).collect();
        let mut text = titles.join(", ") + "\n";
        for (number, members) in self.rows() {
            if members.len() > max {
                return Err(WriteError::TooManyMembers { number, found: members.len(), max });
            }
            text += &line(members, max);
            text.push('\n');
        }
        Ok(text)
    }
}

/// A blank row of one column would be an empty line, which many readers pass over, and then all later groups move up.
fn line(members: &[Address], max: usize) -> String {
    if members.is_empty() && max == 1 {
        return "\"\"".to_owned();
    }
    let blanks = std::iter::repeat_n("", max - members.len());
    members.iter().map(Address::as_str).chain(blanks).collect::<Vec<_>>().join(",")
}
