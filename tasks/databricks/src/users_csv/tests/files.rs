//! Saving: whole or not at all, and nothing replaced unasked.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::super::{Existing, save};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_file_is_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.csv");
    save(&path, b"user1\n", Existing::Keep).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"user1\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["users.csv"]);
}

#[test]
fn a_file_is_replaced_only_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.csv");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = save(&path, b"new", Existing::Keep).unwrap_err().to_string();
    assert_eq!(
        refused,
        format!("{} exists already: choose another name, or ask to replace it", path.display())
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["users.csv"]);

    save(&path, b"new", Existing::Replace).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(folder.path()), ["users.csv"]);
}

#[test]
fn a_link_that_leads_nowhere_is_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.csv");
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    assert!(save(&path, b"new", Existing::Keep).unwrap_err().to_string().contains("exists already"));
    assert_eq!(names(folder.path()), ["users.csv"]);
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none/users.csv");
    let failed = save(&missing, b"new", Existing::Replace).unwrap_err().to_string();
    assert_eq!(failed, format!("cannot write {}", missing.display()));
    fs::create_dir(folder.path().join("users.csv")).unwrap();
    assert!(save(&folder.path().join("users.csv"), b"new", Existing::Replace).is_err());
    assert_eq!(names(folder.path()), ["users.csv"]);
}
