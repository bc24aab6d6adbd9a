//! Results that the store could not take at once: kept in their order, in memory and in files, until it takes them. What
//! they mean for a run is not its matter; it never throws one away that the store has not answered for.

mod file;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roundsman_model::{RunId, StoreId, Timestamp};
use roundsman_store::{Settled, Settlement, StoreResult};
use roundsman_telemetry::{ResultKept, ResultReplayed, set_unwritten};
use tokio::sync::Notify;

use self::file::Kept;
use crate::{
    Engine,
    engine::store_pause,
    settle::{bare_end, with_sources},
};

/// The longest pause between two tries to write a result.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Where a result stands in line.
type Turn = (Timestamp, RunId, u32);

/// Results that wait for the store. Only the oldest is tried, so that they arrive in order and nothing spins.
pub(crate) struct Spool {
    folder: Option<PathBuf>,
    store: StoreId,
    line: Mutex<BTreeSet<Turn>>,
    moved: Notify,
}

impl Spool {
    /// A spool with its files in this folder; without one it keeps results in memory only.
    pub(crate) fn new(folder: Option<PathBuf>, store: StoreId) -> Self {
        Self { folder, store, line: Mutex::default(), moved: Notify::new() }
    }

    fn line(&self) -> MutexGuard<'_, BTreeSet<Turn>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many results wait.
    pub(crate) fn len(&self) -> usize {
        self.line().len()
    }

    /// Whether none waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.line().is_empty()
    }

    /// The store answers again: whoever is first need not wait for its time.
    pub(crate) fn try_now(&self) {
        self.moved.notify_waiters();
    }

    /// Puts a result in line, and into a file if there is a folder.
    pub(crate) async fn keep(&self, settlement: &Settlement) -> Waiting<'_> {
        let lease = &settlement.lease;
        let turn = (settlement.at, lease.run, lease.attempt);
        let mut waiting = Waiting { spool: self, turn, file: None };
        {
            let mut line = self.line();
            line.insert(turn);
            set_unwritten(line.len());
        }
        if let Some(folder) = &self.folder {
            let kept = Kept { store: self.store.clone(), settlement: settlement.clone() };
            match file::write(folder, &kept).await {
                Ok(path) => waiting.file = Some(path),
                Err(error) => {
                    let folder = folder.display();
                    tracing::error!(
                        run.id = %lease.run,
                        "cannot keep the result of an attempt in {folder}: {error}; it is kept in memory only"
                    );
                }
            }
        }
        ResultKept { run: lease.run, attempt: lease.attempt, file: waiting.file.as_deref() }.emit();
        waiting
    }
}

/// A result in line. When this is dropped the place is free; a file stays until the store has answered for it.
pub(crate) struct Waiting<'a> {
    spool: &'a Spool,
    turn: Turn,
    file: Option<PathBuf>,
}

impl Waiting<'_> {
    /// Returns when all older results have gone.
    pub(crate) async fn turn(&self) {
        loop {
            let moved = self.spool.moved.notified();
            let mut moved = std::pin::pin!(moved);
            moved.as_mut().enable();
            if self.spool.line().first() == Some(&self.turn) {
                return;
            }
            moved.await;
        }
    }

    /// A pause before the next try; ends early when the store answers again.
    pub(crate) async fn pause(&self, failures: u32) {
        tokio::select! {
            () = tokio::time::sleep(away_pause(failures)) => {}
            () = self.spool.moved.notified() => {}
        }
    }

    /// The store has it.
    pub(crate) async fn taken(mut self) {
        if let Some(file) = self.file.take() {
            file::remove(&file).await;
        }
    }

    /// The store will never take it.
    pub(crate) async fn refused(mut self) {
        if let Some(file) = self.file.take() {
            file::set_aside(&file, "refused").await;
        }
    }

    /// Whether it is in a file.
    pub(crate) const fn is_in_a_file(&self) -> bool {
        self.file.is_some()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut line = self.spool.line();
        line.remove(&self.turn);
        set_unwritten(line.len());
        drop(line);
        self.spool.moved.notify_waiters();
    }
}

/// Doubles from 200 ms to half a minute.
fn away_pause(failures: u32) -> Duration {
    if failures < 6 { store_pause(failures) } else { Duration::from_secs(5 << (failures - 5).min(3)) }
        .min(LONGEST_PAUSE)
}

/// Hands the store what earlier boots could not, oldest first. To be called before anything is reconciled or taken back:
/// a run whose result is known is not lost. Returns how many results were handed over.
pub async fn replay(engine: &Engine) -> StoreResult<usize> {
    let Some(folder) = &engine.spool.folder else { return Ok(0) };
    let files = match file::list(folder).await {
        Ok(files) => files,
        Err(error) => {
            tracing::error!("cannot look for results kept in {}: {error}", folder.display());
            return Ok(0);
        }
    };
    let mut count = 0;
    for path in files {
        count += usize::from(replay_one(engine, &path).await?);
    }
    Ok(count)
}

async fn replay_one(engine: &Engine, path: &Path) -> StoreResult<bool> {
    let kept = match file::read(path).await {
        Ok(kept) => kept,
        Err(error) => {
            tracing::error!("{} is no result that can be read: {error}; it is set aside", path.display());
            file::set_aside(path, "damaged").await;
            return Ok(false);
        }
    };
    if kept.store != engine.spool.store {
        let (path, store) = (path.display(), &kept.store);
        tracing::warn!("{path} is a result for another store ({store}); it stays where it is");
        return Ok(false);
    }
    let settlement = kept.settlement;
    let lease = settlement.lease.clone();
    match engine.note_write(engine.store().settle(settlement.clone()).await) {
        Ok(settled) => {
            file::remove(path).await;
            ResultReplayed { run: lease.run, attempt: lease.attempt, late: settled == Settled::Late }.emit();
            Ok(true)
        }
        Err(error) if error.is_refusal() => {
            let why = with_sources(&error);
            tracing::error!(run.id = %lease.run, "the store refuses the result in {}: {why}", path.display());
            let bare = bare_end(&settlement, &why);
            match engine.note_write(engine.store().settle(bare).await) {
                Err(error) if !error.is_refusal() => return Err(error),
                _ => file::set_aside(path, "refused").await,
            }
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
