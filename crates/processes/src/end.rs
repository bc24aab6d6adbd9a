//! Ending processes that come and go: tell, look again, tell the new ones, until a look finds none. Who is to be ended
//! is the caller's question, asked anew each time.

use std::{
    collections::HashSet,
    io,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{Process, reap};

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Who was told to end already: the polite signal comes once, or a handler that cleans up would be disturbed.
#[derive(Debug, Default)]
pub struct Told(HashSet<(i32, u64)>);

impl Told {
    /// Sends TERM to those who have not had it, and wakes them if they were stopped. Returns how many were new.
    pub fn tell(&mut self, found: &[Process]) -> usize {
        let mut new = 0;
        for process in found.iter().filter(|process| !process.is_zombie) {
            if self.0.insert((process.pid, process.started)) {
                new += 1;
                process.signal(Signal::TERM);
                process.signal(Signal::CONT);
            }
        }
        new
    }
}

/// Ends whatever `find` finds: TERM to those not `told` yet, then KILL after `grace`, until it finds nothing that runs.
/// Children of this process among them are reaped. Returns how many there were.
pub fn end_all(
    mut find: impl FnMut() -> io::Result<Vec<Process>>,
    mut told: Told,
    grace: Duration,
) -> io::Result<u32> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    while begun.elapsed() < grace {
        let found = find()?;
        told.tell(&found);
        if !any_left(&found) {
            return Ok(count(&told.0));
        }
        wait_a_little(&mut pause);
    }
    kill_until_none(find, told.0)
}

/// Ends whatever `find` finds with KILL, until it finds nothing that runs. Children of this process among them are
/// reaped. Returns how many there were.
pub fn kill_all(find: impl FnMut() -> io::Result<Vec<Process>>) -> io::Result<u32> {
    kill_until_none(find, HashSet::new())
}

fn kill_until_none(
    mut find: impl FnMut() -> io::Result<Vec<Process>>,
    mut seen: HashSet<(i32, u64)>,
) -> io::Result<u32> {
    let mut pause = Duration::from_millis(1);
    loop {
        let found = find()?;
        for process in found.iter().filter(|process| !process.is_zombie) {
            if seen.insert((process.pid, process.started)) {
                // Someone new: whoever makes them is quick, so the next look comes soon.
                pause = Duration::from_millis(1);
            }
            process.signal(Signal::KILL);
        }
        if !any_left(&found) {
            return Ok(count(&seen));
        }
        wait_a_little(&mut pause);
    }
}

/// Reaps what has ended; says whether another look is needed.
fn any_left(found: &[Process]) -> bool {
    let me = std::process::id().cast_signed();
    let mut left = false;
    for process in found {
        if !process.is_zombie {
            left = true;
        } else if process.parent == me {
            // Its own children may only now have become ours.
            left |= reap(process.pid);
        }
    }
    left
}

/// Pauses, and makes the next pause longer.
#[expect(clippy::disallowed_methods, reason = "nothing tells of the end of a process that is no child")]
pub fn wait_a_little(pause: &mut Duration) {
    std::thread::sleep(*pause);
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

fn count(seen: &HashSet<(i32, u64)>) -> u32 {
    u32::try_from(seen.len()).unwrap_or(u32::MAX)
}
