//! The mark that all processes of an attempt inherit in their environment. Who cleared its environment is found by its
//! descent, not here.

use std::{fs, io};

use crate::{Process, Table};

/// The environment variable that holds the mark.
pub const MARK: &str = "ROUNDSMAN_ATTEMPT";

/// The mark a process was started with, if it has one and we may look.
pub fn mark_of(pid: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = environment
        .split(|byte| *byte == 0)
        .find_map(|variable| variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// All marked processes that run, with their marks.
pub fn marked() -> io::Result<Vec<(Process, String)>> {
    let table = Table::read()?;
    let alive = table.iter().filter(|process| !process.is_zombie);
    Ok(alive.filter_map(|process| Some((*process, mark_of(process.pid)?))).collect())
}
