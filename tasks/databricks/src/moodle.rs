//! Course files from Moodle: who is in which group, and everything that is wrong with the file, at once. It numbers no group
//! and asks no server.

mod address;
mod complaint;
mod decode;
mod gather;
mod layout;
mod load;
mod matrix;
mod preamble;
mod quotes;
mod remark;
mod rules;
mod self_selection;
mod sheet;
mod text;
mod user_list;

use serde::Serialize;

pub use address::{Address, AddressFault};
pub use complaint::Complaint;
pub(crate) use gather::Gatherer;
pub use layout::Layout;
pub(crate) use layout::is_user_column;
pub use load::{LoadError, load};
pub(crate) use remark::Remarks;
pub use remark::{Checked, Place, Remark, Severity};
pub use rules::Rules;
pub(crate) use sheet::Sheet;
use text::short;

/// The groups of a course that have members, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Roster {
    /// How the file told it; none when the file could not be read.
    pub layout: Option<Layout>,
    /// The groups.
    pub groups: Vec<Group>,
}

/// A group of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What stays the same from file to file: Moodle's group id, or the name in layouts that have none.
    pub key: String,
    /// Moodle's name for it.
    pub label: String,
    /// The line of the file it begins in.
    pub line: usize,
    /// Its members, each once.
    pub members: Vec<Address>,
}

/// Reads a course file in any of the known layouts.
pub fn read(bytes: &[u8], rules: &Rules) -> Checked<Roster> {
    let mut remarks = Remarks::default();
    let roster = Sheet::read(bytes, layout::is_familiar, &mut remarks).and_then(|sheet| {
        let layout = layout::layout(&sheet)
            .map_err(|complaint| remarks.error(Place::line(sheet.header.line), complaint))
            .ok()?;
        Some(Roster { layout: Some(layout), groups: groups(layout, &sheet, rules, &mut remarks) })
    });
    remarks.beside(roster.unwrap_or_default())
}

fn groups(layout: Layout, sheet: &Sheet, rules: &Rules, remarks: &mut Remarks) -> Vec<Group> {
    if sheet.filled_rows().next().is_none() {
        remarks.warning(Place::line(sheet.header.line), Complaint::NoRows);
    }
    let mut gatherer = Gatherer::new(rules);
    match layout {
        Layout::SelfSelection => self_selection::read(sheet, &mut gatherer, remarks),
        Layout::Matrix => matrix::read_marks(sheet, &mut gatherer, remarks),
        Layout::AddressLists => matrix::read_lists(sheet, &mut gatherer, remarks),
        Layout::UserList => user_list::read(sheet, &mut gatherer, remarks),
    }
    let mut groups = Vec::new();
    for group in gatherer.finish(remarks) {
        if group.members.is_empty() {
            remarks.note(Place::line(group.line), Complaint::EmptyGroup(short(&group.key)));
        } else {
            groups.push(Group {
                key: group.key,
                label: group.label,
                line: group.line,
                members: group.members,
            });
        }
    }
    groups
}

#[cfg(test)]
pub(crate) mod tests;
