//! One export of the activity in every form it may come in (encodings, delimiters, line ends, what stands around it), with the
//! users.csv it makes. What its rows say is varied in `cases`.

use expect_test::expect;

use super::{check, export, row};

/// The sample: quotes, a line break, Hebrew, upper case, an empty group.
fn sample() -> String {
    export(
        2,
        &[
            row(
                "5101",
                "Team \"A\", east",
                "<p>line one\nline two</p>",
                &["s1@campus.example.edu", "S2@campus.example.edu"],
            ),
            row("5102", "קבוצה 2", "", &["s3@campus.example.edu"]),
            row("5103", "empty", "", &[]),
        ],
    )
}

fn body() -> String {
    sample().replacen("sep=,\n", "", 1)
}

/// The same file with other cells between its delimiters; the one comma inside a cell is taken out first.
fn split_at(delimiter: &str) -> String {
    body().replace(", east", " east").replace(',', delimiter)
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn the_file_as_the_module_writes_it() {
    check(
        sample(),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn no_separator_line() {
    check(
        body(),
        expect![[r#"
        SelfSelection
        note: line 5: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 2
        group 5102 "קבוצה 2" line 4
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn a_separator_line_with_a_semicolon() {
    check(
        format!("sep=;\n{}", split_at(";")),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\" east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn semicolons_and_tabs_without_a_separator_line() {
    check(
        split_at(";"),
        expect![[r#"
        SelfSelection
        note: line 5: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\" east" line 2
        group 5102 "קבוצה 2" line 4
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
    check(
        split_at("\t"),
        expect![[r#"
        SelfSelection
        note: line 5: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\" east" line 2
        group 5102 "קבוצה 2" line 4
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn a_byte_order_mark_and_a_quoted_separator_line() {
    check(
        format!("\u{FEFF}\"sep=,\"\n{}", body()),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn every_line_end() {
    check(
        sample().replace('\n', "\r\n"),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
    check(
        sample().replace('\n', "\r"),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn utf_16_of_both_byte_orders() {
    check(
        utf16(&sample(), true),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
    check(
        utf16(&sample().replace('\n', "\r\n"), false),
        expect![[r#"
        SelfSelection
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn windows_1255() {
    let text = sample();
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1255.encode(&text);
    assert!(!unmappable);
    check(
        bytes,
        expect![[r#"
        SelfSelection
        warning: line 5: this is not UTF-8: the file was read as Windows-1255 (save it as UTF-8 to be sure)
        note: line 6: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 3
        group 5102 "קבוצה 2" line 5
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn upper_case() {
    check(
        export(1, &[row("1", "A", "", &["S1@CAMPUS.Example.EDU"])]),
        expect![[r#"
        SelfSelection
        group 1 "A" line 3
        user1, user2, user3, user4
        s1@campus.example.edu,,,
    "#]],
    );
    let shouted =
        body().replacen("Group ID", " GROUP\u{A0}  id ", 1).replace("Member 1 Email", "member 1 EMAIL");
    check(
        shouted,
        expect![[r#"
        SelfSelection
        note: line 5: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 2
        group 5102 "קבוצה 2" line 4
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}

#[test]
fn no_group_id_in_the_header() {
    check(
        body().replacen("Group ID,", "", 1),
        expect![[r"
        SelfSelection
        error: line 1: there is no column `Group ID`
    "]],
    );
    check(
        body().replacen("Group ID,", "Group,", 1),
        expect![[r"
        SelfSelection
        error: line 1: there is no column `Group ID`
    "]],
    );
}

#[test]
fn a_quote_that_never_ends() {
    let cut = sample().replace("line two</p>\"", "line two</p>");
    check(
        cut,
        expect![[r#"
            SelfSelection
            warning: line 3, column 3 (Group Size): the group 5101 is said to have 2 members: addresses of 1 are here
            error: line 4, column 4: text follows a closing quote: a quote inside a cell must be doubled
            note: line 6: the group 5103 has no members: nothing is created for it
            group 5101 "Team \"A\", east" line 3
            group 5102 "קבוצה 2" line 5
        "#]],
    );
    let mut cut = sample();
    cut.truncate(cut.find("קבוצה").unwrap());
    check(
        cut,
        expect![[r"
        no layout
        error: line 5, column 2: a quote begins here and never ends
    "]],
    );
}

#[test]
fn a_line_of_dots_first() {
    check(
        format!("...\n{}", sample()),
        expect![[r#"
        SelfSelection
        note: line 7: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 4
        group 5102 "קבוצה 2" line 6
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
    check(
        format!("\n…\n{}", body()),
        expect![[r#"
        SelfSelection
        note: line 7: the group 5103 has no members: nothing is created for it
        group 5101 "Team \"A\", east" line 4
        group 5102 "קבוצה 2" line 6
        user1, user2, user3, user4
        s1@campus.example.edu,s2@campus.example.edu,,
        s3@campus.example.edu,,,
    "#]],
    );
}
