//! Whether a disk was full when a writer panicked: it has no error for that, and frees what it took before anybody can look. It
//! looks at nothing as long as all goes well.

use std::{cell::Cell, path::Path, thread};

/// Less than this is as good as nothing.
const FULL: u64 = 1 << 20;

/// Looks at the space in a folder while a panic passes. To be made after what would free space then.
pub(super) struct Space<'a> {
    pub(super) folder: &'a Path,
    pub(super) was_full: &'a Cell<bool>,
}

impl Drop for Space<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let about = rustix::fs::statvfs(self.folder);
            self.was_full.set(about.is_ok_and(|about| about.f_bavail.saturating_mul(about.f_frsize) < FULL));
        }
    }
}
