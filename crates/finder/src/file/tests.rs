//! Files that change while they are read.

use std::{fs, io::Write, path::Path};

use super::*;

fn read_while(change: impl FnOnce(&Path)) -> Result<Look, Refused> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.sh");
    fs::write(&path, "#!/bin/sh\necho all is well\n").unwrap();
    look_while(&path, 1_000, 10, || change(&path))
}

#[test]
fn a_file_that_rests_is_read_once() {
    let look = read_while(|_| {}).unwrap();
    assert_eq!(look.head, b"#!/bin/sh\n");
    assert_eq!(look.state.size, 27);
    // As `printf '#!/bin/sh\necho all is well\n' | sha256sum` has it.
    let expected = "4493702f8c9cbdaea46ade4118b2774d800ce60d7c60199e18dc22741d1b59f8";
    assert_eq!(look.state.sha256, expected);
}

type Change = fn(&Path);

#[test]
fn a_file_that_grows_shrinks_or_is_replaced_is_half_written() {
    let append: Change = |path| {
        fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
    };
    let changes: [(&str, Change); 5] = [
        ("grows", append),
        ("shrinks", |path| fs::write(path, "#!/bin/sh\n").unwrap()),
        ("changes in place", |path| fs::write(path, "#!/bin/sh\necho all is ill!\n").unwrap()),
        ("goes", |path| fs::remove_file(path).unwrap()),
        ("is replaced", |path| {
            let other = path.with_extension("new");
            fs::copy(path, &other).unwrap();
            fs::rename(other, path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let read = read_while(change);
        assert!(matches!(read, Err(Refused::Changing)), "a file that {what} was taken for whole");
    }
}

#[test]
fn what_is_no_file_or_too_large_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(hash_file(folder.path()), Err(Refused::Irregular)));
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    assert!(matches!(hash_file(&pipe), Err(Refused::Irregular)));
    let large = folder.path().join("large");
    fs::File::create(&large).unwrap().set_len(11).unwrap();
    let refused = state_of(&large, 10).unwrap_err();
    assert_eq!(refused.to_string(), "it has 11 bytes; at most 10 are read");
    assert!(matches!(hash_file(&folder.path().join("absent")), Err(Refused::Io(_))));
}
