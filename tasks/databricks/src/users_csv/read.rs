//! Reads users.csv by the same rules about addresses as course files. Every line counts, so that no group ever moves to another
//! number; it does not know Moodle's ids.

use super::UsersTable;
use crate::{
    moodle::{Address, Checked, Complaint, Gatherer, Place, Remarks, Rules, Sheet, is_user_column},
    numbering::GroupNumber,
};

/// Reads a file. Empty lines are rows too, except at its end.
pub fn read(bytes: &[u8], rules: &Rules) -> Checked<UsersTable> {
    let mut remarks = Remarks::default();
    let sheet = Sheet::read(bytes, |header| header.has(is_user_column), &mut remarks);
    let rows = sheet
        .filter(|sheet| check_header(sheet, rules, &mut remarks))
        .map(|sheet| rows(&sheet, rules, &mut remarks));
    remarks.beside(UsersTable { rows: rows.unwrap_or_default() })
}

/// False when the first line cannot be a header, so that no position would be right.
fn check_header(sheet: &Sheet, rules: &Rules, remarks: &mut Remarks) -> bool {
    let header = &sheet.header;
    let foreign = (0..header.width()).any(|index| {
        let title = header.title(index);
        !title.is_empty() && !is_user_column(&title.to_lowercase())
    });
    if foreign || !header.has(is_user_column) {
        remarks.error(Place::line(header.line), Complaint::NoUsersHeader);
        return false;
    }
    header.check_duplicates(remarks);
    let (found, max) = (header.columns(is_user_column).count(), rules.max_members.get());
    if found > max {
        remarks.error(Place::line(header.line), Complaint::TooManyColumns { found, max });
    }
    true
}

fn rows(sheet: &Sheet, rules: &Rules, remarks: &mut Remarks) -> Vec<Vec<Address>> {
    let mut gatherer = Gatherer::new(rules);
    let mut numbers = GroupNumber::all();
    for row in &sheet.rows {
        let lines =
            (row.line - row.empty_before..row.line).map(|line| (line, None)).chain([(row.line, Some(row))]);
        for (line, row) in lines {
            let Some(number) = numbers.next() else {
                remarks.error(Place::line(line), Complaint::TooManyRows(GroupNumber::all().count()));
                return Vec::new();
            };
            let group = gatherer.open(number.group_name(), String::new(), Place::line(line));
            let Some(row) = row.filter(|row| !row.is_blank()) else {
                remarks.warning(Place::line(line), Complaint::BlankRow(number.group_name()));
                continue;
            };
            for cell in row.cells(&sheet.header).filter(|cell| !cell.is_blank()) {
                if let Some(address) = gatherer.address(cell.text, &cell, remarks) {
                    gatherer.join(group, address, &cell, remarks);
                }
            }
        }
    }
    gatherer.finish(remarks).into_iter().map(|group| group.members).collect()
}
