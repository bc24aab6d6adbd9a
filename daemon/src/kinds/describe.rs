//! Asks plugins what they are, several at a time, each once for each version. It never loads one: workers do.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use roundsman_engine::{DESCRIBE_WITHIN, NoDescription, Undescribed};
use roundsman_model::{Clock as _, KindDescription, Protected, Timestamp};
use roundsman_supervisor::ProcessExecutor;
use roundsman_task::SystemClock;
use roundsman_wire::Executor;
use serde::{Deserialize, Serialize};

/// So many are asked at the same time.
const AT_ONCE: usize = 4;

/// One that may be able to another time is asked again after so long.
const ASKED_AGAIN: Duration = Duration::from_mins(10);

/// Tells what plugins are kept from: what belongs to the daemon, as the configuration is when they are asked.
pub(crate) type Protection = Arc<dyn Fn() -> Protected + Send + Sync>;

/// A plugin that is asked.
pub(super) struct Asked {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
}

/// A version of a plugin that could not say what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// One sentence about what went wrong.
    pub(super) reason: String,
    /// When it was asked.
    pub(super) at: Timestamp,
    /// Whether it may be able to another time.
    pub(super) passing: bool,
}

impl Failed {
    /// Whether it need not be asked again yet.
    pub(super) fn counts(&self, now: Timestamp) -> bool {
        let ago = now.signed_duration_since(self.at).to_std();
        !self.passing || ago.is_ok_and(|ago| ago < ASKED_AGAIN)
    }

    /// What went wrong, and what comes.
    pub(super) fn sentence(&self) -> String {
        let minutes = ASKED_AGAIN.as_secs() / 60;
        if self.passing {
            format!("{}; it is asked again after {minutes} minutes, and with each reload", self.reason)
        } else {
            self.reason.clone()
        }
    }
}

/// Asks plugins what they are.
pub(super) struct Describer {
    /// Where workers have their folders.
    work_root: PathBuf,
    protected: Protection,
    executor: OnceLock<Result<Arc<dyn Executor>, String>>,
    /// What came of versions that could not say what they are, by their hashes.
    failed: Mutex<BTreeMap<String, Failed>>,
}

impl Describer {
    /// One whose workers have their folders here. Nothing is started before there is a plugin to ask.
    pub(super) fn new(work_root: PathBuf, protected: Protection, failed: BTreeMap<String, Failed>) -> Self {
        Self { work_root, protected, executor: OnceLock::new(), failed: Mutex::new(failed) }
    }

    /// Asks again those that failed.
    pub(super) fn forget_failures(&self) {
        self.failed().clear();
    }

    /// Whether it is time to ask one again that failed.
    pub(super) fn is_due(&self) -> bool {
        let now = SystemClock.now();
        self.failed().values().any(|failed| !failed.counts(now))
    }

    /// What came of those of these versions that failed; others are forgotten.
    pub(super) fn failures(&self, there: &BTreeSet<String>) -> BTreeMap<String, Failed> {
        let mut failed = self.failed();
        failed.retain(|sha256, _| there.contains(sha256));
        failed.clone()
    }

    /// What these plugins say they are, or why they do not.
    pub(super) async fn ask(&self, plugins: Vec<Asked>) -> Vec<(PathBuf, Result<KindDescription, String>)> {
        if plugins.is_empty() {
            return Vec::new();
        }
        let protected = self.protected.clone();
        let protected = match tokio::task::spawn_blocking(move || protected()).await {
            Ok(protected) => protected,
            Err(error) => {
                let why = format!("what it is to be kept from cannot be told, so it is not asked: {error}");
                return plugins.into_iter().map(|plugin| (plugin.path, Err(why.clone()))).collect();
            }
        };
        let protected = &protected;
        let ask = |plugin: Asked| async move {
            let said = self.ask_one(&plugin.path, &plugin.sha256, protected).await;
            (plugin.path, said)
        };
        stream::iter(plugins).map(ask).buffered(AT_ONCE).collect().await
    }

    async fn ask_one(
        &self,
        path: &Path,
        sha256: &str,
        protected: &Protected,
    ) -> Result<KindDescription, String> {
        let before = self.failed().get(sha256).filter(|failed| failed.counts(SystemClock.now())).cloned();
        if let Some(failed) = before {
            return Err(failed.sentence());
        }
        let executor = self.executor()?;
        let plugin = Undescribed { path, sha256, protected, within: DESCRIBE_WITHIN, now: SystemClock.now() };
        let said = roundsman_engine::describe(executor.as_ref(), plugin).await;
        said.map_err(|NoDescription { why, passing }| {
            let failed = Failed { reason: why, at: SystemClock.now(), passing };
            let sentence = failed.sentence();
            self.failed().insert(sha256.to_owned(), failed);
            sentence
        })
    }

    fn failed(&self) -> MutexGuard<'_, BTreeMap<String, Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn executor(&self) -> Result<Arc<dyn Executor>, String> {
        let make = || {
            // A command that only looks has not become one yet that starts workers; for a daemon it changes nothing.
            roundsman_supervisor::prepare_daemon()
                .map_err(|error| format!("no worker can be started to ask it: {error}"))?;
            let config = roundsman_supervisor::Config::new(self.work_root.clone(), Arc::new(SystemClock));
            let executor = ProcessExecutor::new(config);
            let executor =
                executor.map_err(|error| format!("no worker can be started to ask it: {error}"))?;
            Ok(Arc::new(executor) as Arc<dyn Executor>)
        };
        self.executor.get_or_init(make).clone()
    }
}

#[cfg(test)]
mod tests;
