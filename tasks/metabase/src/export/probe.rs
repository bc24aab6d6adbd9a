//! Whether something can be made in a folder, found out by making it: rights, read-only file systems and rules of a sandbox
//! show in no other way. Nothing of it stays.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::part::DiskError;

/// The mode of what is tried with.
const PRIVATE: u32 = 0o600;
/// So many names may be taken.
const NAMES: u32 = 100;

/// Makes a file in the folder and removes it.
pub fn try_to_write(folder: &Path) -> Result<(), DiskError> {
    let make =
        |path: &Path| OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path).map(drop);
    let made = with_free_name(folder, make).map_err(failed("make a file in", folder))?;
    fs::remove_file(&made).map_err(failed("remove a file from", folder))
}

/// Makes a folder in the folder, with a file in it, and removes both.
pub fn try_to_make_folder(folder: &Path) -> Result<(), DiskError> {
    let made =
        with_free_name(folder, |path| fs::create_dir(path)).map_err(failed("make a folder in", folder))?;
    let written = try_to_write(&made);
    let removed = fs::remove_dir(&made).map_err(failed("remove a folder from", folder));
    written.and(removed)
}

fn failed(what: &'static str, folder: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = folder.to_owned();
    move |source| DiskError { what, path, source }
}

/// Makes something of a name that nothing has yet. What should be left of it, since we were killed, is swept like any
/// unfinished file.
fn with_free_name(folder: &Path, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let process = std::process::id();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..NAMES {
        let path = folder.join(format!(".look.{process}.0-{number}.part"));
        match make(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{try_to_make_folder, try_to_write};

    #[test]
    fn nothing_stays_and_what_cannot_be_is_told() {
        let dir = tempfile::TempDir::new().unwrap();
        try_to_write(dir.path()).unwrap();
        try_to_make_folder(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = try_to_write(&file).unwrap_err();
        assert!(error.to_string().starts_with("cannot make a file in "), "{error}");
        try_to_make_folder(&dir.path().join("absent")).unwrap_err();
        // One of the same process that was cut off is in nobody's way.
        fs::write(dir.path().join(format!(".look.{}.0-0.part", std::process::id())), "").unwrap();
        try_to_write(dir.path()).unwrap();
        assert_eq!(super::super::part::sweep_here(dir.path(), "2026-11-20T08:00:00Z".parse().unwrap()), 1);
    }
}
