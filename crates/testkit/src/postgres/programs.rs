//! Where Postgres's programs are, and as whom its server may run: it refuses to run as root. It starts nothing.

use std::{
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::{Uid, User};

/// The folder of Postgres's programs.
#[derive(Clone)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// The newest version that Debian has installed, else what is in PATH.
    pub(super) fn find() -> Self {
        let version = |folder: &PathBuf| {
            let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
            name.and_then(|name| name.parse::<u32>().ok())
        };
        let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut found: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
        found.sort_by_key(version);
        found.reverse();
        let path = std::env::var_os("PATH").unwrap_or_default();
        found.extend(std::env::split_paths(&path));
        let complete =
            |folder: &PathBuf| ["postgres", "initdb", "psql"].iter().all(|name| folder.join(name).is_file());
        let folder = found.into_iter().find(complete);
        Self(folder.expect("Postgres is not installed; the tests need it: apt-get install postgresql"))
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub(super) fn psql(&self) -> PathBuf {
        self.0.join("psql")
    }
}

/// Whom the server runs as when the tests run as root.
#[derive(Clone)]
pub(super) struct Account(User);

impl Account {
    /// Nobody else unless we are root.
    pub(super) fn for_server() -> Option<Self> {
        if !Uid::effective().is_root() {
            return None;
        }
        let known = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        Some(Self(known.expect("a system has at least the user nobody")))
    }

    /// Lets a program run as the account.
    pub(super) fn apply(account: Option<&Self>, command: &mut Command) {
        if let Some(Self(user)) = account {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
    }

    /// Gives a file to the account.
    pub(super) fn own(account: Option<&Self>, path: &Path) {
        if let Some(Self(user)) = account {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("root may give files away");
        }
    }
}
