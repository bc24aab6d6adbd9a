//! Limits for all processes of an attempt together: a cgroup (version 2) of its own for each attempt that has some, where a
//! tree is delegated to the daemon. It takes no tree that nobody gave it, and knows no task.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use roundsman_model::{ByteSize, Sandbox, sandbox::OWN_THREADS};

/// What the limits need.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];
/// The child in which the daemon itself is, since a cgroup that has children with limits has no processes of its own.
const OWN: &str = "daemon";
/// How names of attempts' cgroups begin.
const PREFIX: &str = "attempt-";
/// Marks by which systemd says that it gave a cgroup away (`Delegate=yes`).
const MARKS: [&str; 2] = ["user.delegate", "trusted.delegate"];
/// How long a cgroup may take to become empty once all in it were killed.
const EMPTY_WITHIN: Duration = Duration::from_secs(2);

/// A tree that was found to be ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delegation {
    base: PathBuf,
    /// Whether this process is in the base itself and has to leave it first.
    inside: bool,
}

/// A tree that is ready: attempts get cgroups in it.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    base: PathBuf,
}

/// The cgroup of one attempt.
#[derive(Debug)]
pub(crate) struct Leaf {
    path: PathBuf,
    memory: Option<ByteSize>,
}

impl Delegation {
    /// Looks whether a tree is delegated to this process, whose folder in `/proc` is given. The error says why not.
    pub(crate) fn find(proc: &Path) -> Result<Self, String> {
        let own = read(&proc.join("cgroup"))?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::"));
        let own = own.ok_or("this process is in no cgroup of version 2")?;
        let mounts = read(&proc.join("mountinfo"))?;
        let (mount, root) = mount_of(&mounts).ok_or("no cgroup v2 is mounted")?;
        // Seen from a namespace the mount's root is a part of the path, or there is no way from one to the other.
        let within = if root == "/" { Some(own) } else { own.strip_prefix(root) };
        let within = within.ok_or("the mounted cgroup v2 is not the one this process is in")?;
        let own = mount.join(within.trim_start_matches('/'));
        let found = Self::given(&own, &mount)?;
        found.check()?;
        Ok(found)
    }

    /// What was given away: the own cgroup or, where the daemon was put into a child of it at once, the one above.
    fn given(own: &Path, mount: &Path) -> Result<Self, String> {
        // Of all cgroups only the root of the whole machine has no events. That of a container is the container's own.
        let is_of_container = own == mount && own.join("cgroup.events").exists();
        if is_of_container || is_marked(own) {
            return Ok(Self { base: own.to_owned(), inside: true });
        }
        match own.parent().filter(|above| own != mount && is_marked(above)) {
            Some(above) => Ok(Self { base: above.to_owned(), inside: false }),
            None => {
                Err("no cgroup is delegated to the daemon: with systemd, set `Delegate=memory pids` in its \
                         unit"
                    .into())
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let offered = read(&self.base.join("cgroup.controllers"))?;
        for wanted in CONTROLLERS {
            if !offered.split_whitespace().any(|offered| offered == wanted) {
                return Err(format!(
                    "the delegated cgroup {} lacks the controller {wanted}",
                    self.base.display()
                ));
            }
        }
        for file in ["cgroup.procs", "cgroup.subtree_control"] {
            let path = self.base.join(file);
            rustix::fs::access(&path, rustix::fs::Access::WRITE_OK)
                .map_err(|errno| format!("{} cannot be written: {errno}", path.display()))?;
        }
        Ok(())
    }

    /// Makes it ready: the daemon goes into a child of its own, and children get limits.
    pub(crate) fn prepare(self) -> Result<Tree, String> {
        let control = self.base.join("cgroup.subtree_control");
        let enabled = read(&control)?;
        if !CONTROLLERS.iter().all(|wanted| enabled.split_whitespace().any(|enabled| enabled == *wanted)) {
            if self.inside {
                self.step_aside()?;
            }
            let wanted = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
            write(&control, &wanted).map_err(|error| {
                format!(
                    "{} takes no controllers ({error}): other processes may be in it",
                    self.base.display()
                )
            })?;
        }
        Ok(Tree { base: self.base })
    }

    fn step_aside(&self) -> Result<(), String> {
        let own = self.base.join(OWN);
        match fs::create_dir(&own) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(format!("{} cannot be made: {error}", own.display()));
            }
            _ => {}
        }
        for pid in read(&self.base.join("cgroup.procs"))?.split_whitespace() {
            match write(&own.join("cgroup.procs"), pid) {
                // It has ended meanwhile.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {}
                Err(error) => {
                    return Err(format!("process {pid} cannot be put into {}: {error}", own.display()));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

impl Tree {
    /// One that was made ready by somebody else.
    #[cfg(test)]
    pub(crate) fn at(base: PathBuf) -> Self {
        Self { base }
    }

    /// The folder in which all cgroups are, attempts' and the daemon's own.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Makes the cgroup of an attempt, with its limits. Its name says whose it is: by `name` for people, by the mark for a
    /// later sweep.
    pub(crate) fn leaf(&self, name: &str, mark: &str, sandbox: &Sandbox) -> io::Result<Leaf> {
        let path = self.base.join(format!("{PREFIX}{name}.{}", URL_SAFE_NO_PAD.encode(mark)));
        fs::create_dir(&path)?;
        let leaf = Leaf { path, memory: sandbox.memory };
        leaf.limit(sandbox).inspect_err(|_| _ = fs::remove_dir(&leaf.path))?;
        Ok(leaf)
    }

    /// The cgroups of attempts whose mark satisfies `ours`. All others are somebody's who may be at work.
    pub(crate) fn leaves(&self, ours: &dyn Fn(&str) -> bool) -> io::Result<Vec<Leaf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.base)? {
            let entry = entry?;
            if mark_in(&entry.file_name()).is_some_and(|mark| ours(&mark)) {
                found.push(Leaf { path: entry.path(), memory: None });
            }
        }
        Ok(found)
    }
}

impl Leaf {
    fn limit(&self, sandbox: &Sandbox) -> io::Result<()> {
        if let Some(memory) = sandbox.memory {
            write(&self.path.join("memory.max"), &memory.bytes().to_string())?;
            // One that goes over the limit ends as a whole: half an attempt is worth nothing.
            write(&self.path.join("memory.oom.group"), "1")?;
            // Not there where the kernel does not count swap.
            let _ = write(&self.path.join("memory.swap.max"), "0");
        }
        if let Some(processes) = sandbox.processes {
            let most = processes.saturating_add(OWN_THREADS);
            write(&self.path.join("pids.max"), &most.to_string())?;
        }
        Ok(())
    }

    /// Puts a process into it. Before it gets anything to do, or what it starts meanwhile stays outside.
    pub(crate) fn take(&self, pid: i32) -> io::Result<()> {
        write(&self.path.join("cgroup.procs"), &pid.to_string())
    }

    /// Kills all that is in it. Older kernels cannot (before 5.14); then nothing happens.
    pub(crate) fn kill(&self) {
        let _ = write(&self.path.join("cgroup.kill"), "1");
    }

    /// The limit of memory, if something was killed because of it.
    pub(crate) fn memory_exceeded(&self) -> Option<ByteSize> {
        let events = fs::read_to_string(self.path.join("memory.events")).ok()?;
        let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
        self.memory.filter(|_| kills.trim() != "0")
    }

    /// Ends what is left in it and removes it.
    pub(crate) fn sweep(self) {
        self.kill();
        self.remove();
    }

    /// Removes it once it is empty. What cannot be removed is left for a later sweep.
    pub(crate) fn remove(self) {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match fs::remove_dir(&self.path) {
                Err(error)
                    if error.kind() == io::ErrorKind::ResourceBusy && begun.elapsed() < EMPTY_WITHIN =>
                {
                    roundsman_processes::wait_a_little(&mut pause);
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(path = %self.path.display(), %error, "the cgroup of an attempt cannot be removed");
                    return;
                }
                _ => return,
            }
        }
    }
}

/// The mark of the attempt that a cgroup of this name belongs to, if it is one of an attempt.
fn mark_in(name: &OsStr) -> Option<String> {
    let (_, encoded) = name.to_str()?.strip_prefix(PREFIX)?.rsplit_once('.')?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// Where cgroup v2 is mounted, and which part of it.
fn mount_of(mountinfo: &str) -> Option<(PathBuf, &str)> {
    mountinfo.lines().find_map(|line| {
        let (fields, of_type) = line.split_once(" - ")?;
        let mut fields = fields.split(' ');
        let (root, mount) = (fields.nth(3)?, fields.next()?);
        of_type.starts_with("cgroup2 ").then(|| (PathBuf::from(mount), root))
    })
}

fn is_marked(cgroup: &Path) -> bool {
    MARKS.iter().any(|mark| {
        let mut value = [0_u8; 8];
        let read = rustix::fs::getxattr(cgroup, *mark, &mut value[..]);
        read.is_ok_and(|length| value[..length] == *b"1")
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)
}

#[cfg(test)]
mod tests;
