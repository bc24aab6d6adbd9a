//! What is sent for single lists of grants.

use expect_test::{Expect, expect};

use super::{
    super::{Snapshot, direct, is_in_force, reconcile, restore, revoke},
    *,
};

/// The list of A.6: the group, a teaching assistant of its own, and the admins by inheritance.
fn course() -> Vec<Entry> {
    vec![
        entry(group("group_07"), Level::CanRestart, false),
        entry(user("ta"), Level::CanManage, false),
        entry(Principal::ServicePrincipal("0000-aaaa".into()), Level::CanRestart, false),
        entry(group("admins"), Level::CanManage, true),
    ]
}

fn check_revoke(acl: &[Entry], block: &Block<'_>, expected: Expect) -> Snapshot {
    let revocation = revoke(acl, block, None);
    let put = revocation.put.map_or("as it is\n".to_owned(), |grants| shown(&grants));
    let inherited = revocation.inherited.map(|level| format!("inherits {}\n", level.as_str()));
    let level = revocation.snapshot.group_level.as_ref().map_or("nothing", Level::as_str);
    expected.assert_eq(&format!("{put}{}the group had {level}\n", inherited.unwrap_or_default()));
    revocation.snapshot
}

fn check_restore(acl: &[Entry], block: &Block<'_>, snapshot: Option<&Snapshot>, expected: Expect) {
    expected
        .assert_eq(&restore(acl, block, snapshot).map_or("as it is\n".to_owned(), |grants| shown(&grants)));
}

/// A list as it is read after a PUT: direct grants only.
fn after(grants: &[Grant]) -> Vec<Entry> {
    grants.iter().map(|grant| entry(grant.principal.clone(), grant.level.clone(), false)).collect()
}

/// A PUT of the group alone would wipe all others (B.3, 11).
#[test]
fn the_grants_of_others_stay_when_the_group_is_blocked() {
    let snapshot = check_revoke(
        &course(),
        &block(BlockLevel::CanAttachTo, &[]),
        expect![[r#"
            ta@example.edu CAN_MANAGE
            group_07 CAN_ATTACH_TO
            0000-aaaa CAN_RESTART
            the group had CAN_RESTART
        "#]],
    );
    assert_eq!(snapshot.direct_acl, direct(&course()));
    check_revoke(
        &course(),
        &block(BlockLevel::None, &[]),
        expect![[r#"
            ta@example.edu CAN_MANAGE
            0000-aaaa CAN_RESTART
            the group had CAN_RESTART
        "#]],
    );
}

#[test]
fn a_group_without_a_grant_may_still_attach() {
    let acl = [entry(user("ta"), Level::CanManage, false)];
    check_revoke(
        &acl,
        &block(BlockLevel::CanAttachTo, &[]),
        expect![[r#"
            ta@example.edu CAN_MANAGE
            group_07 CAN_ATTACH_TO
            the group had nothing
        "#]],
    );
    check_revoke(
        &acl,
        &block(BlockLevel::None, &[]),
        expect![[r#"
            as it is
            the group had nothing
        "#]],
    );
}

#[test]
fn more_than_the_right_to_start_is_lowered_and_given_back() {
    let acl = [entry(group("group_07"), Level::CanManage, false)];
    let block = block(BlockLevel::CanAttachTo, &[]);
    let revocation = revoke(&acl, &block, None);
    check_restore(
        &after(&revocation.put.unwrap()),
        &block,
        Some(&revocation.snapshot),
        expect![[r#"
            group_07 CAN_MANAGE
        "#]],
    );
}

#[test]
fn what_is_inherited_is_not_sent_and_is_told() {
    let mut acl = course();
    acl[0].permissions.push(Permission { level: Level::CanRestart, inherited: true });
    check_revoke(
        &acl,
        &block(BlockLevel::CanAttachTo, &[]),
        expect![[r#"
            ta@example.edu CAN_MANAGE
            group_07 CAN_ATTACH_TO
            0000-aaaa CAN_RESTART
            inherits CAN_RESTART
            the group had CAN_RESTART
        "#]],
    );
}

#[test]
fn a_second_block_keeps_what_was_before_the_first() {
    let block = block(BlockLevel::CanAttachTo, &[]);
    let first = revoke(&course(), &block, None);
    let blocked = after(first.put.as_ref().unwrap());
    let second = revoke(&blocked, &block, Some(&first.snapshot));
    assert_eq!(second.put, None);
    assert_eq!(second.snapshot, first.snapshot);
    // Without it, what the group had would be what the block left it.
    assert_eq!(revoke(&blocked, &block, None).snapshot.group_level, Some(Level::CanAttachTo));
}

#[test]
fn a_block_is_in_force_only_if_all_that_was_sent_is_there() {
    let block = block(BlockLevel::CanAttachTo, &[]);
    let sent = revoke(&course(), &block, None).put.unwrap();
    assert!(is_in_force(&after(&sent), &block, &sent));
    assert!(!is_in_force(&course(), &block, &sent));
    let (_, without_ta) = sent.split_first().unwrap();
    assert!(!is_in_force(&after(without_ta), &block, &sent));
}

#[test]
fn students_grants_of_their_own_are_lowered_and_given_back() {
    let students = ["S1@example.edu".to_owned(), "s2@example.edu".to_owned(), "s3@example.edu".to_owned()];
    let mut acl = course();
    acl.push(entry(user("s1"), Level::CanRestart, false));
    acl.push(entry(user("s2"), Level::CanAttachTo, false));
    acl.push(entry(user("s3"), Level::Other("CAN_WATCH".into()), false));
    acl.push(entry(user("guest"), Level::CanRestart, false));
    let block_all = block(BlockLevel::CanAttachTo, &students);
    let snapshot = check_revoke(
        &acl,
        &block_all,
        expect![[r#"
            guest@example.edu CAN_RESTART
            s1@example.edu CAN_ATTACH_TO
            s2@example.edu CAN_ATTACH_TO
            s3@example.edu CAN_WATCH
            ta@example.edu CAN_MANAGE
            group_07 CAN_ATTACH_TO
            0000-aaaa CAN_RESTART
            the group had CAN_RESTART
        "#]],
    );
    let blocked = after(&revoke(&acl, &block_all, None).put.unwrap());
    check_restore(
        &blocked,
        &block_all,
        Some(&snapshot),
        expect![[r#"
            guest@example.edu CAN_RESTART
            s1@example.edu CAN_RESTART
            s2@example.edu CAN_ATTACH_TO
            s3@example.edu CAN_WATCH
            ta@example.edu CAN_MANAGE
            group_07 CAN_RESTART
            0000-aaaa CAN_RESTART
        "#]],
    );
}

#[test]
fn a_student_with_more_than_one_level_is_left_alone() {
    let mut mixed = entry(user("s1"), Level::CanRestart, false);
    mixed.permissions.push(Permission { level: Level::Other("CAN_WATCH".into()), inherited: false });
    let students = ["s1@example.edu".to_owned()];
    check_revoke(
        &[mixed],
        &block(BlockLevel::None, &students),
        expect![[r#"
            as it is
            the group had nothing
        "#]],
    );
}

#[test]
fn the_group_gets_back_at_least_the_right_to_start() {
    let block = block(BlockLevel::CanAttachTo, &[]);
    let blocked = [entry(group("group_07"), Level::CanAttachTo, false)];
    let restarts = || {
        expect![[r#"
            group_07 CAN_RESTART
        "#]]
    };
    check_restore(&blocked, &block, None, restarts());
    check_restore(&[], &block, None, restarts());
    let had_less = revoke(&blocked, &block, None).snapshot;
    check_restore(&blocked, &block, Some(&had_less), restarts());
}

#[test]
fn what_others_granted_during_the_block_stays() {
    let block = block(BlockLevel::CanAttachTo, &[]);
    let snapshot = revoke(&course(), &block, None).snapshot;
    let now = [
        entry(group("group_07"), Level::CanManage, false),
        entry(user("new-ta"), Level::CanRestart, false),
        entry(group("admins"), Level::CanManage, true),
    ];
    check_restore(
        &now,
        &block,
        Some(&snapshot),
        expect![[r#"
        as it is
    "#]],
    );
}

#[test]
fn at_night_a_group_that_cannot_start_is_raised_and_others_are_left_alone() {
    let check = |acl: &[Entry], expected: Option<Level>| {
        assert_eq!(reconcile(acl, "group_07").map(|grant| grant.level), expected, "{acl:?}");
    };
    check(&[], Some(Level::CanRestart));
    check(&[entry(group("group_07"), Level::CanAttachTo, false)], Some(Level::CanRestart));
    check(&[entry(group("group_08"), Level::CanRestart, false)], Some(Level::CanRestart));
    check(&[entry(group("group_07"), Level::CanRestart, false)], None);
    check(&[entry(group("group_07"), Level::CanManage, false)], None);
    check(&[entry(group("group_07"), Level::CanManage, true)], None);
}

#[test]
fn grants_are_written_in_the_words_of_the_api() {
    let grant = Grant::new(group("group_07"), Level::CanAttachTo);
    let written = r#"{"group_name":"group_07","permission_level":"CAN_ATTACH_TO"}"#;
    assert_eq!(serde_json::to_string(&grant).unwrap(), written);
    let unknown = r#"{"user_name":"ta@example.edu","permission_level":"CAN_WATCH"}"#;
    let read: Grant = serde_json::from_str(unknown).unwrap();
    assert_eq!(read, Grant::new(user("ta"), Level::Other("CAN_WATCH".into())));
    assert_eq!(serde_json::to_string(&read).unwrap(), unknown);
}
