//! What plugins are kept from while they are asked what they are, which is before a configuration is loaded with them: as
//! much as can be told of it. What tasks are kept from is told elsewhere.

use std::path::Path;

use roundsman_config::{Environment, Kinds};
use roundsman_credentials::KeyLookup;
use roundsman_model::Protected;

use crate::assemble;

/// What tasks are kept from, as far as the configuration can be read, and in any case the places where configuration and
/// keys usually are.
pub(crate) fn protected(file: Option<&Path>, kinds: &dyn Kinds, environment: &Environment) -> Protected {
    let loaded = roundsman_config::examine(file, kinds, environment).0;
    let mut protected = loaded.as_ref().map(assemble::protected).unwrap_or_default();
    let variable =
        |name: &str| environment.withheld.get(name).or_else(|| environment.variables.get(name)).cloned();
    let folders = roundsman_config::folders(file, environment);
    let state_dir = folders.state_dir.as_deref();
    let keys = KeyLookup::around(variable, None, state_dir.unwrap_or(Path::new("/"))).files();
    let usual = roundsman_config::places(file, environment)
        .into_iter()
        .chain(state_dir.map(Path::to_owned))
        .chain(keys.into_iter().filter(|path| path.exists()));
    for path in usual.filter(|path| path.is_absolute()) {
        if !protected.closed.contains(&path) {
            protected.closed.push(path);
        }
    }
    protected
}
