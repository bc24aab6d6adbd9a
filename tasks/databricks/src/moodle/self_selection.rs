//! The export of the activity "Group self-selection": a row per group, five columns per member. It leaves the rules about
//! members to the gatherer.

use std::collections::HashMap;

use super::{
    complaint::Complaint,
    gather::Gatherer,
    layout::{is_group_id, is_member_email},
    remark::{Place, Remarks},
    sheet::{Cell, Header, Row, Sheet},
    text::{short, tidy},
};

/// The columns that count.
struct Columns {
    id: usize,
    name: Option<usize>,
    size: Option<usize>,
    emails: Vec<usize>,
}

/// Reads all rows.
pub(crate) fn read(sheet: &Sheet, gatherer: &mut Gatherer<'_>, remarks: &mut Remarks) {
    let header = &sheet.header;
    let Some(columns) = Columns::find(header, remarks) else { return };
    sheet.check_titles(remarks);
    let mut lines = HashMap::new();
    for row in sheet.filled_rows() {
        let id = row.cell(columns.id, header);
        let key = new_key(&id, &mut lines, remarks);
        let emails =
            columns.emails.iter().map(|&index| row.cell(index, header)).filter(|cell| !cell.is_blank());
        let emails: Vec<Cell<'_>> = emails.collect();
        if let Some(size) = columns.size.map(|index| row.cell(index, header)) {
            check_size(&size, &tidy(id.text), emails.len(), remarks);
        }
        let group = key.map(|key| gatherer.open(key, columns.label(row, header), Place::line(row.line)));
        for cell in &emails {
            // Also in a row without a group, so that all faults are told at once.
            let address = gatherer.address(cell.text, cell, remarks);
            if let (Some(group), Some(address)) = (group, address) {
                gatherer.join(group, address, cell, remarks);
            }
        }
    }
}

impl Columns {
    fn find(header: &Header, remarks: &mut Remarks) -> Option<Self> {
        header.check_duplicates(remarks);
        let id = header.column(is_group_id, remarks);
        let emails: Vec<usize> = header.columns(is_member_email).collect();
        if id.is_none() {
            remarks.error(Place::line(header.line), Complaint::NoGroupId);
        }
        if emails.is_empty() {
            remarks.error(Place::line(header.line), Complaint::NoMemberColumn);
        }
        let [name, size] =
            ["group name", "group size"].map(|wanted| header.columns(|title| title == wanted).next());
        id.filter(|_| !emails.is_empty()).map(|id| Self { id, name, size, emails })
    }

    /// The group's name exactly as it is.
    fn label(&self, row: &Row, header: &Header) -> String {
        self.name.map_or_else(String::new, |index| row.cell(index, header).text.to_owned())
    }
}

/// The key of a group that was not there before.
fn new_key(id: &Cell<'_>, lines: &mut HashMap<String, usize>, remarks: &mut Remarks) -> Option<String> {
    let key = tidy(id.text);
    if key.is_empty() {
        remarks.error(id.place(), Complaint::NoId);
        return None;
    }
    if let Some(&line) = lines.get(&key) {
        remarks.error(id.place(), Complaint::DuplicateGroup { id: short(&key), line });
        return None;
    }
    lines.insert(key.clone(), id.line);
    Some(key)
}

/// A member without an address is counted by Moodle and missing here.
fn check_size(size: &Cell<'_>, id: &str, found: usize, remarks: &mut Remarks) {
    let written = tidy(size.text);
    if !written.is_empty() && written.parse() != Ok(found) {
        remarks
            .warning(size.place(), Complaint::SizeDiffers { id: short(id), written: short(&written), found });
    }
}
