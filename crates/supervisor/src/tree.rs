//! Ending the tree of an attempt from outside, with what escaped from it: by descent while the worker lives, by the mark,
//! and by what became our child without having been started by us. It decides neither when nor why.

use std::{
    collections::HashSet,
    io,
    process::{Child, Command},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use roundsman_processes::{Process, Table, child_numbers, kill_all, mark_of};
use rustix::process::Signal;

/// How long everything below a worker is killed before the worker itself is: as long as it lives it holds its tree
/// together.
const BELOW_FIRST: Duration = Duration::from_millis(500);
/// How often an empty look is repeated: a process may have been born and orphaned between two lines of one look.
const EMPTY_LOOKS: u32 = 2;

/// The workers that run now.
#[derive(Default)]
pub(crate) struct Workers(Mutex<HashSet<i32>>);

impl Workers {
    /// The workers of this process, whichever executor starts them: one that knew only its own would take those of another
    /// for orphans, and end them.
    pub(crate) fn of_process() -> Arc<Self> {
        static WORKERS: LazyLock<Arc<Workers>> = LazyLock::new(Arc::default);
        WORKERS.clone()
    }

    /// Starts a process and knows it from its first moment: no look at the table can take it for an orphan.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut known = self.lock();
        let child = command.spawn()?;
        known.insert(child.id().cast_signed());
        Ok(child)
    }

    /// It was reaped.
    pub(crate) fn forget(&self, pid: i32) {
        self.lock().remove(&pid);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<i32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Processes that fell to us when their worker died. Children that this process started itself share its session,
    /// and no process can enter a session from outside. The look at the table must be older than the call. The session
    /// is 0 for all of us when its leader lives outside our process namespace, as in a container that shares a terminal.
    fn orphans<'a>(&self, looked_at: impl Iterator<Item = &'a Process>) -> io::Result<Vec<Process>> {
        let me = Process::read(std::process::id().cast_signed())
            .ok_or_else(|| io::Error::other("/proc does not show this very process"))?;
        let known = self.lock();
        let ours = |process: &&Process| process.parent == me.pid && process.session != me.session;
        Ok(looked_at.filter(ours).filter(|process| !known.contains(&process.pid)).copied().collect())
    }

    /// Whether any orphan fell to us, without a look at the whole table where the kernel keeps lists of children.
    fn has_orphans(&self) -> io::Result<bool> {
        let Some(children) = child_numbers()? else {
            return Ok(!self.orphans(Table::read()?.iter())?.is_empty());
        };
        // Most children are workers that run: only the others are looked at.
        let unknown: Vec<i32> = {
            let known = self.lock();
            children.into_iter().filter(|pid| !known.contains(pid)).collect()
        };
        let found: Vec<Process> = unknown.into_iter().filter_map(Process::read).collect();
        Ok(!self.orphans(found.iter())?.is_empty())
    }
}

/// Kills a tree whose worker lives: everything below it first, then the worker. What is left then, or comes meanwhile,
/// [`end_remains`] finds.
pub(crate) fn kill_below_and(worker: &Process) -> u32 {
    let until = Instant::now() + BELOW_FIRST;
    let below = || {
        if Instant::now() >= until {
            return Ok(Vec::new());
        }
        Ok(Table::read()?.below(&HashSet::from([worker.pid])))
    };
    let killed = kill_all(below).unwrap_or_default();
    worker.signal(Signal::KILL);
    killed
}

/// Kills and reaps what is left of an attempt whose worker has ended, until nothing is. Returns how many there were.
pub(crate) fn end_remains(worker: &Process, mark: &str, workers: &Workers) -> io::Result<u32> {
    let mut empty_looks = 0;
    let mut killed = 0;
    while empty_looks < EMPTY_LOOKS {
        let found = kill_all(|| remains(worker, mark, workers))?;
        killed += found;
        empty_looks = if found == 0 { empty_looks + 1 } else { 0 };
    }
    Ok(killed)
}

/// The same for a worker that said it was alone: there is something left only if its last threads were up to something.
pub(crate) fn end_remains_of_tidy(worker: &Process, mark: &str, workers: &Workers) -> io::Result<u32> {
    if workers.has_orphans()? { end_remains(worker, mark, workers) } else { Ok(0) }
}

fn remains(worker: &Process, mark: &str, workers: &Workers) -> io::Result<Vec<Process>> {
    let table = Table::read()?;
    let mut found = workers.orphans(table.iter())?;
    let marked = |process: &&Process| {
        process.pid != worker.pid && !process.is_zombie && mark_of(process.pid).as_deref() == Some(mark)
    };
    found.extend(table.iter().filter(marked));
    let roots: HashSet<i32> = found.iter().map(|process| process.pid).chain([worker.pid]).collect();
    found.extend(table.below(&roots));
    let mut seen = HashSet::new();
    found.retain(|process| seen.insert(process.pid));
    Ok(found)
}
