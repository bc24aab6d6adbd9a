//! Which of the known layouts a file has, by its header. It reads no row but to look for addresses.

use serde::Serialize;

use super::{
    complaint::Complaint,
    sheet::{Header, Sheet},
    text::short,
};

/// How a file tells who is in which group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A row per group, five columns per member: the export of the activity "Group self-selection".
    SelfSelection,
    /// A row per user, a column per group.
    Matrix,
    /// A column per group with lists of addresses below it.
    AddressLists,
    /// A row per user, one column with the names of groups: the list of a course's participants.
    UserList,
}

/// The titles, in lower case, that name the address of a row's user.
pub(crate) fn is_email(title: &str) -> bool {
    matches!(title, "email" | "e-mail" | "email address" | "e-mail address")
}

/// The titles that name the groups of a row's user.
pub(crate) fn is_groups(title: &str) -> bool {
    matches!(title, "group" | "groups")
}

/// The title that names a group's id.
pub(crate) fn is_group_id(title: &str) -> bool {
    title == "group id"
}

/// `member 7 email`.
pub(crate) fn is_member_email(title: &str) -> bool {
    let number = title.strip_prefix("member ").and_then(|rest| rest.strip_suffix(" email"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `user3`, of users.csv.
pub(crate) fn is_user_column(title: &str) -> bool {
    let number = title.strip_prefix("user");
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a header, split like this, is one that can be read.
pub(crate) fn is_familiar(header: &Header) -> bool {
    header
        .has(|title| is_group_id(title) || is_member_email(title) || is_email(title) || is_user_column(title))
}

/// The layout of a file.
pub(crate) fn layout(sheet: &Sheet) -> Result<Layout, Complaint> {
    let header = &sheet.header;
    // Its other titles show a self-selection export whose ids were cut off.
    if header.has(|title| is_group_id(title) || is_member_email(title) || title == "group size") {
        return Ok(Layout::SelfSelection);
    }
    if header.has(is_email) {
        return Ok(if header.has(is_groups) { Layout::UserList } else { Layout::Matrix });
    }
    if header.has(|title| title.contains('@')) {
        return Err(Complaint::NoHeader);
    }
    if header.has(is_user_column) {
        return Err(Complaint::UsersFile);
    }
    let has_address = sheet.rows.iter().any(|row| row.cells(header).any(|cell| cell.text.contains('@')));
    if has_address {
        return Ok(Layout::AddressLists);
    }
    Err(Complaint::UnknownLayout { delimiter: sheet.delimiter.name(), titles: short(&header.titles()) })
}
