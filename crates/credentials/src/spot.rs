//! Where a path leads, as an open folder and a name in it, so that what was looked at is what is changed afterwards. Root
//! follows no link of another user into a folder that is not that user's. It reads and writes no file.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, readlinkat, statat},
    io::Errno,
    process::geteuid,
};

use crate::Error;

/// How many links lead anywhere; the kernel has the same limit.
const MAX_LINKS: usize = 40;
/// A folder that is only passed through.
const PASSING: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A file that is there or may come: its folder, and its name in it.
pub(crate) struct Spot {
    folder: OwnedFd,
    /// Who owns the folder.
    pub(crate) folder_owner: u32,
    /// The group of the folder.
    pub(crate) folder_group: u32,
    name: OsString,
    /// The path that was asked for.
    path: PathBuf,
}

/// Whether folders that are not there are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Made,
    Told,
}

impl Spot {
    /// Where a path leads, its last link followed too.
    pub(crate) fn find(path: &Path) -> Result<Self, Error> {
        Walk::new(path, Missing::Told)?.walked()
    }

    /// The same; folders that are not there are made, for their owner alone.
    pub(crate) fn make(path: &Path) -> Result<Self, Error> {
        Walk::new(path, Missing::Made)?.walked()
    }

    /// A file beside it: `.NAME` with this ending.
    pub(crate) fn beside(&self, ending: &str) -> OsString {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(ending);
        name
    }

    /// Its name in its folder.
    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    /// Opens a file of its folder. A link is not followed, and nothing is waited for.
    pub(crate) fn open(&self, name: &OsStr, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// What is under a name in its folder, a link itself included; nothing if there is nothing.
    pub(crate) fn look(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file of its folder, if it is there.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a file of its folder in its place.
    pub(crate) fn replace_with(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, name, &self.folder, &self.name)?)
    }

    /// Makes what was done in its folder durable.
    pub(crate) fn sync_folder(&self) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        File::from(openat(&self.folder, ".", flags, Mode::empty())?).sync_all()
    }

    /// Whether root is at work in the folder of another user, who can put anything there.
    pub(crate) fn is_of_another(&self) -> bool {
        geteuid().is_root() && self.folder_owner != 0
    }

    /// Says that a file of its folder is not what it should be.
    pub(crate) fn untrusted(&self, name: &OsStr, problem: &str) -> Error {
        Error::Untrusted { path: self.path_of(name), problem: problem.to_owned() }
    }

    /// A file of its folder, as people would look for it.
    pub(crate) fn path_of(&self, name: &OsStr) -> PathBuf {
        if name == self.name { self.path.clone() } else { self.path.with_file_name(name) }
    }
}

/// On the way along a path.
struct Walk<'a> {
    path: &'a Path,
    missing: Missing,
    folder: OwnedFd,
    /// What is still to go.
    rest: VecDeque<OsString>,
    links: usize,
    /// The user whose link was followed: what it leads to has to be that user's.
    bound: Option<u32>,
}

impl<'a> Walk<'a> {
    fn new(path: &'a Path, missing: Missing) -> Result<Self, Error> {
        let begin = openat(CWD, if path.is_absolute() { "/" } else { "." }, PASSING, Mode::empty());
        let folder = begin.map_err(|error| failed(path, error))?;
        Ok(Self { path, missing, folder, rest: steps(path), links: 0, bound: None })
    }

    fn walked(mut self) -> Result<Spot, Error> {
        while let Some(step) = self.rest.pop_front() {
            match statat(&self.folder, &step, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
                    self.follow(&step, stat.st_uid)?;
                }
                Ok(_) | Err(Errno::NOENT) if self.rest.is_empty() && step != ".." => return self.end(step),
                Ok(_) => self.enter(&step)?,
                Err(Errno::NOENT) if self.missing == Missing::Made => self.make(&step)?,
                Err(error) => return Err(failed(self.path, error)),
            }
        }
        Err(failed(self.path, Errno::ISDIR))
    }

    fn end(self, name: OsString) -> Result<Spot, Error> {
        let stat = self.trusted()?;
        let (folder_owner, folder_group) = (stat.st_uid, stat.st_gid);
        Ok(Spot { folder: self.folder, folder_owner, folder_group, name, path: self.path.to_owned() })
    }

    /// The folder, if it belongs to whom it has to belong to.
    fn trusted(&self) -> Result<Stat, Error> {
        let stat = fstat(&self.folder).map_err(|error| failed(self.path, error))?;
        match self.bound {
            Some(bound) if bound != stat.st_uid => Err(Error::Untrusted {
                path: self.path.to_owned(),
                problem: format!(
                    "leads over a link of user {bound} into a folder of user {}, which root does not follow: \
                     name the file where it is",
                    stat.st_uid
                ),
            }),
            _ => Ok(stat),
        }
    }

    fn enter(&mut self, step: &OsStr) -> Result<(), Error> {
        let next = openat(&self.folder, step, PASSING, Mode::empty());
        self.folder = next.map_err(|error| failed(self.path, error))?;
        Ok(())
    }

    fn follow(&mut self, step: &OsStr, owner: u32) -> Result<(), Error> {
        let wrong = |error| failed(self.path, error);
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(wrong(Errno::LOOP));
        }
        let folder_owner = fstat(&self.folder).map_err(wrong)?.st_uid;
        let whose = if owner == 0 { folder_owner } else { owner };
        // Everybody else may do no more than the kernel lets them.
        if geteuid().is_root() && whose != 0 {
            self.bound.get_or_insert(whose);
        }
        let target = readlinkat(&self.folder, step, Vec::new()).map_err(wrong)?;
        let target = Path::new(OsStr::from_bytes(target.as_bytes()));
        if target.is_absolute() {
            self.folder = openat(CWD, "/", PASSING, Mode::empty()).map_err(wrong)?;
        }
        for step in steps(target).into_iter().rev() {
            self.rest.push_front(step);
        }
        Ok(())
    }

    fn make(&mut self, step: &OsStr) -> Result<(), Error> {
        let owner = self.trusted()?.st_uid;
        if geteuid().is_root() && owner != 0 {
            let problem = format!(
                "lies in a folder that is not there, below one of user {owner}: make it first, `install -d -m 700 -o {owner}`"
            );
            return Err(Error::Untrusted { path: self.path.to_owned(), problem });
        }
        match mkdirat(&self.folder, step, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => self.enter(step),
            Err(error) => Err(failed(self.path, error)),
        }
    }
}

fn failed(path: &Path, error: Errno) -> Error {
    Error::Disk { attempted: "reach", path: path.to_owned(), source: error.into() }
}

/// The steps of a path below where it begins.
fn steps(path: &Path) -> VecDeque<OsString> {
    let step = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(step).collect()
}
