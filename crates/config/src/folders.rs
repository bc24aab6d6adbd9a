//! Where the kinds from files and the daemon's state are, read from a configuration before it is loaded: to load it, the
//! kinds must be known. What is wrong anywhere else does not matter here; loading tells it.

use std::path::{Path, PathBuf};

use crate::{
    combine::combine,
    environment::Environment,
    kinds::{KindFacts, Kinds},
    origin::Setting,
    pass::Pass,
    settings, source,
};

/// The folders that must be known before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The daemon's state, if it can be told.
    pub state_dir: Option<PathBuf>,
    /// Scripts. One that nobody wrote need not exist.
    pub scripts: Setting<Option<PathBuf>>,
    /// Plugins. One that nobody wrote need not exist.
    pub plugins: Setting<Option<PathBuf>>,
}

/// Finds the folders by the same rules as [`load`](crate::load).
pub fn folders(file: Option<&Path>, env: &Environment) -> Folders {
    let mut pass = Pass::new(&NoKinds, env);
    let sources = source::read_all(file, env, &mut pass.drafts);
    let mut combined = combine(&sources, &mut pass.drafts);
    settings::folders(&mut pass, &mut combined.daemon, &source::folder(file, env))
}

struct NoKinds;

impl Kinds for NoKinds {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn kind(&self, _: &str) -> Option<KindFacts> {
        None
    }
}
