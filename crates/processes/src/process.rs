//! One process, known by its number and start time, so that a number given anew is never taken for it. It does not
//! decide whom a signal goes to.

use std::{fs, io};

use rustix::{
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, pidfd_send_signal, waitid,
    },
};

/// A process as the kernel showed it at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its parent's number.
    pub parent: i32,
    /// Its session.
    pub session: i32,
    /// When it started, in ticks since the machine did.
    pub started: u64,
    /// Whether it has ended and only waits for its parent to ask how.
    pub is_zombie: bool,
}

impl Process {
    /// The process that has this number now.
    pub fn read(pid: i32) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Reads a line of `/proc/PID/stat`. The name in it may hold anything, brackets and blanks included.
    pub(crate) fn parse(stat: &[u8]) -> Option<Self> {
        let name_end = stat.iter().rposition(|byte| *byte == b')')?;
        let pid = std::str::from_utf8(stat.split(|byte| *byte == b' ').next()?).ok()?.parse().ok()?;
        let mut fields = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(15)?.parse().ok()?;
        Some(Self { pid, parent, session, started, is_zombie: matches!(state, "Z" | "X" | "x") })
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.started == self.started && !now.is_zombie)
    }

    /// Sends it a signal; says whether it was there to take it.
    pub fn signal(&self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        match pidfd_open(pid, PidfdFlags::empty()) {
            // Only after the descriptor is open does an equal start time prove whose descriptor it is.
            Ok(fd) => self.is_alive() && pidfd_send_signal(fd, signal).is_ok(),
            // A descriptor could not be had (old kernel, none left); the moment between look and kill has to do.
            Err(Errno::NOSYS | Errno::MFILE | Errno::NFILE | Errno::PERM) => {
                self.is_alive() && kill_process(pid, signal).is_ok()
            }
            Err(_) => false,
        }
    }
}

/// Takes the exit status of one child, if it has ended. Never any other's.
pub fn reap(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)))
}

/// Whether this process has any child, ended ones that were not asked for included. It takes no child's status.
pub fn has_children() -> bool {
    /// Children of every sort, whatever signal their end sends (`__WALL`).
    const ALL_SORTS: u32 = 0x4000_0000;
    let options = WaitIdOptions::EXITED
        | WaitIdOptions::NOHANG
        | WaitIdOptions::NOWAIT
        | WaitIdOptions::from_bits_retain(ALL_SORTS);
    loop {
        match waitid(WaitId::All, options) {
            Err(Errno::INTR) => {}
            Err(Errno::CHILD) => return false,
            _ => return true,
        }
    }
}

/// The numbers of this process's children, from the kernel's own lists; absent where it keeps none.
pub fn child_numbers() -> io::Result<Option<Vec<i32>>> {
    if !fs::exists("/proc/thread-self/children")? {
        return Ok(None);
    }
    let mut found = Vec::new();
    for thread in fs::read_dir("/proc/self/task")? {
        // A thread that ended meanwhile has no list; its children have another thread as their parent now.
        let list = fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        found.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    Ok(Some(found))
}
