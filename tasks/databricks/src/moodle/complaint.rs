//! Everything that can be wrong or odd about a course file, in words for the person who has it. It does not say how bad it is.

use super::address::AddressFault;

/// What is wrong or odd about a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Complaint {
    /// Neither a mark at the beginning nor UTF-8.
    #[error("this is not UTF-8: the file was read as Windows-1255 (save it as UTF-8 to be sure)")]
    NotUtf8,
    /// Bytes that Windows-1255 does not have.
    #[error("{0} characters could not be read as Windows-1255 either")]
    NotWindows1255(usize),
    /// The mark of an encoding, and then something else.
    #[error("the file begins as {0} but is not: export it again, or save it as UTF-8")]
    BrokenEncoding(&'static str),
    /// NUL characters: another encoding, or no text at all.
    #[error("the file has NUL characters, so it is UTF-16 without a mark, or no text: save it as UTF-8")]
    NulCharacters,
    /// Nothing to read.
    #[error("the file is empty")]
    EmptyFile,
    /// `sep=` with something that is no delimiter.
    #[error("`sep=` names {0:?} as delimiter: expected a comma, a semicolon or a tab")]
    UnknownDelimiter(String),
    /// `sep=` names another delimiter than the header has.
    #[error("`sep=` speaks of {named}, but the header is split at {found}: so is the file")]
    OtherDelimiter {
        /// What `sep=` names.
        named: &'static str,
        /// What the header has.
        found: &'static str,
    },
    /// A quote that never ends.
    #[error("a quote begins here and never ends")]
    UnterminatedQuote,
    /// `"a"b`: cells have probably run into each other.
    #[error("text follows a closing quote: a quote inside a cell must be doubled")]
    TextAfterQuote,
    /// The first line has addresses in it.
    #[error("there is no header: the first line has addresses in it already")]
    NoHeader,
    /// users.csv where an export is expected.
    #[error("this is a users.csv, not an export from Moodle")]
    UsersFile,
    /// None of the known layouts.
    #[error(
        "none of the known layouts: no column `Group ID`, no column `Email` and no address anywhere \
         (columns, split at {delimiter}: {titles})"
    )]
    UnknownLayout {
        /// What cells were split at.
        delimiter: &'static str,
        /// The titles found.
        titles: String,
    },
    /// Self-selection without ids.
    #[error("there is no column `Group ID`")]
    NoGroupId,
    /// Self-selection without members.
    #[error("there is no column `Member 1 Email`: nobody has joined a group, or the columns were removed")]
    NoMemberColumn,
    /// One row per user, and no groups.
    #[error("there is no column for a group beside the address")]
    NoGroupColumn,
    /// The same title twice.
    #[error("the column {first} is called `{title}` too")]
    DuplicateTitle {
        /// The title.
        title: String,
        /// The first column called so, from 1.
        first: usize,
    },
    /// Two columns for one thing.
    #[error("the column {first} (`{title}`) says the same: one of them must go")]
    TwoColumns {
        /// The title of the first one.
        title: String,
        /// The first one, from 1.
        first: usize,
    },
    /// Something stands in a column without a title.
    #[error("this column has no title in the header")]
    NoTitle,
    /// A column of a matrix that is not taken for a group.
    #[error("not taken for a group: the column tells about the user")]
    AboutTheUser,
    /// A header and nothing below it.
    #[error("there is nothing below the header")]
    NoRows,
    /// A row of a group without its id.
    #[error("the group has no `Group ID`")]
    NoId,
    /// A group id for the second time.
    #[error("the group {id} is in line {line} already")]
    DuplicateGroup {
        /// The id.
        id: String,
        /// The line of the first one.
        line: usize,
    },
    /// A group of nobody.
    #[error("the group {0} has no members: nothing is created for it")]
    EmptyGroup(String),
    /// The size the file tells is not the number of addresses.
    #[error("the group {id} is said to have {written} members: addresses of {found} are here")]
    SizeDiffers {
        /// The group's id.
        id: String,
        /// What stands under `Group Size`.
        written: String,
        /// How many cells have an address.
        found: usize,
    },
    /// More members than allowed.
    #[error("the group {group} has {found} members, {max} are allowed")]
    TooManyMembers {
        /// The group.
        group: String,
        /// How many it has.
        found: usize,
        /// How many it may have.
        max: usize,
    },
    /// Not an address.
    #[error("{text:?} is not an address to use: {fault}")]
    BadAddress {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        fault: AddressFault,
    },
    /// Somebody is twice in one group; counted once.
    #[error("{address} is in the group {group} already (line {line})")]
    TwiceInGroup {
        /// Who.
        address: String,
        /// The group.
        group: String,
        /// The line of the first time.
        line: usize,
    },
    /// Somebody is in two groups.
    #[error("{address} is in the group {group} too (line {line})")]
    TwoGroups {
        /// Who.
        address: String,
        /// The other group.
        group: String,
        /// The line of the first time.
        line: usize,
    },
    /// A user of a course in no group.
    #[error("{0} is in no group")]
    NoGroup(String),
    /// users.csv without its header.
    #[error(
        "the first line must be `user1, user2, …`: without it the first group would be taken for a header"
    )]
    NoUsersHeader,
    /// users.csv with too many columns.
    #[error("the header has {found} columns, {max} members are allowed")]
    TooManyColumns {
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A row of users.csv without anybody.
    #[error("the row is blank: its number stays reserved, nothing is created for {0}")]
    BlankRow(String),
    /// A row of users.csv beyond the last number.
    #[error("there are more rows than numbers (1 to {0})")]
    TooManyRows(usize),
}

impl Complaint {
    /// The same for logs, where addresses and what may be one have no place.
    pub(crate) fn without_addresses(&self) -> String {
        match self {
            Self::BadAddress { fault, .. } => format!("this is not an address to use: {fault}"),
            Self::TwiceInGroup { group, line, .. } => {
                format!("the member is in the group {group} already (line {line})")
            }
            Self::TwoGroups { group, line, .. } => {
                format!("the member is in the group {group} too (line {line})")
            }
            Self::NoGroup(_) => "the user is in no group".to_owned(),
            other => other.to_string(),
        }
    }
}
