//! Which files and folders of the daemon tasks are kept from, from the configuration alone. Who keeps them from it is not
//! told here.

use std::path::{Path, PathBuf};

use roundsman_config::{Environment, Loaded, StoreUrl};
use roundsman_model::Protected;

use super::keyring;

/// The folder with more configuration, beside the configuration file.
const CONF_D: &str = "conf.d";

/// What tasks neither read nor change: what the daemon keeps, the vault and its keys, the configuration. What they do not
/// change: scripts and plugins, whose headers decide over credentials and schedules as the configuration does.
pub(crate) fn protected(loaded: &Loaded) -> Protected {
    let settings = &loaded.settings;
    let folders = [&settings.scripts_dir, &settings.plugins_dir].map(|folder| folder.value.clone());
    let folders: Vec<PathBuf> = folders.into_iter().flatten().collect();
    let mut fixed = linked(loaded, &folders);
    fixed.extend(folders);
    Protected { closed: in_order(closed(loaded)), fixed: in_order(fixed) }
}

fn closed(loaded: &Loaded) -> Vec<PathBuf> {
    let settings = &loaded.settings;
    let mut paths = vec![settings.state_dir.value.clone(), settings.credentials.vault.value.clone()];
    // Beside what is protected nothing new can be made, so places without keys are left out.
    let keys = keyring::key_lookup(loaded, &Environment::of_process()).files();
    paths.extend(keys.into_iter().filter(|path| path.exists()));
    paths.extend(settings.referred.iter().filter(|path| path.exists()).cloned());
    paths.extend(sqlite_files(&settings.store.value));
    for file in &loaded.files {
        paths.push(file.clone());
        let folder = file.parent().filter(|folder| !folder.ends_with(CONF_D));
        paths.extend(folder.map(|folder| folder.join(CONF_D)));
    }
    paths
}

/// Where code of tasks lies that is only a link in its folder.
fn linked(loaded: &Loaded, folders: &[PathBuf]) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
    let code = loaded.tasks.iter().filter_map(|task| task.code.path()?.canonicalize().ok());
    let is_inside = |path: &Path| folders.iter().any(|folder| path.starts_with(folder));
    code.filter(|path| !is_inside(path)).collect()
}

/// The files of a store that is one, wherever they are.
fn sqlite_files(store: &StoreUrl) -> Vec<PathBuf> {
    let StoreUrl::Sqlite(file) = store else { return Vec::new() };
    let beside = |ending: &str| {
        let mut name = file.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal", ".lock"].map(beside).to_vec()
}

fn in_order(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.retain(|path| path.is_absolute());
    paths.sort();
    paths.dedup();
    paths
}
