//! Files that are no plugins, files that changed, and a copy that nobody can change.

use super::*;

/// The beginning of an ELF file.
fn head(class: u8, order: u8, sort: u16, machine: u16) -> Vec<u8> {
    let mut head = b"\x7fELF".to_vec();
    head.extend([class, order, 1]);
    head.resize(16, 0);
    let bytes = |word: u16| if order == 2 { word.to_be_bytes() } else { word.to_le_bytes() };
    head.extend(bytes(sort));
    head.extend(bytes(machine));
    head
}

fn digits(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn heads_are_told_apart() {
    assert_eq!(check_head(&head(2, 1, 3, OUR_MACHINE)), Ok(()));
    let complaint = |head: &[u8]| check_head(head).unwrap_err();
    assert!(complaint(b"#!/bin/sh\n").contains("no ELF file"));
    assert!(complaint(b"\x7fELF").contains("no ELF file"));
    assert!(complaint(&head(2, 1, 1, OUR_MACHINE)).contains("-shared -fPIC"));
    assert!(complaint(&head(2, 2, 3, 22)).contains("another machine: s390x (64 bits)"));
    assert!(complaint(&head(1, 1, 3, 40)).contains("another machine: arm (32 bits)"));
}

#[test]
fn another_version_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.so");
    let changed = |sha256: &str| match Copied::accepted(&path, sha256) {
        Err(Unusable::Changed(how)) => how,
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert!(changed("").ends_with("a.so is gone"));
    std::fs::write(&path, head(2, 1, 3, OUR_MACHINE)).unwrap();
    assert!(changed("0123456789abcdef").contains("the accepted version has 0123456789ab…; a reload"));
}

#[test]
fn what_was_accepted_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.so");
    let bytes = head(2, 1, 3, OUR_MACHINE);
    std::fs::write(&path, &bytes).unwrap();
    let copied = Copied::accepted(&path, &digits(&bytes)).map_err(|_| "refused").unwrap();
    std::fs::write(&path, "something else").unwrap();
    assert_eq!(std::fs::read(copied.place()).unwrap(), bytes);
    assert!(std::fs::write(copied.place(), "mine").is_err(), "the copy can be written");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.so");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [pipe.as_path(), folder.path()] {
        let Err(Unusable::NoPlugin(why)) = Copied::accepted(path, "") else { panic!("it was taken") };
        assert!(why.ends_with("it is no file of at most 512 MiB"), "{why}");
    }
    let Err(Unusable::NoPlugin(why)) = Copied::accepted(Path::new("a.so"), "") else {
        panic!("it was taken")
    };
    assert!(why.contains("absolute path"), "{why}");
}
