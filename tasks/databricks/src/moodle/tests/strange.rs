//! Files that are something else, or damaged. Each is refused with a reason, or read with a warning; none is half taken in silence.

use expect_test::expect;

use super::{super::load, check, export, row, titles};

#[test]
fn files_of_nothing() {
    check(
        "",
        expect![[r"
        no layout
        error: file: the file is empty
    "]],
    );
    check(
        "\u{FEFF}sep=,\r\n\r\n...\r\n",
        expect![[r"
        no layout
        error: file: the file is empty
    "]],
    );
}

#[test]
fn files_that_are_something_else() {
    check(
        "<!DOCTYPE html>\n<html><body>Log in</body></html>\n",
        expect![[r"
        no layout
        error: line 1: none of the known layouts: no column `Group ID`, no column `Email` and no address anywhere (columns, split at tabs: <!DOCTYPE html>)
    "]],
    );
    check(
        "user1, user2\ns1@example.edu,\n",
        expect![[r"
        no layout
        error: line 1: this is a users.csv, not an export from Moodle
    "]],
    );
    check(
        "s1@example.edu,s2@example.edu\ns3@example.edu,\n",
        expect![[r"
        no layout
        error: line 1: there is no header: the first line has addresses in it already
    "]],
    );
    check(
        b"PK\x03\x04\x14\x00\x06\x00",
        expect![[r"
        no layout
        error: line 1: the file has NUL characters, so it is UTF-16 without a mark, or no text: save it as UTF-8
    "]],
    );
}

#[test]
fn a_separator_that_cannot_be() {
    check(
        format!("sep=|\n{}", titles(1)),
        expect![[r#"
        no layout
        error: line 1: `sep=` names "|" as delimiter: expected a comma, a semicolon or a tab
    "#]],
    );
    check(
        format!("sep=\n{}", titles(1)),
        expect![[r#"
        no layout
        error: line 1: `sep=` names "" as delimiter: expected a comma, a semicolon or a tab
    "#]],
    );
}

#[test]
fn a_separator_that_the_file_does_not_use() {
    check(
        "sep=;\nGroup ID,Member 1 Email\n1,s1@example.edu\n",
        expect![[r#"
            SelfSelection
            warning: line 2: `sep=` speaks of semicolons, but the header is split at commas: so is the file
            group 1 "" line 3
            user1, user2, user3, user4
            s1@example.edu,,,
        "#]],
    );
}

#[test]
fn what_is_quoted_from_a_file_is_short() {
    let long = "x".repeat(100_000);
    for file in [
        long.clone(),
        format!("sep={long}"),
        format!("Group ID,Member 1 Email,{long},{long}\n{long},{long},,\n{long},a@{long}\n"),
    ] {
        let checked = super::read(file.as_bytes(), &super::Rules::default());
        assert!(checked.has_errors());
        for remark in &checked.remarks {
            assert!(remark.to_string().len() < 600, "{remark}");
        }
    }
}

#[test]
fn encodings_that_are_not_what_they_say() {
    check(
        b"\xEF\xBB\xBFGroup ID,Member 1 Email\n1,\xF9@example.edu\n",
        expect![[r"
        no layout
        error: line 2: the file begins as UTF-8 but is not: export it again, or save it as UTF-8
    "]],
    );
    check(
        b"\xFF\xFEG\x00r",
        expect![[r"
        no layout
        error: file: the file begins as UTF-16LE but is not: export it again, or save it as UTF-8
    "]],
    );
    check(
        b"\xFF\xFEG\x00\x00\xD8",
        expect![[r"
        no layout
        error: file: the file begins as UTF-16LE but is not: export it again, or save it as UTF-8
    "]],
    );
    check(
        b"G\x00r\x00o\x00u\x00p\x00",
        expect![[r"
        no layout
        error: line 1: the file has NUL characters, so it is UTF-16 without a mark, or no text: save it as UTF-8
    "]],
    );
    check(
        b"Group ID,Group Name,Member 1 Email\n1,\xD9\xFF,s1@example.edu\n",
        expect![[r#"
        SelfSelection
        warning: file: 2 characters could not be read as Windows-1255 either
        warning: line 2: this is not UTF-8: the file was read as Windows-1255 (save it as UTF-8 to be sure)
        group 1 "��" line 2
        user1, user2, user3, user4
        s1@example.edu,,,
    "#]],
    );
}

#[test]
fn cells_that_ran_into_each_other() {
    let shifted = export(1, &[row("1", "A", "", &["s1@example.edu"])]).replace("\"A\"", "\"A \"x\", y\"");
    check(
        shifted,
        expect![[r#"
            SelfSelection
            error: line 3, column 2: text follows a closing quote: a quote inside a cell must be doubled
            error: line 3, column 14: this column has no title in the header
            warning: line 3, column 3 (Group Size): the group 1 is said to have y" members: addresses of 1 are here
            error: line 3, column 13 (Member 1 Email): "One" is not an address to use: it has no @
            note: line 3: the group 1 has no members: nothing is created for it
        "#]],
    );
    let extra = format!("{}\n1,A,1,,,,,,u,,,,s1@example.edu,s2@example.edu\n", titles(1));
    check(
        extra,
        expect![[r#"
        SelfSelection
        error: line 2, column 14: this column has no title in the header
        group 1 "A" line 2
    "#]],
    );
    // Blanks around quotes are harmless.
    check(
        "Group ID,Member 1 Email\n\"1\" ,\"s1@example.edu\"  \n",
        expect![[r#"
        SelfSelection
        group 1 "" line 2
        user1, user2, user3, user4
        s1@example.edu,,,
    "#]],
    );
}

#[test]
fn titles_that_are_there_twice() {
    check(
        "Group ID,Member 1 Email,member  1 email,Group Id\n1,s1@example.edu,,2\n",
        expect![[r#"
        SelfSelection
        error: line 1, column 3 (member 1 email): the column 2 is called `member 1 email` too
        error: line 1, column 4 (Group Id): the column 1 is called `Group Id` too
        group 1 "" line 2
    "#]],
    );
}

#[test]
fn a_file_is_loaded_up_to_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups.csv");
    let missing = load(&path).unwrap_err().to_string();
    assert_eq!(missing, format!("cannot read {}", path.display()));
    std::fs::write(&path, "Group ID").unwrap();
    assert_eq!(load(&path).unwrap(), b"Group ID");
    std::fs::File::create(&path).unwrap().set_len((32 << 20) + 1).unwrap();
    assert!(load(&path).unwrap_err().to_string().ends_with("no course file is that large"));
}

#[test]
fn remarks_are_told_as_json_too() {
    let checked = super::read(b"Group ID,Member 1 Email\n1,nobody\n", &super::Rules::default());
    expect![[r#"[{"severity":"error","line":2,"column":2,"title":"Member 1 Email","message":"\"nobody\" is not an address to use: it has no @"},{"severity":"note","line":2,"column":null,"title":null,"message":"the group 1 has no members: nothing is created for it"}]"#]].assert_eq(&serde_json::to_string(&checked.remarks).unwrap());
}

#[test]
fn logs_learn_what_is_odd_and_no_address() {
    let rows = [
        row("5101", "a", "", &["s1 at example.edu", "s2@example.edu", "s2@example.edu"]),
        row("5102", "b", "", &["s2@example.edu"]),
        row("5103", "c", "", &[]),
    ];
    let read =
        super::read(export(3, &rows).as_bytes(), &super::Rules { lenient: true, ..super::Rules::default() });
    let told: Vec<String> = read.remarks.iter().map(super::super::Remark::for_logs).collect();
    assert!(told.len() >= 4, "{told:?}");
    assert!(!told.iter().any(|line| line.contains("example")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("the member is in the group")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("the group 5103 has no members")), "{told:?}");
}
