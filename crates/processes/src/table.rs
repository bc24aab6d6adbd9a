//! All processes at one time, and who descends from whom. A look is not a lock: whoever ends a tree looks again until
//! nothing is found.

use std::{collections::HashSet, fs, io, os::unix::ffi::OsStrExt};

use crate::{Process, has_children};

/// All processes that this one may see.
#[derive(Debug, Clone, Default)]
pub struct Table(Vec<Process>);

impl Table {
    /// Looks at `/proc`.
    pub fn read() -> io::Result<Self> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            if entry.file_name().as_bytes().first().is_some_and(u8::is_ascii_digit) {
                // Gone meanwhile, or not for us to see: neither is in our trees.
                found.extend(fs::read(entry.path().join("stat")).ok().and_then(|stat| Process::parse(&stat)));
            }
        }
        Ok(Self(found))
    }

    /// All processes.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.0.iter()
    }

    /// Everything below the given processes, without themselves.
    pub fn below(&self, roots: &HashSet<i32>) -> Vec<Process> {
        let mut inside = roots.clone();
        let mut found = Vec::new();
        loop {
            let before = found.len();
            for process in &self.0 {
                if inside.contains(&process.parent) && inside.insert(process.pid) {
                    found.push(*process);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// The given process and everything above it.
    pub fn lineage(&self, pid: i32) -> HashSet<i32> {
        let mut line = HashSet::new();
        let mut next = Some(pid);
        while let Some(pid) = next.filter(|pid| line.insert(*pid)) {
            next = self.0.iter().find(|process| process.pid == pid).map(|process| process.parent);
        }
        line
    }
}

/// Everything below this process. Exact where it says "none": the kernel itself is asked.
pub fn below_me() -> io::Result<Vec<Process>> {
    if !has_children() {
        return Ok(Vec::new());
    }
    let me = std::process::id().cast_signed();
    let found = Table::read()?.below(&HashSet::from([me]));
    // A child that was missed, because it came while the look went on, is looked at alone.
    if found.is_empty() {
        let children = crate::child_numbers()?.unwrap_or_default();
        return Ok(children.into_iter().filter_map(Process::read).collect());
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
