//! Resource limits that the worker sets itself once it knows its task. It does not enforce the time limit; the guard
//! does.

use std::io;

use roundsman_model::{Sandbox, sandbox::OWN_THREADS};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files where the task names no limit: enough for thousands of connections, few enough for programs that walk
/// over all possible descriptors.
const DEFAULT_OPEN_FILES: u64 = 4096;
/// Descriptors above the task's limit that only the guard uses, so that it can always read `/proc`.
const RESERVED_FILES: u64 = 16;
/// Seconds between the signal that the processor time is used up and the end by force.
const CPU_GRACE_SECS: u64 = 5;

/// Sets what the task asks for and the defaults for the rest. Memory is left alone where a cgroup limits it.
pub(crate) fn set(limits: &Sandbox, in_cgroup: bool) -> io::Result<()> {
    let files = getrlimit(Resource::Nofile);
    let hard = files.maximum.unwrap_or(u64::MAX);
    let (current, maximum) = match limits.open_files {
        Some(wanted) => (wanted.min(hard), wanted.saturating_add(RESERVED_FILES).min(hard)),
        None => (files.current.unwrap_or(u64::MAX).min(DEFAULT_OPEN_FILES), hard),
    };
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: Some(maximum) })?;
    if let Some(cpu) = limits.cpu_time {
        let secs = cpu.get().as_secs().max(1);
        lower(Resource::Cpu, secs, secs + CPU_GRACE_SECS)?;
    }
    if let Some(space) = limits.memory.filter(|_| !in_cgroup) {
        lower(Resource::Data, space.bytes(), space.bytes())?;
    }
    Ok(())
}

/// Limits the processes and threads of the user that this process is, the worker's own not counted in.
pub(crate) fn set_processes(limits: &Sandbox) -> io::Result<()> {
    let Some(processes) = limits.processes else { return Ok(()) };
    let most = u64::from(processes) + u64::from(OWN_THREADS);
    lower(Resource::Nproc, most, most)
}

/// How many processes and threads there are of the user that this process is, besides this process.
pub(crate) fn others_of_this_user() -> u64 {
    let (own, uid) = (std::process::id().to_string(), rustix::process::getuid().as_raw().to_string());
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let others = pids.filter(|name| *name != own && name.bytes().all(|byte| byte.is_ascii_digit()));
    let statuses = others.filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok());
    statuses.filter_map(|status| threads_of(&status, &uid)).sum()
}

/// How many threads a process has, if it is this user's, by its status in `/proc`.
fn threads_of(status: &str, uid: &str) -> Option<u64> {
    let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next());
    (value("Uid:")? == uid).then_some(())?;
    value("Threads:")?.parse().ok()
}

/// Gives the guard the descriptors that were kept back for it.
pub(crate) fn open_reserve() {
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
}

fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(current.min(hard)), maximum: Some(maximum.min(hard)) };
    Ok(setrlimit(resource, limit)?)
}
