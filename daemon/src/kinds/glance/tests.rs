//! Whether a glance sees what it must see.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    time::Duration,
};

use roundsman_model::{Timestamp, time::delta};

use super::{Glance, glance};

/// A time at which everything in a fresh folder is long past.
fn later() -> Timestamp {
    Timestamp::from(fs::metadata("/proc/self").unwrap().modified().unwrap())
        + delta(Duration::from_secs(3600))
}

fn look(root: &Path) -> Glance {
    glance([root], later()).glance.unwrap()
}

#[test]
fn every_change_shows() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("scripts");
    let mut seen = vec![look(&root)];
    let mut changed = |what: &str| {
        let now = look(&root);
        assert!(!seen.contains(&now), "{what} did not show");
        assert_eq!(now, look(&root), "two looks at the same thing differ");
        seen.push(now);
    };
    fs::create_dir_all(root.join("a")).unwrap();
    changed("a new folder");
    fs::write(root.join("a/x.sh"), "one").unwrap();
    changed("a new file");
    fs::write(root.join("a/x.sh"), "two").unwrap();
    changed("another content of the same size");
    fs::set_permissions(root.join("a/x.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    changed("another mode");
    fs::rename(root.join("a/x.sh"), root.join("a/y.sh")).unwrap();
    changed("another name");
    fs::write(folder.path().join("target"), "1").unwrap();
    symlink(folder.path().join("target"), root.join("link")).unwrap();
    changed("a link");
    fs::write(folder.path().join("target"), "22").unwrap();
    changed("what a link leads to");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    changed("the mode of the folder above");
    fs::remove_dir_all(&root).unwrap();
    changed("a folder that is gone");
}

#[test]
fn what_changed_just_now_is_not_known_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.sh"), "x").unwrap();
    let just_now = Timestamp::from(fs::metadata(folder.path().join("x.sh")).unwrap().modified().unwrap());
    let seen = glance([folder.path()], just_now);
    assert_eq!(seen.glance, None);
    assert_eq!(seen.folders, [folder.path()]);
}
