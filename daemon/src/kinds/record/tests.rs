//! The record on a disk that is not always in order.

use super::{Accepted, FILE, Record};

fn record() -> Record {
    let description = serde_json::json!({ "name": "backup", "about": "saves it",
        "code": { "from": "script", "path": "/scripts/backup.sh", "sha256": "ab" } });
    let description = serde_json::from_value(description).unwrap();
    let accepted = Accepted { description, header: None, gone: None };
    Record { kinds: [("backup".to_owned(), accepted)].into(), ..Record::default() }
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Record::read(folder.path()), (Record::default(), None));
    record().write(folder.path()).unwrap();
    assert_eq!(Record::read(folder.path()), (record(), None));
    assert!(record().of_file("/scripts/backup.sh".as_ref()).is_some());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_damaged_or_newer_one_is_passed_over_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    for (text, said) in [
        ("{\"format\":1,\"kin", "damaged"),
        ("{\"format\":1,\"kinds\":7}", "damaged"),
        ("{\"format\":2,\"something\":[]}", "its format is 2, this version reads 1"),
        ("", "damaged"),
    ] {
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let (read, why) = Record::read(folder.path());
        assert_eq!(read, Record::default());
        assert!(why.unwrap().contains(said), "{text}");
    }
    record().write(folder.path()).unwrap();
    assert_eq!(Record::read(folder.path()).0, record(), "a daemon writes a good one in its place");
}

#[test]
fn one_that_cannot_be_written_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    record().write(&missing).unwrap_err();
    record().write(folder.path()).unwrap();
    std::fs::create_dir(folder.path().join(format!(".{FILE}.{}", std::process::id()))).unwrap();
    Record::default().write(folder.path()).unwrap_err();
    assert_eq!(Record::read(folder.path()).0, record());
}
