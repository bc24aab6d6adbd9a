//! Whether somebody else could change a file that is going to be run: owners and modes of the file and of everything on
//! the way to it. It knows no access lists beyond the mode, and changes nothing.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

/// As many symbolic links as the kernel follows.
const MAX_LINKS: u32 = 40;
const ROOT: u32 = 0;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why a file or folder is not trusted, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// It belongs to somebody who could change it.
    #[error("{} belongs to user {owner}, who could change what is run; run `chown {} {}`", .path.display(), .us, shell(.path))]
    Owner {
        /// What belongs to somebody else.
        path: PathBuf,
        /// To whom.
        owner: u32,
        /// Whose it should be.
        us: u32,
    },
    /// Others may write to it.
    #[error("{} may be written by {} (mode {:04o}); run `chmod {} {}`", .path.display(), writers(*.mode), .mode & 0o7777, remedy(*.mode), shell(.path))]
    Writable {
        /// What may be written.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not what it should be.
    #[error("{} is no {wanted}", .path.display())]
    Sort {
        /// What is there.
        path: PathBuf,
        /// What should be there.
        wanted: &'static str,
    },
    /// Symbolic links lead in a ring.
    #[error("{} leads through more than {MAX_LINKS} symbolic links; put the file itself there", .path.display())]
    Links {
        /// Where it begins.
        path: PathBuf,
    },
    /// It could not be looked at.
    #[error("cannot look at {}", .path.display())]
    Io {
        /// What was looked at.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Refuses a folder that others could change or swap: it and all folders on the way to it, where it is and where symbolic
/// links lead.
pub fn check_folder(path: &Path) -> Result<(), Distrust> {
    folder(path, ourselves())
}

/// Refuses a file that others could change or swap, in the same way.
pub fn check_file(path: &Path) -> Result<(), Distrust> {
    file(path, ourselves())
}

/// Refuses a file that is about to be run if it, or the folder it is in, could be changed or swapped by others than root and
/// this user: the one who accepted it, which need not be the one that asks.
pub fn check_before_run(path: &Path, accepted_by: u32) -> Result<(), Distrust> {
    if let Some(parent) = path.parent() {
        folder(parent, accepted_by)?;
    }
    file(path, accepted_by)
}

fn ourselves() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn folder(path: &Path, us: u32) -> Result<(), Distrust> {
    let end = Walk::to(path, us)?;
    if !end.stat.is_dir() {
        return Err(Distrust::Sort { path: path.to_owned(), wanted: "folder" });
    }
    end.unwritable()
}

fn file(path: &Path, us: u32) -> Result<(), Distrust> {
    let end = Walk::to(path, us)?;
    if !end.stat.is_file() {
        return Err(Distrust::Sort { path: path.to_owned(), wanted: "regular file" });
    }
    end.unwritable()
}

/// One thing on the way, looked at without following it.
struct Step {
    path: PathBuf,
    stat: fs::Metadata,
}

/// The way from the root to a file, one component after the other, as the kernel goes it.
struct Walk {
    us: u32,
    links: u32,
    ahead: VecDeque<OsString>,
    passed: Vec<Step>,
}

impl Walk {
    /// Where the way ends, everything before it trusted.
    fn to(path: &Path, us: u32) -> Result<Step, Distrust> {
        let absolute =
            std::path::absolute(path).map_err(|source| Distrust::Io { path: path.to_owned(), source })?;
        let mut walk = Self { us, links: 0, ahead: VecDeque::new(), passed: Vec::new() };
        walk.begin()?;
        walk.put_ahead(&absolute);
        while let Some(name) = walk.ahead.pop_front() {
            walk.step(&name, path)?;
        }
        Ok(walk.passed.pop().expect("the walk begins with the root"))
    }

    /// Back to the root.
    fn begin(&mut self) -> Result<(), Distrust> {
        self.passed.clear();
        let root = Step::look(PathBuf::from("/"))?;
        root.owned(self.us)?;
        self.passed.push(root);
        Ok(())
    }

    fn put_ahead(&mut self, path: &Path) {
        let names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        });
        for (at, name) in names.collect::<Vec<_>>().into_iter().enumerate() {
            self.ahead.insert(at, name);
        }
    }

    fn step(&mut self, name: &OsString, from: &Path) -> Result<(), Distrust> {
        if name == ".." {
            // What is above the root is the root.
            if self.passed.len() > 1 {
                self.passed.pop();
            }
            return Ok(());
        }
        let folder = self.passed.last().expect("the walk begins with the root");
        folder.passable()?;
        let next = Step::look(folder.path.join(name))?;
        next.owned(self.us)?;
        if !next.stat.is_symlink() {
            self.passed.push(next);
            return Ok(());
        }
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Distrust::Links { path: from.to_owned() });
        }
        let target =
            fs::read_link(&next.path).map_err(|source| Distrust::Io { path: next.path.clone(), source })?;
        if target.is_absolute() {
            self.begin()?;
        }
        self.put_ahead(&target);
        Ok(())
    }
}

impl Step {
    fn look(path: PathBuf) -> Result<Self, Distrust> {
        match fs::symlink_metadata(&path) {
            Ok(stat) => Ok(Self { path, stat }),
            Err(source) => Err(Distrust::Io { path, source }),
        }
    }

    fn owned(&self, us: u32) -> Result<(), Distrust> {
        let owner = self.stat.uid();
        if owner == ROOT || owner == us {
            return Ok(());
        }
        Err(Distrust::Owner { path: self.path.clone(), owner, us })
    }

    /// Whether nobody else may put something else in place of what is in this folder. In a sticky one, such as /tmp, only
    /// owners may, and the owner of the next step is looked at in any case.
    fn passable(&self) -> Result<(), Distrust> {
        if self.stat.is_dir() && self.stat.mode() & STICKY != 0 { Ok(()) } else { self.unwritable() }
    }

    fn unwritable(&self) -> Result<(), Distrust> {
        let mode = self.stat.mode();
        if mode & (GROUP_WRITES | OTHERS_WRITE) == 0 {
            return Ok(());
        }
        Err(Distrust::Writable { path: self.path.clone(), mode })
    }
}

fn writers(mode: u32) -> &'static str {
    match (mode & GROUP_WRITES != 0, mode & OTHERS_WRITE != 0) {
        (true, true) => "its group and all others",
        (true, false) => "its group",
        _ => "all others",
    }
}

fn remedy(mode: u32) -> &'static str {
    match (mode & GROUP_WRITES != 0, mode & OTHERS_WRITE != 0) {
        (true, true) => "go-w",
        (true, false) => "g-w",
        _ => "o-w",
    }
}

/// A path as a shell reads it.
pub(crate) fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
