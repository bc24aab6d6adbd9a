//! A column per group, the other way round twice: a row per user with marks under the groups, or lists of addresses under them.
//! It leaves the rules about members to the gatherer.

use super::{
    complaint::Complaint,
    gather::Gatherer,
    layout::is_email,
    remark::{Place, Remarks},
    sheet::{Cell, Header, Row, Sheet},
    text::tidy,
};

/// Titles, in lower case, of columns that Moodle has about a user: everybody has a name, so everybody would be in one group.
const ABOUT_THE_USER: &[&str] = &[
    "first name",
    "firstname",
    "last name",
    "lastname",
    "surname",
    "full name",
    "name",
    "username",
    "id number",
    "institution",
    "department",
    "phone",
    "mobile phone",
    "city/town",
    "country",
    "role",
    "roles",
    "status",
    "last access",
    "last access to course",
];

/// A column that is a group: its place in a row, its place in the gatherer.
type Column = (usize, usize);

/// Reads a row per user: who has something other than `0` under a group is in it.
pub(crate) fn read_marks(sheet: &Sheet, gatherer: &mut Gatherer<'_>, remarks: &mut Remarks) {
    let header = &sheet.header;
    let Some(email) = header.column(is_email, remarks) else { return };
    let about =
        |index: &usize| header.columns(|title| ABOUT_THE_USER.contains(&title)).any(|other| other == *index);
    let (about, groups): (Vec<usize>, Vec<usize>) =
        (0..header.width()).filter(|&index| !is_email(&header.title(index).to_lowercase())).partition(about);
    for index in about {
        remarks.warning(header.place(index), Complaint::AboutTheUser);
    }
    let columns = open(sheet, groups, gatherer, remarks);
    if columns.is_empty() {
        return;
    }
    for row in sheet.filled_rows() {
        read_user(row, email, header, &columns, gatherer, remarks);
    }
}

fn read_user(
    row: &Row,
    email: usize,
    header: &Header,
    columns: &[Column],
    gatherer: &mut Gatherer<'_>,
    remarks: &mut Remarks,
) {
    let marked = |&&(index, _): &&Column| !matches!(tidy(row.cell(index, header).text).as_str(), "" | "0");
    let joined: Vec<&Column> = columns.iter().filter(marked).collect();
    let cell = row.cell(email, header);
    if joined.is_empty() && cell.is_blank() {
        return;
    }
    let Some(address) = gatherer.address(cell.text, &cell, remarks) else { return };
    if joined.is_empty() {
        remarks.note(cell.place(), Complaint::NoGroup(address.to_string()));
    }
    for &&(index, group) in &joined {
        gatherer.join(group, address.clone(), &row.cell(index, header), remarks);
    }
}

/// Reads lists of addresses, split by `;`, `,` or blanks, under the names of groups.
pub(crate) fn read_lists(sheet: &Sheet, gatherer: &mut Gatherer<'_>, remarks: &mut Remarks) {
    let columns = open(sheet, (0..sheet.header.width()).collect(), gatherer, remarks);
    for row in sheet.filled_rows() {
        for &(index, group) in &columns {
            let cell = row.cell(index, &sheet.header);
            for text in listed(&cell) {
                if let Some(address) = gatherer.address(text, &cell, remarks) {
                    gatherer.join(group, address, &cell, remarks);
                }
            }
        }
    }
}

/// The addresses of a cell. Blanks belong to an address of the form `Name <a@b>`.
fn listed<'a>(cell: &Cell<'a>) -> Vec<&'a str> {
    let parts = cell.text.split([';', ',']);
    let addresses = parts
        .flat_map(|part| if part.contains('<') { vec![part] } else { part.split_whitespace().collect() });
    addresses.filter(|text| !tidy(text).is_empty()).collect()
}

/// Opens a group for each column that has a title.
fn open(
    sheet: &Sheet,
    groups: Vec<usize>,
    gatherer: &mut Gatherer<'_>,
    remarks: &mut Remarks,
) -> Vec<Column> {
    let header = &sheet.header;
    header.check_duplicates(remarks);
    sheet.check_titles(remarks);
    let titled: Vec<usize> = groups.into_iter().filter(|&index| !header.title(index).is_empty()).collect();
    if titled.is_empty() {
        remarks.error(Place::line(header.line), Complaint::NoGroupColumn);
    }
    let column = |index| {
        let name = header.title(index).to_owned();
        (index, gatherer.open(name.clone(), name, header.place(index)))
    };
    titled.into_iter().map(column).collect()
}
