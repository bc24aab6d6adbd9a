//! The list of a course's participants: a row per user, the names of their groups in one column. It leaves the rules about
//! members to the gatherer.

use std::collections::HashMap;

use super::{
    complaint::Complaint,
    gather::Gatherer,
    layout::{is_email, is_groups},
    remark::{Place, Remarks},
    sheet::Sheet,
    text::tidy,
};

/// What Moodle shows for a user without a group.
const NO_GROUPS: &str = "no groups";

/// Reads all rows; groups are in the order in which they are first named.
pub(crate) fn read(sheet: &Sheet, gatherer: &mut Gatherer<'_>, remarks: &mut Remarks) {
    let header = &sheet.header;
    header.check_duplicates(remarks);
    sheet.check_titles(remarks);
    let email = header.column(is_email, remarks);
    let groups = header.column(is_groups, remarks);
    let (Some(email), Some(groups)) = (email, groups) else { return };
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in sheet.filled_rows() {
        let [email, groups] = [email, groups].map(|index| row.cell(index, header));
        let names: Vec<String> = groups.text.split(';').map(tidy).filter(|name| is_group(name)).collect();
        if names.is_empty() && email.is_blank() {
            continue;
        }
        let Some(address) = gatherer.address(email.text, &email, remarks) else { continue };
        if names.is_empty() {
            remarks.note(email.place(), Complaint::NoGroup(address.to_string()));
        }
        for name in names {
            let group = *known
                .entry(name)
                .or_insert_with_key(|name| gatherer.open(name.clone(), name.clone(), Place::line(row.line)));
            gatherer.join(group, address.clone(), &groups, remarks);
        }
    }
}

fn is_group(name: &str) -> bool {
    !name.is_empty() && !name.eq_ignore_ascii_case(NO_GROUPS)
}
