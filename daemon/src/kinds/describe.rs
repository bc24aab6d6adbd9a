//! Asks plugins what they are, several at a time, each once for each version. It never loads one: workers do.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures::{StreamExt as _, stream};
use roundsman_engine::{DESCRIBE_WITHIN, Undescribed};
use roundsman_model::{Clock as _, KindDescription};
use roundsman_supervisor::ProcessExecutor;
use roundsman_task::SystemClock;
use roundsman_wire::Executor;

/// So many are asked at the same time.
const AT_ONCE: usize = 4;

/// A plugin that is asked.
pub(super) struct Asked {
    pub(super) path: PathBuf,
    pub(super) sha256: String,
}

/// Asks plugins what they are.
pub(super) struct Describer {
    /// Where workers have their folders.
    work_root: PathBuf,
    /// What belongs to the daemon.
    protected: Vec<PathBuf>,
    executor: OnceLock<Result<Arc<dyn Executor>, String>>,
    /// What came of versions that could not say what they are.
    failed: Mutex<BTreeMap<String, String>>,
}

impl Describer {
    /// One whose workers have their folders here. Nothing is started before there is a plugin to ask.
    pub(super) fn new(work_root: PathBuf, protected: Vec<PathBuf>) -> Self {
        Self { work_root, protected, executor: OnceLock::new(), failed: Mutex::default() }
    }

    /// Asks again those that failed.
    pub(super) fn forget_failures(&self) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What these plugins say they are, or why they do not.
    pub(super) async fn ask(&self, plugins: Vec<Asked>) -> Vec<(PathBuf, Result<KindDescription, String>)> {
        let ask = |plugin: Asked| async move {
            let said = self.ask_one(&plugin.path, &plugin.sha256).await;
            (plugin.path, said)
        };
        stream::iter(plugins).map(ask).buffered(AT_ONCE).collect().await
    }

    async fn ask_one(&self, path: &Path, sha256: &str) -> Result<KindDescription, String> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = failed().get(sha256).cloned();
        if let Some(why) = before {
            return Err(why);
        }
        let executor = self.executor()?;
        let protected = &self.protected[..];
        let plugin = Undescribed { path, sha256, protected, within: DESCRIBE_WITHIN, now: SystemClock.now() };
        let said = roundsman_engine::describe(executor.as_ref(), plugin).await;
        if let Err(why) = &said {
            failed().insert(sha256.to_owned(), why.clone());
        }
        said
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
