//! The layouts beside the activity's own: a matrix both ways, and a list of users.

use expect_test::expect;

use super::{super::Rules, check, check_by};

#[test]
fn a_row_per_user_and_marks_under_the_groups() {
    check(
        "First name,Email address,Team B,Team A,Team C\n\
         Sara,s1@example.edu,1,0,\n\
         Tal,S2@example.edu, ,x,0\n\
         Uri,s3@example.edu,0,,\n\
         ,,,,\n\
         Noa,s4@example.edu,yes\n",
        expect![[r#"
            Matrix
            warning: line 1, column 1 (First name): not taken for a group: the column tells about the user
            note: line 1: the group Team C has no members: nothing is created for it
            note: line 4, column 2 (Email address): s3@example.edu is in no group
            group Team B "Team B" line 1
            group Team A "Team A" line 1
            user1, user2, user3, user4
            s1@example.edu,s4@example.edu,,
            s2@example.edu,,,
        "#]],
    );
}

#[test]
fn marks_of_nobody_and_of_two_groups_are_faults() {
    check(
        "Email;A;B;\n;1;;\ns1@example.edu;1;1;\ns1@example.edu;1;;\ns2@example.edu;;1;x\n",
        expect![[r#"
            Matrix
            error: line 2, column 1 (Email): "" is not an address to use: it is empty
            error: line 3, column 3 (B): s1@example.edu is in the group A too (line 3)
            warning: line 4, column 2 (A): s1@example.edu is in the group A already (line 3)
            error: line 5, column 4: this column has no title in the header
            group A "A" line 1
            group B "B" line 1
        "#]],
    );
    check_by(
        &Rules { allow_multi_group: true, ..Rules::default() },
        "Email;A;B\ns1@example.edu;1;1\n",
        expect![[r#"
            Matrix
            group A "A" line 1
            group B "B" line 1
            user1, user2, user3, user4
            s1@example.edu,,,
            s1@example.edu,,,
        "#]],
    );
}

#[test]
fn a_matrix_without_a_group_is_a_fault() {
    check(
        "Email address,First name\ns1@example.edu,Sara\n",
        expect![[r"
            Matrix
            warning: line 1, column 2 (First name): not taken for a group: the column tells about the user
            error: line 1: there is no column for a group beside the address
        "]],
    );
    check(
        "Email,Email address,A\ns1@example.edu,,1\n",
        expect![[r#"
        Matrix
        error: line 1, column 2 (Email address): the column 1 (`Email`) says the same: one of them must go
        group A "A" line 1
    "#]],
    );
    check(
        "Email,A,a\ns1@example.edu,,1\n",
        expect![[r#"
        Matrix
        error: line 1, column 3 (a): the column 2 is called `a` too
        note: line 1: the group A has no members: nothing is created for it
        group a "a" line 1
    "#]],
    );
}

#[test]
fn too_many_under_one_group_are_told_at_its_title() {
    let users: String = (1..=5).map(|user| format!("s{user}@example.edu,1\n")).collect();
    check(
        format!("sep=,\nEmail,A\n{users}"),
        expect![[r#"
        Matrix
        error: line 2, column 2 (A): the group A has 5 members, 4 are allowed
        group A "A" line 2
    "#]],
    );
}

#[test]
fn lists_of_addresses_under_the_groups() {
    check(
        "Team A,Team B,Empty\n\
         s1@example.edu s2@example.edu,\"s3@example.edu;S4@example.edu, Uri Five <s5@example.edu>\",\n\
         \"\u{200F}s6@example.edu\u{A0}\ns7@example.edu\",,\n",
        expect![[r#"
            AddressLists
            note: line 1: the group Empty has no members: nothing is created for it
            group Team A "Team A" line 1
            group Team B "Team B" line 1
            user1, user2, user3, user4
            s1@example.edu,s2@example.edu,s6@example.edu,s7@example.edu
            s3@example.edu,s4@example.edu,s5@example.edu,
        "#]],
    );
}

#[test]
fn lists_under_a_single_group_need_no_quotes() {
    check(
        "Team A\ns1@example.edu, s2@example.edu; s3@example.edu\n",
        expect![[r#"
        AddressLists
        group Team A "Team A" line 1
        user1, user2, user3, user4
        s1@example.edu,s2@example.edu,s3@example.edu,
    "#]],
    );
}

#[test]
fn lists_with_something_else_in_them_are_faults() {
    check(
        "A;B\ns1@example.edu;nobody s1@example.edu\n",
        expect![[r#"
        AddressLists
        error: line 2, column 2 (B): "nobody" is not an address to use: it has no @
        error: line 2, column 2 (B): s1@example.edu is in the group A too (line 2)
        group A "A" line 1
        group B "B" line 1
    "#]],
    );
}

#[test]
fn a_list_of_users() {
    check(
        "\u{FEFF}\"First name\",\"Last name\",\"Email address\",Groups\n\
         Sara,One,s1@example.edu,Team B\n\
         Tal,Two,s2@example.edu,\"Team A; Team B\"\n\
         Uri,Three,s3@example.edu,No groups\n\
         Noa,Four,s4@example.edu,\n\
         Dan,Five,,Team A\n",
        expect![[r#"
            UserList
            error: line 3, column 4 (Groups): s2@example.edu is in the group Team A too (line 3)
            note: line 4, column 3 (Email address): s3@example.edu is in no group
            note: line 5, column 3 (Email address): s4@example.edu is in no group
            error: line 6, column 3 (Email address): "" is not an address to use: it is empty
            group Team B "Team B" line 2
            group Team A "Team A" line 3
        "#]],
    );
    check_by(
        &Rules { allow_multi_group: true, lenient: true, ..Rules::default() },
        "Email\tGroup\ns1@example.edu\tB;A;;B\ns2@example.edu\t קבוצה  א \nnobody\tA\n",
        expect![[r#"
            UserList
            warning: line 2, column 2 (Group): s1@example.edu is in the group B already (line 2)
            warning: line 4, column 1 (Email): "nobody" is not an address to use: it has no @
            group B "B" line 2
            group A "A" line 2
            group קבוצה א "קבוצה א" line 3
            user1, user2, user3, user4
            s1@example.edu,,,
            s1@example.edu,,,
            s2@example.edu,,,
        "#]],
    );
}
