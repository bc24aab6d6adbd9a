//! Which number a group of a course has, from file to file: given once, never to another group. It stores nothing: a map goes
//! in, a map comes out.

mod number;

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use number::{BadNumber, GroupNumber};

use crate::moodle::{Layout, Roster};

/// The numbers of one course's groups, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberMap {
    /// The course.
    pub course: String,
    /// What the groups are known by; none as long as there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyed_by: Option<KeyedBy>,
    /// All groups that ever had a number, by their key.
    #[serde(default)]
    pub groups: BTreeMap<String, Numbered>,
}

/// What groups are known by. Files that name groups differently cannot be told apart from a course with all groups exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyedBy {
    /// Moodle's group id.
    GroupId,
    /// The group's name.
    GroupName,
}

/// A group that has a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// Its number, for ever.
    pub number: GroupNumber,
    /// Moodle's name for it when it was last seen.
    #[serde(default)]
    pub label: String,
    /// When it was first missing; the number stays its own, and it has it again when it returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<DateTime<Utc>>,
}

/// What a file changes in a map, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// New groups.
    pub added: Vec<GroupNumber>,
    /// Groups that are no longer there.
    pub retired: Vec<GroupNumber>,
    /// Groups that are there again.
    pub returned: Vec<GroupNumber>,
}

/// Why groups cannot be numbered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberingError {
    /// All numbers were given.
    #[error("no number is left for the group {key}: all of 1 to {max} have been used in this course", max = number::MAX_NUMBER)]
    NoNumberLeft {
        /// The group.
        key: String,
    },
    /// Two groups have one number in the stored map.
    #[error("the stored numbers are damaged: the groups {first} and {second} both have {number}")]
    Damaged {
        /// The number.
        number: GroupNumber,
        /// One group.
        first: String,
        /// The other one.
        second: String,
    },
    /// The file knows groups by something else than the files before.
    #[error(
        "the groups of this course are known by their {}, and this file has their {} only: every group would get \
         a new number; use a file of the kind used before, or number a fresh course anew",
        .stored.name(), .given.name()
    )]
    OtherKeys {
        /// What they were known by.
        stored: KeyedBy,
        /// What the file knows them by.
        given: KeyedBy,
    },
    /// Numbering anew would move students to other clusters.
    #[error("cannot number anew: the course has clusters already ({})", .clusters.join(", "))]
    ClustersExist {
        /// Their names.
        clusters: Vec<String>,
    },
}

impl KeyedBy {
    fn name(self) -> &'static str {
        match self {
            Self::GroupId => "ids",
            Self::GroupName => "names",
        }
    }
}

impl From<Layout> for KeyedBy {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::SelfSelection => Self::GroupId,
            Layout::Matrix | Layout::AddressLists | Layout::UserList => Self::GroupName,
        }
    }
}

impl NumberMap {
    /// A course of which nothing is known.
    pub fn fresh(course: impl Into<String>) -> Self {
        Self { course: course.into(), keyed_by: None, groups: BTreeMap::new() }
    }

    /// The map after this file: groups keep their numbers, new ones get the lowest numbers that were never used, missing ones
    /// are retired.
    pub fn updated(&self, roster: &Roster, now: DateTime<Utc>) -> Result<(Self, Changes), NumberingError> {
        let used = self.used()?;
        let mut free = GroupNumber::all().filter(|number| !used.contains(number));
        let mut map = Self { keyed_by: self.key_kind(roster)?, ..self.clone() };
        let mut changes = Changes::default();
        for group in &roster.groups {
            let numbered = match map.groups.entry(group.key.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let number = free.next();
                    let number =
                        number.ok_or_else(|| NumberingError::NoNumberLeft { key: group.key.clone() })?;
                    changes.added.push(number);
                    new.insert(Numbered { number, label: String::new(), retired_at: None })
                }
            };
            numbered.label.clone_from(&group.label);
            if numbered.retired_at.take().is_some() {
                changes.returned.push(numbered.number);
            }
        }
        let present: BTreeSet<&str> = roster.groups.iter().map(|group| group.key.as_str()).collect();
        for (key, numbered) in &mut map.groups {
            if numbered.retired_at.is_none() && !present.contains(key.as_str()) {
                numbered.retired_at = Some(now);
                changes.retired.push(numbered.number);
            }
        }
        changes.retired.sort_unstable();
        Ok((map, changes))
    }

    /// A map that numbers the groups 1, 2, … in the order of the file and forgets all others; only as long as the course has no
    /// `clusters` (their names).
    pub fn renumbered(
        &self,
        roster: &Roster,
        clusters: &[String],
        now: DateTime<Utc>,
    ) -> Result<Self, NumberingError> {
        if !clusters.is_empty() {
            return Err(NumberingError::ClustersExist { clusters: clusters.to_vec() });
        }
        Self::fresh(&self.course).updated(roster, now).map(|(map, _)| map)
    }

    /// A map that gives none of these numbers to anybody else: groups have them that no course file told of. A course without
    /// any numbers of its own gets none by it.
    #[must_use]
    pub fn reserving(&self, numbers: impl IntoIterator<Item = GroupNumber>, now: DateTime<Utc>) -> Self {
        let (mut map, known) = (self.clone(), self.numbers());
        let strange = numbers.into_iter().filter(|number| !known.is_empty() && !known.contains(number));
        for number in strange {
            let numbered = Numbered { number, label: String::new(), retired_at: Some(now) };
            map.groups.insert(format!("users.csv row {number}"), numbered);
        }
        map
    }

    /// All numbers ever given.
    pub fn numbers(&self) -> BTreeSet<GroupNumber> {
        self.groups.values().map(|numbered| numbered.number).collect()
    }

    /// The number of a group, also of a retired one.
    pub fn number(&self, key: &str) -> Option<GroupNumber> {
        self.groups.get(key).map(|numbered| numbered.number)
    }

    /// The highest number ever given.
    pub fn highest(&self) -> Option<GroupNumber> {
        self.groups.values().map(|numbered| numbered.number).max()
    }

    /// All numbers ever given; refuses a map that gave one twice.
    fn used(&self) -> Result<BTreeSet<GroupNumber>, NumberingError> {
        let mut holders: BTreeMap<GroupNumber, &str> = BTreeMap::new();
        for (key, numbered) in &self.groups {
            if let Some(first) = holders.insert(numbered.number, key) {
                let (first, second) = (first.to_owned(), key.clone());
                return Err(NumberingError::Damaged { number: numbered.number, first, second });
            }
        }
        Ok(holders.into_keys().collect())
    }

    fn key_kind(&self, roster: &Roster) -> Result<Option<KeyedBy>, NumberingError> {
        match (self.keyed_by, roster.layout.map(KeyedBy::from)) {
            (Some(stored), Some(given)) if stored != given => {
                Err(NumberingError::OtherKeys { stored, given })
            }
            // A file without any group says nothing about what later ones are known by.
            (None, _) if roster.groups.is_empty() => Ok(None),
            (stored, given) => Ok(stored.or(given)),
        }
    }
}

#[cfg(test)]
mod tests;
