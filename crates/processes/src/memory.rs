//! How much memory this process has had. What others had their parents learn when they end.

use std::fs;

/// The most memory that this program had resident, in bytes; nothing where the system does not tell. Unlike `ru_maxrss`
/// it does not begin with what the process was before it became this program.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse().ok().map(|kib: u64| kib * 1024)
}
