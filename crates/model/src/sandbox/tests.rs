//! What hosts make of sandboxes, by tables. Nothing is enforced.

use expect_test::{Expect, expect};

use super::*;

fn check(sandbox: &Sandbox, user: Option<&str>, abilities: &Abilities, expected: Expect) {
    let verdict = sandbox.verdict(user, abilities);
    let mut shown: Vec<String> =
        verdict.unenforceable.iter().map(|rule| format!("cannot {rule}\n")).collect();
    shown.extend(verdict.notes.iter().map(|note| format!("{} {}\n", note.rule, note.how)));
    expected.assert_eq(&shown.concat());
    assert_eq!(verdict.is_enforced(), verdict.unenforceable.is_empty());
}

/// Every rule at once.
fn everything() -> Sandbox {
    Sandbox {
        memory: Some("512M".parse().unwrap()),
        processes: Some(64),
        cpu_time: Some("10m".parse().unwrap()),
        open_files: Some(256),
        network: Some(false),
        write: Some(vec!["/data/exports".into()]),
        read: Some(vec!["/data/imports".into()]),
        protect: None,
        enforce: Enforce::Strict,
    }
}

fn nothing_here() -> Abilities {
    Abilities {
        user: "roundsman".into(),
        without_cgroup: "there is no cgroup v2".into(),
        ..Abilities::default()
    }
}

fn landlock(version: u32) -> Abilities {
    Abilities { landlock: version, ..nothing_here() }
}

fn root() -> Abilities {
    Abilities { root: true, user: "root".into(), network_namespace: true, ..landlock(7) }
}

#[test]
fn where_all_is_there_all_is_enforced() {
    let abilities = Abilities { cgroup: true, without_cgroup: String::new(), ..root() };
    check(&everything(), Some("exports"), &abilities, expect![""]);
    check(&Sandbox::default(), None, &nothing_here(), expect![""]);
}

#[test]
fn where_nothing_is_there_only_limits_of_each_process_are_left() {
    check(
        &everything(),
        Some("exports"),
        &nothing_here(),
        expect![[r#"
            cannot user: only root with the capabilities to do so can start tasks as another user, and the daemon is "roundsman"
            cannot processes: it takes a delegated cgroup v2, or a `user` that only this task has, and a daemon that is root: there is no cgroup v2
            cannot network: the daemon must be root with the right to make network namespaces (CAP_SYS_ADMIN)
            cannot write: this kernel has no Landlock (Linux 5.13)
            cannot read: this kernel has no Landlock (Linux 5.13)
            memory limits the data of each process by itself and not of all together (RLIMIT_DATA): there is no cgroup v2
        "#]],
    );
}

#[test]
fn a_user_of_its_own_makes_processes_countable() {
    let sandbox = Sandbox { processes: Some(8), ..Sandbox::default() };
    let counted = "processes counts all processes and threads of the user, those of other tasks included (RLIMIT_NPROC)";
    for (user, enforced) in [(None, false), (Some("root"), false), (Some("exports"), true)] {
        let verdict = sandbox.verdict(user, &root());
        assert_eq!(verdict.is_enforced(), enforced, "{user:?}");
        let notes: Vec<String> =
            verdict.notes.iter().map(|note| format!("{} {}", note.rule, note.how)).collect();
        assert_eq!(notes, if enforced { vec![counted.to_owned()] } else { vec![] }, "{user:?}");
    }
    // The daemon's own name asks for nothing, so it is granted, but counts for nothing either.
    let verdict = sandbox.verdict(Some("roundsman"), &nothing_here());
    assert_eq!(
        verdict.unenforceable.iter().map(|found| found.rule.as_str()).collect::<Vec<_>>(),
        ["processes"]
    );
}

#[test]
fn old_versions_of_landlock_say_what_they_lack() {
    let cannot = |version| {
        let verdict =
            Sandbox { memory: None, processes: None, ..everything() }.verdict(None, &landlock(version));
        verdict.unenforceable.iter().map(|found| found.rule.clone()).collect::<Vec<_>>()
    };
    assert_eq!(cannot(0), ["network", "write", "read"]);
    assert_eq!(cannot(1), ["network", "write"]);
    assert_eq!(cannot(2), ["network", "write"]);
    assert_eq!(cannot(3), ["network"]);
    assert_eq!(cannot(7), ["network"]);
    let only_tcp = Sandbox { network: Some(false), ..Sandbox::default() };
    check(
        &only_tcp,
        None,
        &landlock(4),
        expect![[r"
            cannot network: TCP is refused (Landlock), but UDP and other protocols stay open: to cut off all, the daemon must be root with the right to make network namespaces (CAP_SYS_ADMIN)
        "]],
    );
}

#[test]
fn that_a_task_may_reach_the_daemon_is_told() {
    let sandbox = Sandbox { protect: Some(false), ..Sandbox::default() };
    check(
        &sandbox,
        None,
        &root(),
        expect![[r"
            protect the task may reach what belongs to the daemon, as its configuration says
        "]],
    );
    check(&Sandbox { protect: Some(true), ..Sandbox::default() }, None, &root(), expect![""]);
}

#[test]
fn whoever_has_neither_landlock_nor_a_user_is_exposed() {
    let exposed = |user, abilities: &Abilities| abilities.exposure(user).is_some();
    assert!(exposed(None, &nothing_here()));
    assert!(exposed(None, &landlock(5)), "signals come through");
    assert!(!exposed(None, &landlock(6)));
    let old_kernel = Abilities { landlock: 0, ..root() };
    assert!(exposed(None, &old_kernel));
    assert!(exposed(Some("root"), &old_kernel));
    assert!(!exposed(Some("exports"), &old_kernel));
    assert!(exposed(Some("exports"), &nothing_here()), "it cannot be had");
}

#[test]
fn nothing_is_made_directly_above_what_is_protected() {
    let protected = Protected {
        closed: vec![
            "/etc/own/own.toml".into(),
            "/etc/own/conf.d".into(),
            "/var/own".into(),
            "/var/own/vault".into(),
        ],
        fixed: vec!["/srv/scripts".into()],
    };
    let folders = ["/", "/etc", "/etc/own", "/srv", "/var"].map(Path::new);
    assert_eq!(protected.folders_above(), folders);
    assert_eq!(Protected::default().folders_above(), Vec::<&Path>::new());
}
