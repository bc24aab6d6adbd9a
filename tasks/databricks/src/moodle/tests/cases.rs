//! Exports of the activity with odd rows and members, with the users.csv they make. How the file is written is varied in `forms`.

use expect_test::expect;

use super::{super::Rules, check, check_by, export, row, titles};

#[test]
fn a_description_of_many_lines() {
    let rows = [
        row("1", "A", "<ul>\n<li>\"x\", y</li>\n\n</ul>\n", &["s1@example.edu"]),
        row("2", "B", "", &["s2@example"]),
    ];
    check(
        export(1, &rows),
        expect![[r#"
        SelfSelection
        error: line 8, column 13 (Member 1 Email): "s2@example" is not an address to use: "example" is no domain
        note: line 8: the group 2 has no members: nothing is created for it
        group 1 "A" line 3
    "#]],
    );
}

#[test]
fn doubled_quotes() {
    let rows = [row("1", "\"\"A\"", "\"", &["s1@example.edu"]), row("2", "\"", "\",\"", &["s2@example.edu"])];
    check(
        export(1, &rows),
        expect![[r#"
        SelfSelection
        group 1 "\"\"A\"" line 3
        group 2 "\"" line 4
        user1, user2, user3, user4
        s1@example.edu,,,
        s2@example.edu,,,
    "#]],
    );
}

#[test]
fn short_rows() {
    let text = format!("{}\n9\n\"5\",\"A\"\n7,B,1,,,,,,u,,,,s1@example.edu\n,,,\n \n", titles(3));
    check(
        text,
        expect![[r#"
        SelfSelection
        note: line 2: the group 9 has no members: nothing is created for it
        note: line 3: the group 5 has no members: nothing is created for it
        group 7 "B" line 4
        user1, user2, user3, user4
        s1@example.edu,,,
    "#]],
    );
}

#[test]
fn a_gap_in_the_members() {
    let rows = [row("1", "A", "", &["s1@example.edu", "", "s3@example.edu"])];
    check(
        export(3, &rows),
        expect![[r#"
            SelfSelection
            warning: line 3, column 3 (Group Size): the group 1 is said to have 3 members: addresses of 2 are here
            group 1 "A" line 3
            user1, user2, user3, user4
            s1@example.edu,s3@example.edu,,
        "#]],
    );
}

#[test]
fn five_members() {
    let emails = ["s1@example.edu", "s2@example.edu", "s3@example.edu", "s4@example.edu", "s5@example.edu"];
    let text = export(5, &[row("1", "A", "", &emails)]);
    check(
        &text,
        expect![[r#"
        SelfSelection
        error: line 3: the group 1 has 5 members, 4 are allowed
        group 1 "A" line 3
    "#]],
    );
    let rules = Rules { max_members: 5.try_into().unwrap(), ..Rules::default() };
    check_by(
        &rules,
        &text,
        expect![[r#"
        SelfSelection
        group 1 "A" line 3
        user1, user2, user3, user4, user5
        s1@example.edu,s2@example.edu,s3@example.edu,s4@example.edu,s5@example.edu
    "#]],
    );
}

#[test]
fn one_address_twice() {
    let in_one = export(2, &[row("1", "A", "", &["s1@example.edu", "S1@example.edu"])]);
    check(
        in_one,
        expect![[r#"
        SelfSelection
        warning: line 3, column 18 (Member 2 Email): s1@example.edu is in the group 1 already (line 3)
        group 1 "A" line 3
        user1, user2, user3, user4
        s1@example.edu,,,
    "#]],
    );
    let in_two = export(
        2,
        &[
            row("1", "A", "", &["s1@example.edu", "s2@example.edu"]),
            row("2", "B", "", &["s3@example.edu", "S1@EXAMPLE.edu"]),
        ],
    );
    check(
        &in_two,
        expect![[r#"
        SelfSelection
        error: line 4, column 18 (Member 2 Email): s1@example.edu is in the group 1 too (line 3)
        group 1 "A" line 3
        group 2 "B" line 4
    "#]],
    );
    check_by(
        &Rules { allow_multi_group: true, ..Rules::default() },
        &in_two,
        expect![[r#"
        SelfSelection
        group 1 "A" line 3
        group 2 "B" line 4
        user1, user2, user3, user4
        s1@example.edu,s2@example.edu,,
        s3@example.edu,s1@example.edu,,
    "#]],
    );
}

#[test]
fn marks_that_nobody_sees() {
    let rows =
        [row("\u{200F}1\u{A0}", "A", "", &["\u{202B}s1@example.edu\u{202C}\u{A0}", "\u{200B}\u{FEFF}"])];
    check(
        export(2, &rows),
        expect![[r#"
            SelfSelection
            warning: line 3, column 3 (Group Size): the group 1 is said to have 2 members: addresses of 1 are here
            group 1 "A" line 3
            user1, user2, user3, user4
            s1@example.edu,,,
        "#]],
    );
}

#[test]
fn names_around_addresses() {
    let rows = [row("1", "A", "", &["\"One, Sara\" <S1@example.edu>", "mailto:s2@example.edu"])];
    check(
        export(2, &rows),
        expect![[r#"
        SelfSelection
        group 1 "A" line 3
        user1, user2, user3, user4
        s1@example.edu,s2@example.edu,,
    "#]],
    );
}

#[test]
fn the_group_id_in_another_column() {
    check(
        "Member 9 Email,x,Group ID\ns1@example.edu,,17\n",
        expect![[r#"
        SelfSelection
        group 17 "" line 2
        user1, user2, user3, user4
        s1@example.edu,,,
    "#]],
    );
}

#[test]
fn nobody_in_any_group() {
    check(
        export(0, &[row("1", "A", "", &[])]),
        expect![[r"
        SelfSelection
        error: line 2: there is no column `Member 1 Email`: nobody has joined a group, or the columns were removed
    "]],
    );
}

#[test]
fn a_header_and_nothing_below() {
    check(
        export(2, &[]),
        expect![[r"
        SelfSelection
        warning: line 2: there is nothing below the header
        user1, user2, user3, user4
    "]],
    );
}

#[test]
fn a_size_that_is_not_the_number_of_addresses() {
    let rows = [row("1", "A", "", &["s1@example.edu"]).replace("\"A\",\"1\"", "\"A\",\"3\"")];
    check(
        export(1, &rows),
        expect![[r#"
            SelfSelection
            warning: line 3, column 3 (Group Size): the group 1 is said to have 3 members: addresses of 1 are here
            group 1 "A" line 3
            user1, user2, user3, user4
            s1@example.edu,,,
        "#]],
    );
}

#[test]
fn ids_that_are_missing_or_twice() {
    let rows = [
        row("1", "A", "", &["s1@example.edu"]),
        row(" ", "B", "", &["nobody"]),
        row("1 ", "C", "", &["s3@example.edu"]),
    ];
    check(
        export(1, &rows),
        expect![[r#"
        SelfSelection
        error: line 4, column 1 (Group ID): the group has no `Group ID`
        error: line 4, column 13 (Member 1 Email): "nobody" is not an address to use: it has no @
        error: line 5, column 1 (Group ID): the group 1 is in line 3 already
        group 1 "A" line 3
    "#]],
    );
}

#[test]
fn all_faults_are_told_at_once_and_lenient_leaves_members_out() {
    let rows = [
        row("1", "A", "a\nb", &["s1(at)example.edu", "s2@example.edu", "שרה@example.edu"]),
        row("2", "B", "", &["s4@elsewhere.example.com"]),
    ];
    let text = export(3, &rows);
    let rules = Rules { allowed_domains: vec!["example.edu".to_owned()], ..Rules::default() };
    check_by(
        &rules,
        &text,
        expect![[r#"
            SelfSelection
            error: line 3, column 13 (Member 1 Email): "s1(at)example.edu" is not an address to use: it has no @
            error: line 3, column 23 (Member 3 Email): "שרה@example.edu" is not an address to use: 'ש' (U+05E9) is not ASCII
            error: line 5, column 13 (Member 1 Email): "s4@elsewhere.example.com" is not an address to use: addresses of elsewhere.example.com are not allowed
            note: line 5: the group 2 has no members: nothing is created for it
            group 1 "A" line 3
        "#]],
    );
    check_by(
        &Rules { lenient: true, ..rules },
        &text,
        expect![[r#"
            SelfSelection
            warning: line 3, column 13 (Member 1 Email): "s1(at)example.edu" is not an address to use: it has no @
            warning: line 3, column 23 (Member 3 Email): "שרה@example.edu" is not an address to use: 'ש' (U+05E9) is not ASCII
            warning: line 5, column 13 (Member 1 Email): "s4@elsewhere.example.com" is not an address to use: addresses of elsewhere.example.com are not allowed
            note: line 5: the group 2 has no members: nothing is created for it
            group 1 "A" line 3
            user1, user2, user3, user4
            s2@example.edu,,,
        "#]],
    );
}
