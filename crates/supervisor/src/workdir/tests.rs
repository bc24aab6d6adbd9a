//! Real directories below a temporary one.

use std::os::unix::fs::symlink;

use super::*;

fn root() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn it_is_private_and_removed_with_what_is_in_it() {
    let root = root();
    let outside = root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("kept"), "x").unwrap();
    let workdir = WorkDir::make(root.path(), "41-2").unwrap();
    let path = workdir.path().to_owned();
    assert!(path.file_name().unwrap().to_string_lossy().starts_with("41-2-"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);

    let closed = path.join("closed/inner");
    fs::create_dir_all(&closed).unwrap();
    fs::write(closed.join("file"), "x").unwrap();
    symlink(&outside, closed.join("link")).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o500)).unwrap();
    fs::set_permissions(path.join("closed"), Permissions::from_mode(0o000)).unwrap();
    workdir.remove();
    assert!(!path.exists());
    assert!(outside.join("kept").exists());
}

#[test]
fn directories_that_nobody_may_write_to_are_opened_first() {
    let root = root();
    let outside = root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::set_permissions(&outside, Permissions::from_mode(0o555)).unwrap();
    let inside = root.path().join("inside");
    fs::create_dir_all(inside.join("closed")).unwrap();
    symlink(&outside, inside.join("closed/link")).unwrap();
    fs::set_permissions(inside.join("closed"), Permissions::from_mode(0o000)).unwrap();
    open_up(&inside).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inside.join("closed")), 0o700);
    assert_eq!(mode(&outside), 0o555, "a link is not followed");
}

#[test]
fn only_directories_without_an_owner_are_swept() {
    let root = root();
    let held = WorkDir::make(root.path(), "1-1").unwrap();
    let stale = WorkDir::make(root.path(), "2-1").unwrap();
    let stale_path = stale.path().to_owned();
    fs::write(stale_path.join("file"), "x").unwrap();
    // As if its owner had died.
    drop(stale);
    assert_eq!(remove_stale(root.path()).unwrap(), 1);
    assert!(!stale_path.exists());
    assert!(held.path().exists());
    assert!(held.remove_if_empty());
}

#[test]
fn the_folder_for_other_users_can_be_passed_through_and_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("work");
    assert_eq!(make_user_root(&root).unwrap(), root);
    let mode = || fs::metadata(&root).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(), 0o711, "whatever the umask is");
    fs::set_permissions(&root, Permissions::from_mode(0o777)).unwrap();
    make_user_root(&root).unwrap();
    assert_eq!(mode(), 0o711);

    let elsewhere = folder.path().join("elsewhere");
    std::os::unix::fs::symlink(&root, &elsewhere).unwrap();
    // Whoever was there first gets nothing of it.
    let instead = make_user_root(&elsewhere).unwrap();
    assert!(instead.to_str().unwrap().starts_with(&format!("{}-", elsewhere.display())), "{instead:?}");
    assert_eq!(fs::metadata(&instead).unwrap().permissions().mode() & 0o7777, 0o711);
    assert_eq!(make_user_root(&elsewhere).unwrap(), instead, "and it stays");
    std::os::unix::fs::symlink(&root, folder.path().join("elsewhere-link")).unwrap();
    fs::write(folder.path().join("elsewhere-file"), "").unwrap();
    assert_eq!(user_roots(&elsewhere), [instead], "where a sweep looks");
    assert_ne!(user_root(Path::new("/a/work")), user_root(Path::new("/b/work")));
}
