//! Reads small files below a root, within limits, and remembers what could not be read. It never waits: only regular
//! files are opened, so that no FIFO or device can hold it up.

use std::{
    cell::RefCell,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use nix::fcntl::OFlag;

use crate::record::ReadProblem;

/// The most bytes of a single value.
const MAX_ATTRIBUTE: usize = 4 << 10;
/// The most bytes of a table such as `/proc/cpuinfo`, which has some 1.5 KiB for each of up to a few thousand threads.
const MAX_TABLE: usize = 8 << 20;
/// The most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 8_192;

/// Files below a root.
pub(super) struct Reader {
    root: PathBuf,
    problems: RefCell<Vec<ReadProblem>>,
}

impl Reader {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), problems: RefCell::default() }
    }

    pub(super) fn into_problems(self) -> Vec<ReadProblem> {
        self.problems.into_inner()
    }

    /// A path of the host as a path here.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// One value, without white space and NULs around it.
    pub(super) fn attribute(&self, path: &str) -> Option<String> {
        let bytes = self.bytes(path, MAX_ATTRIBUTE)?;
        let Ok(text) = String::from_utf8(bytes) else {
            self.problem(path, "bad_payload", "is not text; its value is left out".to_owned());
            return None;
        };
        let value = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// One number; anything else is no information.
    pub(super) fn number<T: FromStr>(&self, path: &str) -> Option<T> {
        self.attribute(path)?.parse().ok()
    }

    /// A file of many lines. Bytes that are no text are replaced.
    pub(super) fn table(&self, path: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&self.bytes(path, MAX_TABLE)?).into_owned())
    }

    /// A whole file, if it has at most so many bytes.
    pub(super) fn bytes(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        match read_regular(&self.path(path), limit) {
            Ok(bytes) if bytes.len() > limit => {
                self.problem(path, "truncated", format!("has more than {limit} bytes; it is left out"));
                None
            }
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.failed(path, &error);
                None
            }
        }
    }

    /// The sorted names in a directory; absent if there is none.
    pub(super) fn names(&self, path: &str) -> Option<Vec<String>> {
        let entries = match fs::read_dir(self.path(path)) {
            Ok(entries) => entries,
            Err(error) => {
                self.failed(path, &error);
                return None;
            }
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .take(MAX_ENTRIES + 1)
            .collect();
        if names.len() > MAX_ENTRIES {
            self.problem(path, "truncated", format!("has more than {MAX_ENTRIES} entries; it is left out"));
            return None;
        }
        names.sort();
        Some(names)
    }

    /// Whether there is anything under this path.
    pub(super) fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    /// The last part of what a link points to: the driver behind `device/driver`.
    pub(super) fn link_name(&self, path: &str) -> Option<String> {
        fs::read_link(self.path(path)).ok()?.file_name()?.to_str().map(str::to_owned)
    }

    /// Whether something was not readable below a path.
    pub(super) fn has_problem(&self, path: &str) -> bool {
        self.problems.borrow().iter().any(|problem| problem.source.starts_with(path))
    }

    /// Notes that something exists and could not be used.
    pub(super) fn problem(&self, path: &str, class: &str, what: String) {
        let source = path.to_owned();
        let message = format!("/{} {what}", path.trim_start_matches('/'));
        self.problems.borrow_mut().push(ReadProblem { source, class: class.to_owned(), message });
    }

    fn failed(&self, path: &str, error: &io::Error) {
        if is_missing(error) {
            return;
        }
        let (class, what) = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                ("forbidden", "may not be read by this user; root may".to_owned())
            }
            _ => ("internal", format!("cannot be read: {error}")),
        };
        self.problem(path, class, what);
    }
}

/// What the kernel answers for values that do not exist for this device, such as the speed of an interface without a link.
fn is_missing(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let missing = [
        Errno::ENOENT,
        Errno::ENOTDIR,
        Errno::ENODEV,
        Errno::ENXIO,
        Errno::EINVAL,
        Errno::EOPNOTSUPP,
        Errno::ENODATA,
    ];
    error.raw_os_error().is_some_and(|code| missing.contains(&Errno::from_raw(code)))
}

/// Reads at most one byte more than `limit`.
fn read_regular(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut options = File::options();
    // Should the file become a FIFO in between, opening it must not wait for a writer.
    let file = options.read(true).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits()).open(path)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
