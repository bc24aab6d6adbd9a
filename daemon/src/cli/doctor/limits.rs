//! What this process may use: open files, processes, and the rights of the files it makes. It raises no limit.

use std::fs;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use roundsman_model::Finding;

/// Files that a daemon has open without any worker, with room for the store's connections and for HTTP.
const OWN_FILES: u64 = 128;
/// Files that each worker costs the daemon.
const FILES_PER_WORKER: u64 = 8;
/// Processes and threads that a worker has at least, and room for what it starts.
const PROCESSES_PER_WORKER: u64 = 8;
/// Workers that are counted on where the configuration cannot be read.
const SOME_WORKERS: usize = 16;

/// Looks at the limits of this process; the daemon's are those of the unit or shell that starts it.
pub(super) fn look(workers: Option<usize>) -> Vec<Finding> {
    let workers = workers.unwrap_or(SOME_WORKERS) as u64;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let root = nix::unistd::geteuid().is_root();
    let soft = |resource| getrlimit(resource).map(|(soft, _)| soft).ok();
    vec![
        open_files(soft(Resource::RLIMIT_NOFILE), workers),
        processes(soft(Resource::RLIMIT_NPROC).filter(|_| !root), workers),
        umask(&status),
    ]
}

fn open_files(limit: Option<u64>, workers: u64) -> Finding {
    let needed = OWN_FILES + FILES_PER_WORKER * workers;
    match limit.filter(|limit| *limit != RLIM_INFINITY) {
        Some(limit) if limit < needed => Finding::warning(
            "open files",
            format!("this process may have {limit}, and {workers} workers need about {needed}"),
            "raise LimitNOFILE= of the unit or `ulimit -n`, or lower `workers` in [daemon]",
        ),
        Some(limit) => Finding::ok("open files", format!("up to {limit}, enough for {workers} workers")),
        None => Finding::ok("open files", "not limited"),
    }
}

fn processes(limit: Option<u64>, workers: u64) -> Finding {
    let needed = PROCESSES_PER_WORKER * workers;
    match limit.filter(|limit| *limit != RLIM_INFINITY) {
        Some(limit) if limit < needed => Finding::warning(
            "processes",
            format!("this user may have {limit}, and {workers} workers need about {needed}"),
            "raise LimitNPROC= of the unit or `ulimit -u`, or lower `workers` in [daemon]",
        ),
        Some(limit) => Finding::ok("processes", format!("up to {limit}, enough for {workers} workers")),
        None => Finding::ok("processes", "not limited for this user"),
    }
}

/// Our own files have a mode of their own; those of tasks have what this leaves.
fn umask(status: &str) -> Finding {
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let Some(mask) = mask.and_then(|text| u32::from_str_radix(text.trim(), 8).ok()) else {
        return Finding::ok("umask", "not told by this kernel");
    };
    if mask & 0o002 == 0 {
        return Finding::warning(
            "umask",
            format!("{mask:04o}: everybody may write to the files that tasks make"),
            "set UMask=0027 in the unit, or `umask 027` in the shell that starts the daemon",
        );
    }
    Finding::ok("umask", format!("{mask:04o}"))
}

#[cfg(test)]
mod tests {
    use nix::sys::resource::RLIM_INFINITY;
    use roundsman_model::FindingLevel::{Ok, Warning};

    use super::{open_files, processes, umask};

    #[test]
    fn limits_are_measured_by_the_number_of_workers() {
        assert_eq!(open_files(Some(1024), 16).level, Ok);
        assert_eq!(open_files(Some(256), 17).level, Warning);
        assert_eq!(open_files(Some(RLIM_INFINITY), 10_000).level, Ok);
        assert_eq!(processes(Some(100), 16).level, Warning);
        assert_eq!(processes(None, 10_000).level, Ok);
    }

    #[test]
    fn a_umask_that_lets_everybody_write_is_a_warning() {
        assert_eq!(umask("Name:\tx\nUmask:\t0000\n").level, Warning);
        assert_eq!(umask("Umask:\t0022\n").level, Ok);
        assert_eq!(umask("").level, Ok);
    }
}
