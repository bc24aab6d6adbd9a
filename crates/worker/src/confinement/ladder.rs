//! The way down to what is protected, and everything that lies beside it. Landlock can only allow: what is to stay out of
//! reach is what is left when all else was allowed, folder by folder. It sets no rule itself.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::{OsStr, OsString},
    fs,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path, PathBuf},
};

use rustix::fs::{Dir, FileType, Mode, OFlags, open, openat};

/// The most files and folders that are allowed one by one. Each costs a few microseconds at the start of an attempt.
pub(super) const MOST: usize = 4_000;
/// Links that are followed on the way to one path, as in the kernel.
const MOST_LINKS: u32 = 40;

/// The protected paths as a tree of names, links on the way included.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ladder(Rung);

#[derive(Debug, Default, PartialEq, Eq)]
struct Rung {
    protected: bool,
    below: BTreeMap<OsString, Self>,
}

/// Where a path lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is protected, or lies in what is.
    Inside,
    /// Something protected lies in it.
    Above,
    /// Neither.
    Beside,
}

/// What could not be allowed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Folders with more in them than [`MOST`] leaves room for.
    pub(super) crowded: Vec<PathBuf>,
    /// Folders that cannot be listed.
    pub(super) closed: Vec<PathBuf>,
}

impl Ladder {
    /// The way to these paths. They need not exist.
    pub(super) fn to<'a>(protected: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let mut ladder = Self::default();
        for path in protected.into_iter().filter(|path| path.is_absolute()) {
            for real in way(path) {
                ladder.protect(&real);
            }
        }
        ladder
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == Rung::default()
    }

    /// Where a path without links lies.
    pub(super) fn place(&self, path: &Path) -> Place {
        let mut rung = &self.0;
        for name in names(path) {
            match rung.below.get(name) {
                _ if rung.protected => return Place::Inside,
                Some(next) => rung = next,
                None => return Place::Beside,
            }
        }
        if rung.protected { Place::Inside } else { Place::Above }
    }

    /// Calls `allow` with everything that lies beside the way, from the root of the file system on.
    pub(super) fn beside(&self, allow: &mut dyn FnMut(OwnedFd)) -> LeftOut {
        let mut descent = Descent { room: MOST, left_out: LeftOut::default(), allow };
        match open("/", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(root) => descent.enter(&root, &self.0, &mut PathBuf::from("/")),
            Err(_) => descent.left_out.closed.push("/".into()),
        }
        descent.left_out
    }

    /// Calls `allow` with this file or folder, or with what is in it and not protected, whatever holds above it.
    pub(super) fn beside_below(&self, path: &Path, allow: &mut dyn FnMut(OwnedFd)) {
        let Ok(path) = path.canonicalize() else { return };
        let rung = names(&path).try_fold(&self.0, |rung, name| rung.below.get(name));
        let wanted = if rung.is_some() { OFlags::RDONLY | OFlags::DIRECTORY } else { OFlags::PATH };
        let Ok(found) = open(&path, wanted | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) else {
            return;
        };
        match rung {
            None => allow(found),
            Some(rung) => {
                let mut descent = Descent { room: MOST, left_out: LeftOut::default(), allow };
                descent.enter(&found, rung, &mut path.clone());
            }
        }
    }

    fn protect(&mut self, path: &Path) {
        let mut rung = &mut self.0;
        for name in names(path) {
            rung = rung.below.entry(name.to_owned()).or_default();
        }
        rung.protected = true;
    }
}

/// The path itself and each link on the way to it, all without links above them.
fn way(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut at = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = parts(path).collect();
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        match fs::read_link(&next) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                rest = parts(&target).chain(rest).collect();
                found.push(next);
            }
            _ => at = next,
        }
    }
    found.push(at);
    found
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    })
}

/// One walk down the ladder.
struct Descent<'a> {
    room: usize,
    left_out: LeftOut,
    allow: &'a mut dyn FnMut(OwnedFd),
}

impl Descent<'_> {
    fn enter(&mut self, folder: &OwnedFd, rung: &Rung, path: &mut PathBuf) {
        if rung.protected {
            return;
        }
        let Ok(entries) = Dir::read_from(folder) else {
            return self.left_out.closed.push(path.clone());
        };
        let mut files = Vec::new();
        for entry in entries.flatten() {
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." || entry.file_type() == FileType::Symlink {
                // What a link leads to is looked at where it leads.
                continue;
            }
            if let Some(next) = rung.below.get(name) {
                self.down(folder, name, next, path);
            } else if entry.file_type() == FileType::Directory {
                self.allow(folder, name, path);
            } else {
                // Where room is short, folders count for more than files.
                files.push(name.to_owned());
            }
        }
        for name in files {
            self.allow(folder, &name, path);
        }
    }

    fn down(&mut self, folder: &OwnedFd, name: &OsStr, next: &Rung, path: &mut PathBuf) {
        if next.protected {
            return;
        }
        path.push(name);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(folder, name, flags, Mode::empty()) {
            Ok(folder) => self.enter(&folder, next, path),
            // No folder any more: then nothing protected lies in it.
            Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::NOENT) => {}
            Err(_) => self.left_out.closed.push(path.clone()),
        }
        path.pop();
    }

    fn allow(&mut self, folder: impl AsFd, name: &OsStr, path: &Path) {
        if self.room == 0 {
            if self.left_out.crowded.last().is_none_or(|last| last != path) {
                self.left_out.crowded.push(path.to_owned());
            }
            return;
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // What is gone meanwhile needs no rule.
        if let Ok(found) = openat(folder, name, flags, Mode::empty()) {
            self.room -= 1;
            (self.allow)(found);
        }
    }
}

#[cfg(test)]
mod tests;
