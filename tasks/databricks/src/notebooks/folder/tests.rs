//! A folder with traps in it, on a real disk.

use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
};

use super::*;

fn save(folder: &Folder, local: &str, text: &str) -> io::Result<()> {
    folder.save(local, |file| file.write_all(text.as_bytes()))
}

#[test]
fn files_are_whole_and_for_their_owner_only() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::make(&root.path().join("a/b")).unwrap();
    save(&folder, "x/y/z.py", "1").unwrap();
    save(&folder, "x/y/z.py", "22").unwrap();
    let broken = folder.save("x/y/z.py", |file| {
        file.write_all(b"333")?;
        Err(io::Error::other("broken"))
    });
    assert!(broken.is_err());
    assert_eq!(folder.read_all("x/y/z.py", 2).unwrap(), b"22");
    assert_eq!(folder.read_all("x/y/z.py", 1).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    let file = root.path().join("a/b/x/y/z.py");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["x"], "nothing partial is left");
}

#[test]
fn no_symbolic_link_leads_out() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = Folder::make(root.path()).unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    symlink(outside.path(), root.path().join("Shared")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("file.py")).unwrap();
    symlink(outside.path().join("secret"), root.path().join(MANIFEST)).unwrap();
    let error = save(&folder, "Shared/x.py", "1").unwrap_err().to_string();
    assert!(error.contains("symbolic link"), "{error}");
    assert!(folder.read("Shared/secret").is_err() && folder.hash("file.py").is_err());
    assert!(folder.manifest().is_err() && folder.open_manifest().is_err());
    save(&folder, "file.py", "1").unwrap();
    assert!(
        fs::symlink_metadata(root.path().join("file.py")).unwrap().is_file(),
        "the link itself is replaced"
    );
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    for wrong in ["../x", "a/../../x", "/etc/x", "", "a//b", ".", "a/."] {
        assert!(save(&folder, wrong, "1").is_err(), "{wrong}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn one_at_a_time_saves_there() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::make(root.path()).unwrap();
    let lock = folder.lock().unwrap().unwrap();
    assert!(Folder::open(root.path()).unwrap().lock().unwrap().is_none());
    drop(lock);
    fs::write(root.path().join(".partial-1"), "half").unwrap();
    fs::create_dir(root.path().join(".partial-2")).unwrap();
    assert!(folder.lock().unwrap().is_some());
    folder.clear().unwrap();
    assert!(!root.path().join(".partial-1").exists() && root.path().join(".partial-2").exists());
}
