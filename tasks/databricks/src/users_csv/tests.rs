//! users.csv out and in: positions are numbers, whatever is blank; files are whole or not there.

mod files;

use std::num::NonZeroUsize;

use chrono::DateTime;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{UsersTable, read};
use crate::{
    moodle::{self, Address, Checked, Rules},
    numbering::{GroupNumber, NumberMap},
};

fn told(checked: &Checked<UsersTable>) -> String {
    let remarks = checked.remarks.iter().map(|remark| format!("{remark}\n"));
    let rows = checked.value.rows().map(|(number, members)| {
        let members: Vec<&str> = members.iter().map(Address::as_str).collect();
        format!("{number}: {}\n", members.join(" "))
    });
    remarks.chain(rows).collect()
}

fn check(file: impl AsRef<[u8]>, expect: Expect) {
    expect.assert_eq(&told(&read(file.as_ref(), &Rules::default())));
}

#[test]
fn the_original_mix_of_line_ends_and_blanks_is_read() {
    check(
        "user1, user2, user3, user4\ns1@example.edu,S2@example.edu,,\r\n s3@example.edu , ,s4@example.edu\r\n",
        expect![[r"
            01: s1@example.edu s2@example.edu
            02: s3@example.edu s4@example.edu
        "]],
    );
}

#[test]
fn every_line_counts_but_empty_ones_at_the_end() {
    check(
        "user1,user2\ns1@example.edu,\n,\n\ns4@example.edu\n\"\"\n \n\n\n",
        expect![[r"
        warning: line 3: the row is blank: its number stays reserved, nothing is created for group_02
        warning: line 4: the row is blank: its number stays reserved, nothing is created for group_03
        warning: line 6: the row is blank: its number stays reserved, nothing is created for group_05
        warning: line 7: the row is blank: its number stays reserved, nothing is created for group_06
        01: s1@example.edu
        02: 
        03: 
        04: s4@example.edu
        05: 
        06: 
    "]],
    );
    check(
        "user1\r\n\r\ns2@example.edu\r\n\r\ns4@example.edu\r\n",
        expect![[r"
        warning: line 2: the row is blank: its number stays reserved, nothing is created for group_01
        warning: line 4: the row is blank: its number stays reserved, nothing is created for group_03
        01: 
        02: s2@example.edu
        03: 
        04: s4@example.edu
    "]],
    );
}

#[test]
fn columns_may_be_fewer_but_not_more_than_members_are_allowed() {
    check(
        "user1\ns1@example.edu\n",
        expect![[r"
        01: s1@example.edu
    "]],
    );
    check(
        "user1,user2,user3,user4,user5\ns1@example.edu\n",
        expect![[r"
        error: line 1: the header has 5 columns, 4 members are allowed
        01: s1@example.edu
    "]],
    );
    let five = "user1,user2,user3,user4,user5\na@example.edu,b@example.edu,c@example.edu,d@example.edu,e@example.edu\n";
    let rules = Rules { max_members: NonZeroUsize::new(5).unwrap(), ..Rules::default() };
    assert!(!read(five.as_bytes(), &rules).has_errors());
}

#[test]
fn faults_are_those_of_course_files() {
    check(
        "user1;user2;user3\ns1@example.edu;s1@example.edu\nnobody;s1@example.edu\na@example.edu;b@example.edu;c@example.edu;d@example.edu;e@example.edu\n",
        expect![[r#"
            warning: line 2, column 2 (user2): s1@example.edu is in the group group_01 already (line 2)
            error: line 3, column 1 (user1): "nobody" is not an address to use: it has no @
            error: line 3, column 2 (user2): s1@example.edu is in the group group_01 too (line 2)
            error: line 4: the group group_03 has 5 members, 4 are allowed
            01: s1@example.edu
            02: s1@example.edu
            03: a@example.edu b@example.edu c@example.edu d@example.edu e@example.edu
        "#]],
    );
}

#[test]
fn a_file_without_its_header_is_refused() {
    let refused = "error: line 1: the first line must be `user1, user2, …`: without it the first group would be taken for a header\n";
    for file in
        ["s1@example.edu,s2@example.edu\n", "Group ID,Member 1 Email\n1,s1@example.edu\n", "# user1\nuser1\n"]
    {
        assert_eq!(told(&read(file.as_bytes(), &Rules::default())), refused, "{file}");
    }
    check(
        "",
        expect![[r"
        error: file: the file is empty
    "]],
    );
}

#[test]
fn more_rows_than_numbers_are_refused() {
    let rows = |count: usize| format!("user1\n{}s@example.edu\n", "\n".repeat(count - 1));
    assert!(!read(rows(999).as_bytes(), &Rules::default()).has_errors());
    let refused = read(rows(1000).as_bytes(), &Rules::default());
    assert_eq!(
        refused.remarks.last().unwrap().to_string(),
        "error: line 1001: there are more rows than numbers (1 to 999)"
    );
    assert_eq!(refused.value, UsersTable::default());
}

#[test]
fn retired_numbers_are_blank_lines() {
    let rules = Rules::default();
    let file = |rows: &[(&str, &[&str])]| {
        let rows: Vec<String> =
            rows.iter().map(|(id, emails)| moodle::tests::row(id, "x", "", emails)).collect();
        moodle::read(moodle::tests::export(2, &rows).as_bytes(), &rules).value
    };
    let first = file(&[("5101", &["s1@example.edu", "s2@example.edu"]), ("5102", &["s3@example.edu"])]);
    let (map, _) = NumberMap::fresh("demo").updated(&first, DateTime::UNIX_EPOCH).unwrap();
    let table = UsersTable::compose(&first, &map).unwrap();
    expect![[r"
        user1, user2, user3, user4
        s1@example.edu,s2@example.edu,,
        s3@example.edu,,,
    "]]
    .assert_eq(&table.to_csv(rules.max_members).unwrap());

    // One student moves, one group comes, one goes.
    let second = file(&[("5102", &["s3@example.edu", "s2@example.edu"]), ("5104", &["s1@example.edu"])]);
    assert_eq!(
        UsersTable::compose(&second, &map).unwrap_err().to_string(),
        "the group 5104 has no number: the numbers were made from another file"
    );
    let (map, _) = map.updated(&second, DateTime::UNIX_EPOCH).unwrap();
    let table = UsersTable::compose(&second, &map).unwrap();
    expect![[r"
        user1, user2, user3, user4
        ,,,
        s3@example.edu,s2@example.edu,,
        s1@example.edu,,,
    "]]
    .assert_eq(&table.to_csv(rules.max_members).unwrap());
    let created: Vec<String> = table.groups().map(|(number, _)| number.cluster_name()).collect();
    assert_eq!(created, ["cluster_02", "cluster_03"]);

    // All gone: the lines stay.
    let (map, _) = map.updated(&file(&[]), DateTime::UNIX_EPOCH).unwrap();
    let table = UsersTable::compose(&file(&[]), &map).unwrap();
    assert_eq!(table.to_csv(rules.max_members).unwrap(), "user1, user2, user3, user4\n,,,\n,,,\n,,,\n");
    assert_eq!(table.groups().count(), 0);
}

#[test]
fn a_group_with_too_many_members_is_not_cut() {
    let rules = Rules::default();
    let table = read(b"user1,user2\na@example.edu,b@example.edu\n", &rules).value;
    let refused = table.to_csv(NonZeroUsize::MIN).unwrap_err().to_string();
    assert_eq!(refused, "group_01 has 2 members, a row of users.csv has room for 1");
}

/// Any table, as sizes of its groups.
fn any_table() -> impl Strategy<Value = (NonZeroUsize, UsersTable)> {
    (1_usize..6).prop_flat_map(|max| {
        prop::collection::vec(0..=max, 0..30).prop_map(move |sizes| {
            let address = |row: usize, column: usize| {
                Address::parse(&format!("s{row}+{column}@example.edu"), &Rules::default()).unwrap()
            };
            let row = |(row, size): (usize, usize)| (0..size).map(|column| address(row, column)).collect();
            (
                NonZeroUsize::new(max).unwrap(),
                UsersTable { rows: sizes.into_iter().enumerate().map(row).collect() },
            )
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back((max_members, table) in any_table(), end in prop::sample::select(vec!["\n", "\r\n", "\r"])) {
        let text = table.to_csv(max_members).unwrap();
        let rules = Rules { max_members, ..Rules::default() };
        let checked = read(text.replace('\n', end).as_bytes(), &rules);
        prop_assert!(!checked.has_errors(), "{:?}", checked.remarks);
        prop_assert_eq!(&checked.value, &table);
        prop_assert_eq!(checked.value.to_csv(max_members).unwrap(), text);
        let blank = table.rows().filter(|(_, members)| members.is_empty()).count();
        prop_assert_eq!(checked.remarks.len(), blank);
        prop_assert!(table.rows().map(|(number, _)| number).eq(GroupNumber::all().take(table.rows.len())));
    }
}
