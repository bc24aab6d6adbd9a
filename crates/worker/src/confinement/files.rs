//! The rules that Landlock enforces: what belongs to the daemon is out of reach, signals stay inside, and files are read
//! and written only where the task says so. Each is a layer of its own, and what a process does must pass all of them.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use roundsman_model::Protected;
use roundsman_wire::Request;
use rustix::fs::{Mode, OFlags, open};

use super::ladder::{Ladder, Place};

/// Where programs, libraries and what they cannot do without are.
const SYSTEM: [&str; 14] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/proc",
    "/sys",
    "/nix/store",
    "/gnu/store",
    "/run/systemd/resolve",
    "/run/current-system",
];
/// Devices that hold nothing of anybody's.
const DEVICES: [&str; 7] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"];

/// Rules that are made but do not hold yet.
pub(super) struct Fences(Vec<RulesetCreated>);

impl Fences {
    /// Makes the rules of a request. `told` gets what a reader of the log should know.
    pub(super) fn build(
        request: &Request,
        no_tcp: bool,
        told: &mut Vec<String>,
    ) -> Result<Self, RulesetError> {
        let sandbox = &request.confinement.sandbox;
        let mut fences = Vec::new();
        if sandbox.protect != Some(false) {
            fences.push(around_the_daemon(request, told)?);
        }
        if no_tcp {
            fences.push(around_the_network()?);
        }
        if let Some(write) = &sandbox.write {
            fences.push(around_writing(write, told)?);
        }
        if let Some(read) = &sandbox.read {
            let also = sandbox.write.iter().flatten().chain(read);
            fences.push(around_reading(request, also, told)?);
        }
        Ok(Self(fences))
    }

    /// From now on they hold for this thread, all it starts and everything below, for good.
    pub(super) fn enforce(self) -> Result<(), RulesetError> {
        self.0.into_iter().try_for_each(|fence| fence.restrict_self().map(drop))
    }
}

/// Whatever changes files. Device calls (`ioctl`) are not among it.
fn changing() -> BitFlags<AccessFs> {
    AccessFs::from_write(ABI::V3)
}

/// Contents, lists and execution.
fn reading() -> BitFlags<AccessFs> {
    AccessFs::from_read(ABI::V1)
}

/// The rule that every worker has unless its task says otherwise. Names may be listed everywhere; contents below the protected paths are neither read (save
/// where they are only fixed) nor written, and nothing is made, moved or removed.
fn around_the_daemon(request: &Request, told: &mut Vec<String>) -> Result<RulesetCreated, RulesetError> {
    let guarded = changing() | AccessFs::ReadFile;
    let ladder = Ladder::to(request.confinement.protected.all());
    let has_files = !ladder.is_empty() && lets_files_be_moved();
    let mut ruleset = Ruleset::default().scope(Scope::Signal)?;
    if has_files {
        ruleset = ruleset.handle_access(guarded)?;
    }
    let mut fence = ruleset.create()?;
    if has_files {
        let left_out = ladder.beside(&mut |found| allow(&mut fence, found, guarded));
        allow_path(&mut fence, Path::new("."), guarded);
        allow_code(&mut fence, &ladder, request);
        allow_reading(&mut fence, &request.confinement.protected);
        told.extend(left_out.crowded.iter().map(|folder| too_much(folder)));
        told.extend(left_out.closed.iter().map(|folder| not_listed(folder)));
    }
    Ok(fence)
}

/// What Landlock can refuse of the network where there is no namespace: TCP, and sockets that have only a name.
fn around_the_network() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default().handle_access(AccessNet::from_all(ABI::V4))?.scope(Scope::AbstractUnixSocket)?.create()
}

/// A script that lies in a protected folder is read all the same.
fn allow_code(fence: &mut RulesetCreated, ladder: &Ladder, request: &Request) {
    let Some(code) = request.code.path().and_then(|path| path.canonicalize().ok()) else { return };
    if ladder.place(&code) != Place::Inside {
        return;
    }
    allow_path(fence, &code, AccessFs::ReadFile.into());
}

/// What is fixed is read all the same, save what is closed inside it. Listing and executing are not asked for here.
fn allow_reading(fence: &mut RulesetCreated, protected: &Protected) {
    let closed = Ladder::to(protected.closed.iter());
    for folder in &protected.fixed {
        // The kernel takes no rule for what it cannot find, and then there is nothing to be read.
        closed.beside_below(folder, &mut |found| allow(fence, found, AccessFs::ReadFile.into()));
    }
}

/// Files change in the work directory and where the task says so.
fn around_writing(write: &[PathBuf], told: &mut Vec<String>) -> Result<RulesetCreated, RulesetError> {
    let mut fence = Ruleset::default().handle_access(changing())?.create()?;
    allow_path(&mut fence, Path::new("."), changing());
    for path in write {
        if !allow_path(&mut fence, path, changing()) {
            told.push(missing("write", path));
        }
    }
    for device in DEVICES.iter().chain(&["/dev/pts"]) {
        allow_path(&mut fence, Path::new(device), AccessFs::WriteFile.into());
    }
    Ok(fence)
}

/// Files are read in the work directory, where the task says so, where it may write, and in the system itself.
fn around_reading<'a>(
    request: &Request,
    paths: impl Iterator<Item = &'a PathBuf>,
    told: &mut Vec<String>,
) -> Result<RulesetCreated, RulesetError> {
    // Moving files between folders is forbidden unless a layer allows it, whatever else the layer is about.
    let mut fence = Ruleset::default().handle_access(reading() | AccessFs::Refer)?.create()?;
    allow_path(&mut fence, Path::new("/"), AccessFs::Refer.into());
    allow_path(&mut fence, Path::new("."), reading());
    for path in paths {
        if !allow_path(&mut fence, path, reading()) {
            told.push(missing("read", path));
        }
    }
    for path in SYSTEM.iter().chain(&DEVICES).chain(&["/dev/pts"]) {
        allow_path(&mut fence, Path::new(path), reading());
    }
    if let Some(folder) = request.code.path().and_then(Path::parent) {
        allow_path(&mut fence, folder, reading());
    }
    Ok(fence)
}

/// Allows it, if it is there.
fn allow_path(fence: &mut RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> bool {
    let found = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    found.map(|found| allow(fence, found, access)).is_ok()
}

/// What the kernel takes no rule for stays out of reach, which is the safe side.
fn allow(fence: &mut RulesetCreated, found: OwnedFd, access: BitFlags<AccessFs>) {
    let _ = fence.add_rule(PathBeneath::new(found.as_fd(), access));
}

/// The first version of Landlock forbids every move of a file from one folder to another, which no task expects.
fn lets_files_be_moved() -> bool {
    Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::Refer).is_ok()
}

fn missing(rule: &str, path: &Path) -> String {
    format!("`sandbox.{rule}`: {} cannot be opened, so nothing is allowed there", path.display())
}

fn too_much(folder: &Path) -> String {
    format!(
        "{} holds more than {} entries beside what belongs to the daemon: those beyond are out of reach; give the daemon \
         a folder of its own",
        folder.display(),
        super::ladder::MOST
    )
}

fn not_listed(folder: &Path) -> String {
    format!(
        "{} cannot be listed, and something in it belongs to the daemon: all that is in it is out of reach",
        folder.display()
    )
}
