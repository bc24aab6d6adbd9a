//! The kinds of a running daemon: what was found last, what of it counts, and how to look again. It decides nothing about
//! tasks.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use roundsman_config::Loaded;

use super::{Broken, Catalogue, Maker, Shelf, maker::Made};

/// The kinds of a running daemon.
pub(crate) struct Stock {
    pub(crate) maker: Maker,
    /// Those that count now.
    pub(crate) shelf: Shelf,
    state_dir: PathBuf,
    last: Mutex<Made>,
}

impl Stock {
    /// Those that count with this configuration.
    pub(crate) fn new(maker: Maker, made: Made, loaded: &Loaded) -> Self {
        let shelf = Shelf::new(made.catalogue.settled(loaded));
        let state_dir = loaded.settings.state_dir.value.clone();
        Self { maker, shelf, state_dir, last: Mutex::new(made) }
    }

    /// What was found last.
    pub(crate) fn last(&self) -> MutexGuard<'_, Made> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is broken, and writes down what was accepted. To be called by the one who holds the state directory.
    pub(crate) fn begin(&self) {
        let now = self.shelf.now();
        tell(&[], now.broken());
        self.maker.accept(&self.last(), &now, &self.state_dir);
    }

    /// From now on this counts, in place of what counted before.
    pub(crate) fn take(&self, made: Made, settled: Catalogue, before: &Catalogue) {
        tell(before.broken(), settled.broken());
        self.maker.accept(&made, &settled, &self.state_dir);
        self.shelf.set(settled);
        *self.last() = made;
    }
}

/// Says what is broken and was not before, and what is in order again: each once.
fn tell(before: &[Broken], now: &[Broken]) {
    let same = |a: &Broken, b: &Broken| a.path == b.path && a.reason == b.reason && a.kept == b.kept;
    for broken in now.iter().filter(|one| !before.iter().any(|other| same(one, other))) {
        tracing::warn!("{}", crate::cli::look::clean(&broken.sentence()));
    }
    for mended in before.iter().filter(|one| !now.iter().any(|other| one.path == other.path)) {
        tracing::info!("{}: in order again, or gone", mended.path.display());
    }
}
