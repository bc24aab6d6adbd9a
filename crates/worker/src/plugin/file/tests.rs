//! Files that are no plugins, files that changed, and a copy that nobody can change.

use super::*;

/// As little as passes for a shared library.
fn head() -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(16, 0);
    head.extend([3, 0]);
    head.extend(elf::OUR_MACHINE.to_le_bytes());
    head.resize(64, 0);
    head
}

fn digits(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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
    std::fs::write(&path, head()).unwrap();
    assert!(changed("0123456789abcdef").contains("the accepted version has 0123456789ab…; a reload"));
}

#[test]
fn what_was_accepted_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.so");
    let bytes = head();
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
