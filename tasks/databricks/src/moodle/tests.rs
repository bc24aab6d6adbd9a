//! Whole files: what is read of them and what is said about them. Single addresses and quotes have tests of their own.

mod cases;
mod forms;
mod layouts;
mod properties;
mod strange;

use std::fmt::Write as _;

use expect_test::Expect;

use super::{Checked, Roster, Rules, read};
use crate::{numbering::NumberMap, users_csv::UsersTable};

/// The titles of an export with this many members.
pub(crate) fn titles(members: usize) -> String {
    let mut titles = "Group ID,Group Name,Group Size,Group Description,Assigned teacher Username,\
                      Assigned teacher Firstname,Assigned teacher Lastname,Assigned teacher Email"
        .to_owned();
    for member in 1..=members {
        for field in ["Username", "ID Number", "Firstname", "Lastname", "Email"] {
            write!(titles, ",Member {member} {field}").unwrap();
        }
    }
    titles
}

/// A row of an export, as the module writes it.
pub(crate) fn row(id: &str, name: &str, description: &str, emails: &[&str]) -> String {
    let size = emails.len().to_string();
    let mut cells = vec![id, name, &size, description, "", "", "", ""];
    for email in emails {
        cells.extend(["u", "900000001", "Sara", "One", email]);
    }
    let quoted = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(",")
}

/// An export, as the module writes it.
pub(crate) fn export(members: usize, rows: &[String]) -> String {
    let mut text = format!("sep=,\n{}\n", titles(members));
    for row in rows {
        text += row;
        text.push('\n');
    }
    text
}

/// Layout, remarks, groups, and the users.csv of a fresh course; none where there are errors.
fn told(checked: &Checked<Roster>, rules: &Rules) -> String {
    let mut told = checked.value.layout.map_or("no layout\n".to_owned(), |layout| format!("{layout:?}\n"));
    for remark in &checked.remarks {
        writeln!(told, "{remark}").unwrap();
    }
    for group in &checked.value.groups {
        writeln!(told, "group {} {:?} line {}", group.key, group.label, group.line).unwrap();
    }
    if !checked.has_errors() {
        let (map, _) =
            NumberMap::fresh("demo").updated(&checked.value, chrono::DateTime::UNIX_EPOCH).unwrap();
        let table = UsersTable::compose(&checked.value, &map).unwrap();
        told += &table.to_csv(rules.max_members).unwrap();
    }
    told
}

fn check_by(rules: &Rules, file: impl AsRef<[u8]>, expect: Expect) {
    expect.assert_eq(&told(&read(file.as_ref(), rules), rules));
}

fn check(file: impl AsRef<[u8]>, expect: Expect) {
    check_by(&Rules::default(), file, expect);
}
