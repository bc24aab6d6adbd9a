//! Whether the files of an export on request can be where they are to be, looked at before any query runs. No export is made.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use roundsman_task::TaskContext;

use crate::{
    config::Checked,
    export::{
        failure::{Class, UnitFailure},
        finish,
        part::{DiskError, look_for_space, make_folder, sweep_here},
        probe::try_to_write,
        unit::Unit,
    },
    server::Again,
};

/// Folders that were made for files. Those in which nothing came to lie go with it.
#[derive(Debug, Default)]
pub(super) struct Made(Vec<PathBuf>);

impl Drop for Made {
    fn drop(&mut self) {
        // It fails where there is something in it.
        self.0.iter().rev().for_each(|folder| _ = fs::remove_dir(folder));
    }
}

impl Made {
    fn make(&mut self, folder: &Path) -> Result<(), DiskError> {
        let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
        self.0.extend(missing.into_iter().rev().map(Path::to_owned));
        make_folder(folder)
    }
}

/// Refuses units in whose place there is something that no file should take the place of: a folder, a device, a pipe.
pub(super) fn look_what_is_there(config: &Checked, root: &Path, units: &mut [Unit]) {
    for unit in units {
        let target = target(config, root, unit);
        let Ok(there) = fs::metadata(&target) else { continue };
        if unit.refused.is_none() && !there.is_file() {
            let what = if there.is_dir() { "a folder" } else { "no plain file" };
            let told = format!("{} is {what}: an export cannot take its place", target.display());
            unit.refused = Some(UnitFailure::new(Class::Disk, Again::Never, told));
        }
    }
}

/// Makes the folders, and sees that they can be written, that there is space, and that nothing lies in them that nobody
/// finishes.
pub(super) fn make_ready(
    cx: &TaskContext,
    config: &Checked,
    root: &Path,
    units: &[Unit],
) -> Result<Made, DiskError> {
    let mut made = Made::default();
    let targets = units.iter().filter(|unit| unit.refused.is_none()).map(|unit| target(config, root, unit));
    let folders: BTreeSet<PathBuf> = targets.filter_map(|target| Some(target.parent()?.to_owned())).collect();
    for folder in folders {
        made.make(&folder)?;
        sweep_here(&folder, cx.now());
        try_to_write(&folder)?;
        look_for_space(&folder, config.min_free_bytes.bytes())?;
    }
    Ok(made)
}

/// Where the file of a unit will be.
pub(super) fn target(config: &Checked, root: &Path, unit: &Unit) -> PathBuf {
    root.join(finish::named(&unit.path, config))
}
