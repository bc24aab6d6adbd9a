//! Python environments with packages from PyPI, made once and kept below `target/`. It changes nothing of the system's
//! Python.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

/// The folder of an environment with these packages, such as `cryptography==46.0.3`: its programs are in `bin`. The first
/// test that asks for it waits while it is made, which needs python3 with venv and, for packages, a way to PyPI.
pub fn python_environment(packages: &[&str]) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let hash = Sha256::digest(packages.join("\n"));
    let name: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let folder = target.join("tmp").join(format!("python-{name}"));
    fs::create_dir_all(&folder).expect("target/ is ours to write");
    // Programs in it know its path, so that nobody may move it or take away a folder above.
    let folder = folder.canonicalize().expect("it was made just now");
    let complete = folder.join("complete");
    if !complete.exists() {
        let lock = File::create(folder.join("lock")).expect("target/ is ours to write");
        let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno).expect("a lock");
        if !complete.exists() {
            make(&folder, packages);
            File::create(complete).expect("target/ is ours to write");
        }
    }
    folder
}

fn make(folder: &Path, packages: &[&str]) {
    let environment = folder.to_str().expect("a path that is text");
    run("python3", &["-m", "venv", environment], "apt-get install python3 python3-venv");
    if !packages.is_empty() {
        let pip = folder.join("bin/pip");
        let quiet = ["install", "--quiet", "--disable-pip-version-check"];
        let arguments = [&quiet, packages].concat();
        run(pip.to_str().expect("a path that is text"), &arguments, "a way to PyPI");
    }
}

#[expect(clippy::disallowed_methods, reason = "tests start the outside programs they are about")]
fn run(program: &str, arguments: &[&str], needs: &str) {
    let output = Command::new(program).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} does not start ({error}); it needs: {needs}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} fails; it needs: {needs}\n{told}");
}
