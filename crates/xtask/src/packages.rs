//! Debian packages that a command needs: finds what is missing, installs it as root, else says what to install.
//! It never starts a service and never touches what is there already.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::program;

/// A program and the Debian package that brings it.
pub(crate) struct Need {
    /// Name of the executable.
    pub(crate) program: &'static str,
    /// Debian package that contains it.
    pub(crate) package: &'static str,
}

/// Where programs lie that an ordinary user's PATH does not name.
const MORE_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Every version of Debian's PostgreSQL keeps its server programs in a folder of its own below this one.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// Installing a server on Debian starts it, unless policy-rc.d says no. The trap takes our "no" away again,
/// also after Ctrl-C; one that was there before stays.
const INSTALL: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
apt-get update
apt-get install -y --no-install-recommends "$@"
"#;

/// Makes sure that all programs are there. `purpose` completes "… needs".
pub(crate) fn ensure(purpose: &str, needs: &[Need]) -> Result<()> {
    let missing = missing(needs, &search_path());
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if !is_root()? || find("apt-get", &search_path()).is_none() {
        bail!(
            "{purpose} needs programs from the Debian package(s) {packages}. As root:\n\n    \
             apt-get update && apt-get install -y --no-install-recommends {packages}\n"
        );
    }
    println!("installing for {purpose}: {packages}");
    program::run(program::program("sh").args(["-c", INSTALL, "install"]).args(&missing))
        .with_context(|| format!("cannot install {packages}, which {purpose} needs"))
}

/// Packages of the programs that are in none of the folders, each once.
fn missing(needs: &[Need], folders: &[PathBuf]) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        needs.iter().filter(|need| find(need.program, folders).is_none()).map(|need| need.package).collect();
    packages.dedup();
    packages
}

fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(program)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.mode() & 0o111 != 0)
}

fn search_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        env::split_paths(&path).filter(|folder| folder.as_os_str() != OsStr::new("")).collect();
    folders.extend(MORE_FOLDERS.map(PathBuf::from));
    let versions = fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self").context("cannot read /proc/self to learn who runs this")?.uid() == 0)
}

#[cfg(test)]
mod tests;
