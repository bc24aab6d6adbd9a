//! The number of a group, and the names that follow from it. It does not know who is in the group.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest number.
pub(crate) const MAX_NUMBER: u16 = 999;

/// The number of a group of a course, 1 to 999: `group_07` and `cluster_07` are named after it, never after Moodle's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct GroupNumber(u16);

/// A number that no group can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a number of a group: expected 1 to {MAX_NUMBER}")]
pub struct BadNumber(pub u16);

impl TryFrom<u16> for GroupNumber {
    type Error = BadNumber;

    fn try_from(number: u16) -> Result<Self, BadNumber> {
        if (1..=MAX_NUMBER).contains(&number) { Ok(Self(number)) } else { Err(BadNumber(number)) }
    }
}

impl From<GroupNumber> for u16 {
    fn from(number: GroupNumber) -> Self {
        number.0
    }
}

impl GroupNumber {
    /// All numbers, the lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=MAX_NUMBER).map(Self)
    }

    /// As a number.
    pub fn get(self) -> u16 {
        self.0
    }

    /// The workspace's group: `group_07`.
    pub fn group_name(self) -> String {
        format!("group_{self}")
    }

    /// The workspace's cluster: `cluster_07`.
    pub fn cluster_name(self) -> String {
        format!("cluster_{self}")
    }
}

/// With at least two digits, as it stands in names.
impl fmt::Display for GroupNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}
