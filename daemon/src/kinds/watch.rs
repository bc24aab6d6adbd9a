//! Notices that something in the folders of kinds has changed: by what the kernel tells, once it is quiet, and by a look
//! every minute, since watches get lost and some file systems tell nothing. What follows is decided by whoever applies it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use roundsman_engine::Service;
use tokio::{sync::Notify, time::Instant};

/// Changes are looked at when it was quiet for so long,
const QUIET: Duration = Duration::from_millis(300);
/// or at the latest after this.
const LATEST: Duration = Duration::from_secs(2);
/// Between two looks when nothing is heard.
const REST: Duration = Duration::from_mins(1);
/// When something is probably still being written.
const SOON: Duration = Duration::from_secs(1);

/// Looks at the folders and applies what has changed.
#[async_trait]
pub(crate) trait Applies: Send + Sync + 'static {
    /// Does it once.
    async fn look_at_kinds(&self) -> Looked;
}

/// What a look came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The folders of kinds, whether they are there or not.
    pub(crate) roots: Vec<PathBuf>,
    /// All folders that are there.
    pub(crate) folders: Vec<PathBuf>,
    /// Whether something is probably still being written.
    pub(crate) unfinished: bool,
}

/// Watches the folders of kinds.
pub(crate) struct Watcher {
    applies: Arc<dyn Applies>,
    heard: Arc<Heard>,
    wakeups: Arc<Notify>,
    notifier: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// Whether it was said that the kernel does not tell.
    complained: bool,
}

/// What the kernel told.
#[derive(Default)]
struct Heard {
    last: Mutex<Option<Instant>>,
    roots: Mutex<Vec<PathBuf>>,
}

impl Watcher {
    /// A watcher that lets these changes be applied.
    pub(crate) fn new(applies: Arc<dyn Applies>) -> Self {
        let (heard, wakeups) = (Arc::new(Heard::default()), Arc::new(Notify::new()));
        let notifier = listen(heard.clone(), wakeups.clone());
        Self { applies, heard, wakeups, notifier, watched: BTreeSet::new(), complained: false }
    }

    /// Waits until nothing was heard for a while, but not for ever.
    async fn quiet(&self) {
        let begun = Instant::now();
        loop {
            let last = self.heard.last.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(last) = last else { return };
            if begun.elapsed() >= LATEST {
                return;
            }
            tokio::time::sleep_until((last + QUIET).min(begun + LATEST)).await;
        }
    }

    /// Watches the folders there are, and those in which they are or will be.
    fn watch(&mut self, looked: &Looked) {
        self.heard.roots.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&looked.roots);
        let above = looked.roots.iter().filter_map(|root| root.parent()).filter(|above| above.is_dir());
        let wanted: BTreeSet<PathBuf> =
            looked.folders.iter().cloned().chain(above.map(Path::to_owned)).collect();
        let Some(notifier) = &mut self.notifier else { return };
        for lost in self.watched.difference(&wanted) {
            // One that was removed is not watched any more anyway.
            let _ = notifier.unwatch(lost);
        }
        let mut failed = None;
        // Each is asked for every time: a folder that was removed and made again has the same name.
        for folder in &wanted {
            if let Err(error) = notifier.watch(folder, RecursiveMode::NonRecursive) {
                failed = Some(format!("{}: {error}", folder.display()));
            }
        }
        self.watched = wanted;
        if let Some(why) = failed.filter(|_| !self.complained) {
            self.complained = true;
            tracing::warn!(
                "changes of kinds are noticed within a minute, not at once: the system does not watch {why}"
            );
        }
    }
}

/// Listens to the kernel. Without it changes are noticed later.
fn listen(heard: Arc<Heard>, wakeups: Arc<Notify>) -> Option<RecommendedWatcher> {
    let told = move |event: notify::Result<Event>| {
        // An error means that something may have been lost: then it is time to look, too.
        if event.is_ok_and(|event| !heard.concerns(&event)) {
            return;
        }
        *heard.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        wakeups.notify_one();
    };
    notify::recommended_watcher(told)
        .inspect_err(|error| {
            tracing::warn!("changes of kinds are noticed within a minute, not at once: {error}");
        })
        .ok()
}

impl Heard {
    /// Whether an event may change a kind. Reading is none, and neither is what happens beside the folders.
    fn concerns(&self, event: &Event) -> bool {
        let writes = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) => false,
            _ => true,
        };
        let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |path: &PathBuf| roots.iter().any(|root| path.starts_with(root));
        writes && (event.paths.is_empty() || event.need_rescan() || event.paths.iter().any(within))
    }
}

#[async_trait]
impl Service for Watcher {
    fn name(&self) -> &'static str {
        "watcher"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        self.quiet().await;
        let looked = self.applies.look_at_kinds().await;
        let before = self.watched.len();
        self.watch(&looked);
        // What came into a new folder before it was watched was heard by nobody.
        let fresh = self.watched.len() > before;
        if looked.unfinished || fresh { SOON } else { REST }
    }
}

#[cfg(test)]
mod tests;
