//! Unfinished files on a real file system: nobody sees them by their name before they are whole, and none stays.

use std::os::unix::fs::MetadataExt as _;

use tempfile::TempDir;

use super::*;

const WRITER: Writer = Writer { run: 17, attempt: 2, tried: 1 };

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn written_and_published() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("a/b/orders.csv");
    let mut part = Part::create(&target, WRITER, 0).unwrap();
    part.write(b"id\n1\n").unwrap();
    assert_eq!(names(&dir.path().join("a/b")), [".orders.csv.17.2-1.part"]);
    assert_eq!(fs::metadata(part.path()).unwrap().mode() & 0o777, 0o600);
    part.publish(&target, 0o640).unwrap();
    assert_eq!(names(&dir.path().join("a/b")), ["orders.csv"]);
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o640);
    assert_eq!(fs::read(&target).unwrap(), b"id\n1\n");
}

#[test]
fn what_is_dropped_is_gone_and_the_old_file_stays() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("orders.csv");
    fs::write(&target, "old").unwrap();
    let mut part = Part::create(&target, WRITER, 0).unwrap();
    part.write(&vec![b'x'; 1 << 20]).unwrap();
    part.close().unwrap();
    drop(part);
    assert_eq!(names(dir.path()), ["orders.csv"]);
    assert_eq!(fs::read(&target).unwrap(), b"old");
}

#[test]
fn nobody_shares_an_unfinished_file() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("orders.csv");
    let first = Part::create(&target, WRITER, 0).unwrap();
    let error = Part::create(&target, WRITER, 0).unwrap_err();
    assert!(error.to_string().contains("cannot create") && !error.concerns_all(), "{error}");
    drop(first);
    Part::create(&target, WRITER, 0).unwrap();
}

#[test]
fn too_little_space() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("new/orders.csv");
    let error = look_for_space(target.parent().unwrap(), u64::MAX).unwrap_err();
    assert!(error.concerns_all() && error.to_string().contains("min_free_bytes"), "{error}");
    assert!(Part::create(&target, WRITER, u64::MAX).unwrap_err().concerns_all());
    assert!(free_space(dir.path()).unwrap() > 0);
}

#[test]
fn space_is_looked_at_again_while_a_file_grows() {
    let dir = TempDir::new().unwrap();
    let mut part = Part::create(&dir.path().join("orders.csv"), WRITER, 0).unwrap();
    let mut pen = part.lend().unwrap();
    // Others fill the disk meanwhile.
    pen.min_free = u64::MAX;
    let block = vec![b'x'; 1 << 20];
    for _ in 1..LOOK_EVERY >> 20 {
        pen.write(&block).unwrap();
    }
    let error = pen.write(&block).unwrap_err();
    assert!(error.concerns_all() && error.to_string().contains("min_free_bytes"), "{error}");
    drop(part);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn what_nobody_writes_is_swept() {
    let dir = TempDir::new().unwrap();
    let make = |name: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "half").unwrap();
    };
    for name in [
        "r/.a.csv.17.1-3.part",
        "r/s/.b.csv.9.1-1.part",
        "r/s/.gone.csv.9.1-1.part.0-new",
        ".hidden",
        "c.part",
    ] {
        make(name);
    }
    let live = Part::create(&dir.path().join("r/live.csv"), WRITER, 0).unwrap();
    make("r/.live.csv.17.2-1.part.0-new");
    let now = "2026-11-20T08:00:00Z".parse().unwrap();
    assert_eq!(sweep(dir.path(), now), 3);
    assert_eq!(names(&dir.path().join("r")), [".live.csv.17.2-1.part", ".live.csv.17.2-1.part.0-new", "s"]);
    assert_eq!(names(&dir.path().join("r/s")), Vec::<String>::new());
    assert_eq!(names(dir.path()), [".hidden", "c.part", "r"]);
    // It stays locked when nothing more is added, until it has its name.
    let mut live = live;
    live.close().unwrap();
    assert_eq!(sweep(dir.path(), now), 0);
    live.publish(&dir.path().join("r/live.csv"), 0o640).unwrap();
    assert_eq!(sweep(dir.path(), now), 1, "what was being made of it");
    assert!(dir.path().join("r/live.csv").exists());
}
