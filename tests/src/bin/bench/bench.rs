//! What every section is given: a runtime, its size, and the programs under test. It measures nothing.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::runtime::Runtime;

/// What every section is given.
pub(crate) struct Bench {
    runtime: Runtime,
    quick: bool,
}

impl Bench {
    pub(crate) fn new(quick: bool) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok(Self { runtime, quick })
    }

    /// A size: the real one, or one that only shows that the section works.
    pub(crate) fn size(&self, real: usize, quick: usize) -> usize {
        if self.quick { quick } else { real }
    }

    /// Does something that has to end within a time.
    pub(crate) fn within<T>(&self, limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let bounded = async { tokio::time::timeout(limit, work).await };
        self.runtime.block_on(bounded).with_context(|| format!("did not end within {limit:?}"))?
    }
}

/// Tells whoever waits what is being done.
pub(crate) fn say(what: &str) {
    eprintln!("… {what}");
}

/// This program, which is a Roundsman that also knows the kind `stamp`: the very file that runs, also when a build has
/// put another in its place.
pub(crate) fn this_program() -> PathBuf {
    "/proc/self/exe".into()
}

/// The `roundsman` that was built beside this program.
pub(crate) fn roundsman() -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot find this program")?;
    let path = this.with_file_name("roundsman");
    ensure!(path.exists(), "{} is not built: run `cargo xtask bench`", path.display());
    Ok(path)
}
