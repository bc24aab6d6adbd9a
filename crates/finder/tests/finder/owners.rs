//! Whom files and folders belong to and who may write them, with real owners and modes.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use expect_test::{Expect, expect};
use roundsman_finder::{check_before_run, check_file, check_folder};

use crate::scene::{Folder, STRANGER, chmod, chown};

struct Tree {
    folder: Folder,
    scripts: PathBuf,
    file: PathBuf,
}

fn tree() -> Tree {
    let folder = Folder::new();
    let file = folder.script("etc/scripts/a.sh", "");
    for path in [folder.path(), &folder.path().join("etc"), &folder.path().join("etc/scripts")] {
        chmod(path, 0o755);
    }
    Tree { scripts: folder.path().join("etc/scripts"), file, folder }
}

impl Tree {
    fn etc(&self) -> PathBuf {
        self.folder.path().join("etc")
    }

    fn said(&self, path: &Path) -> String {
        let own = self.folder.path().display().to_string();
        let checked = if path.is_dir() { check_folder(path) } else { check_file(path) };
        checked.err().map_or_else(|| "trusted".into(), |distrust| distrust.to_string().replace(&own, ""))
    }

    fn check(&self, expected: Expect) {
        expected.assert_eq(&format!("{}\n{}\n", self.said(&self.scripts), self.said(&self.file)));
    }
}

#[test]
fn what_is_ours_alone_is_trusted() {
    let tree = tree();
    tree.check(expect![[r#"
        trusted
        trusted
    "#]]);
    // Also below /tmp, where everybody may write, for there only owners may remove.
    let below_tmp = tempfile::tempdir_in("/tmp").unwrap();
    assert!(check_folder(below_tmp.path()).is_ok());
}

#[test]
fn modes() {
    for (mode, writers) in [(0o775, "its group"), (0o757, "all others"), (0o777, "its group and all others")]
    {
        let tree = tree();
        chmod(&tree.file, mode);
        assert!(tree.said(&tree.file).contains(writers), "{}", tree.said(&tree.file));
    }
    let tree = tree();
    chmod(&tree.file, 0o775);
    tree.check(expect![[r#"
        trusted
        /etc/scripts/a.sh may be written by its group (mode 0775); run `chmod g-w /etc/scripts/a.sh`
    "#]]);
    chmod(&tree.scripts, 0o757);
    tree.check(expect![[r#"
        /etc/scripts may be written by all others (mode 0757); run `chmod o-w /etc/scripts`
        /etc/scripts may be written by all others (mode 0757); run `chmod o-w /etc/scripts`
    "#]]);
    chmod(&tree.etc(), 0o777);
    tree.check(expect![[r#"
        /etc may be written by its group and all others (mode 0777); run `chmod go-w /etc`
        /etc may be written by its group and all others (mode 0777); run `chmod go-w /etc`
    "#]]);
}

#[test]
fn sticky_folders_do_on_the_way_but_not_as_the_folder_itself() {
    let tree = tree();
    chmod(&tree.etc(), 0o1777);
    tree.check(expect![[r#"
        trusted
        trusted
    "#]]);
    chmod(&tree.scripts, 0o1777);
    tree.check(expect![[r#"
        /etc/scripts may be written by its group and all others (mode 1777); run `chmod go-w /etc/scripts`
        trusted
    "#]]);
    // In a sticky folder, who put the next step there decides.
    chmod(&tree.scripts, 0o755);
    chown(&tree.scripts, STRANGER);
    tree.check(expect![[r#"
        /etc/scripts belongs to user 65534, who could change what is run; run `chown 0 /etc/scripts`
        /etc/scripts belongs to user 65534, who could change what is run; run `chown 0 /etc/scripts`
    "#]]);
}

#[test]
fn owners() {
    let tree = tree();
    chown(&tree.file, STRANGER);
    tree.check(expect![[r#"
        trusted
        /etc/scripts/a.sh belongs to user 65534, who could change what is run; run `chown 0 /etc/scripts/a.sh`
    "#]]);
    chown(&tree.file, 0);
    chown(&tree.etc(), STRANGER);
    tree.check(expect![[r#"
        /etc belongs to user 65534, who could change what is run; run `chown 0 /etc`
        /etc belongs to user 65534, who could change what is run; run `chown 0 /etc`
    "#]]);
}

#[test]
fn both_ends_of_symbolic_links() {
    let tree = tree();
    let tools = tree.folder.script("tools/b.sh", "");
    chmod(tools.parent().unwrap(), 0o755);
    let link = tree.scripts.join("b.sh");
    symlink("../../tools/b.sh", &link).unwrap();
    assert_eq!(tree.said(&link), "trusted");
    chmod(&tools, 0o775);
    expect!["/tools/b.sh may be written by its group (mode 0775); run `chmod g-w /tools/b.sh`"]
        .assert_eq(&tree.said(&link));
    chmod(&tools, 0o755);
    chmod(tools.parent().unwrap(), 0o777);
    expect!["/tools may be written by its group and all others (mode 0777); run `chmod go-w /tools`"]
        .assert_eq(&tree.said(&link));
    chmod(tools.parent().unwrap(), 0o755);
    // Where the link itself is, counts as well.
    chmod(&tree.scripts, 0o777);
    expect![
        "/etc/scripts may be written by its group and all others (mode 0777); run `chmod go-w /etc/scripts`"
    ]
    .assert_eq(&tree.said(&link));
    chmod(&tree.scripts, 0o755);
    let owner = rustix::fs::Uid::from_raw(STRANGER);
    rustix::fs::chownat(rustix::fs::CWD, &link, Some(owner), None, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .unwrap();
    expect!["/etc/scripts/b.sh belongs to user 65534, who could change what is run; run `chown 0 /etc/scripts/b.sh`"].assert_eq(&tree.said(&link));
}

#[test]
fn absolute_links_links_of_folders_and_rings() {
    let tree = tree();
    let other = tree.folder.path().join("other");
    symlink(&tree.scripts, &other).unwrap();
    assert_eq!(tree.said(&other), "trusted");
    assert_eq!(tree.said(&other.join("../scripts/a.sh")), "trusted");
    chmod(&tree.etc(), 0o777);
    expect!["/etc may be written by its group and all others (mode 0777); run `chmod go-w /etc`"]
        .assert_eq(&tree.said(&other));
    let (left, right) = (tree.folder.path().join("left"), tree.folder.path().join("right"));
    symlink(&right, &left).unwrap();
    symlink(&left, &right).unwrap();
    expect!["/left leads through more than 40 symbolic links; put the file itself there"]
        .assert_eq(&tree.said(&left));
}

#[test]
fn what_is_not_there_or_something_else() {
    let tree = tree();
    expect!["cannot look at /etc/scripts/absent.sh"].assert_eq(&tree.said(&tree.scripts.join("absent.sh")));
    let own = tree.folder.path().display().to_string();
    expect!["/etc/scripts/a.sh is no folder"]
        .assert_eq(&check_folder(&tree.file).unwrap_err().to_string().replace(&own, ""));
    expect!["/etc/scripts is no regular file"]
        .assert_eq(&check_file(&tree.scripts).unwrap_err().to_string().replace(&own, ""));
}

#[test]
fn what_to_do_can_be_pasted_into_a_shell() {
    let folder = Folder::new();
    let path = folder.file("it's here.sh", "", 0o775);
    let said = check_file(&path).unwrap_err().to_string();
    let (_, command) = said.split_once("run `").unwrap();
    let command = command.strip_suffix('`').unwrap();
    assert!(command.ends_with(r"/it'\''s here.sh'"), "{command}");
    fs::remove_file(path).unwrap();
}

#[test]
fn before_a_run_it_counts_who_accepted_the_file() {
    let tree = tree();
    assert!(check_before_run(&tree.file, STRANGER).is_ok(), "root's files are everybody's to run");
    chown(&tree.file, STRANGER);
    assert!(check_before_run(&tree.file, STRANGER).is_ok());
    let told = check_before_run(&tree.file, 0).unwrap_err().to_string();
    assert!(told.contains("belongs to user 65534"), "{told}");
    chown(&tree.file, 0);
    chmod(&tree.scripts, 0o1777);
    assert!(check_file(&tree.file).is_ok());
    let told = check_before_run(&tree.file, 0).unwrap_err().to_string();
    assert!(told.contains("etc/scripts may be written by its group and all others"), "{told}");
}
