//! A run takes its folder: alone, for as long as it lasts, and without taking the place of files that are there and done. What
//! a run knows besides is others' matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::Path,
    time::Duration,
};

use roundsman_task::{TaskContext, TaskError};

use super::{Wish, prepare::row};
use crate::{
    config::Config,
    export::{
        failure::UnitFailure,
        finish,
        folder::{free_name, hold, words},
        ledger::{Ledger, RunRow, UnitRow},
        names::{MANIFEST, step_aside},
        part::make_own_folder,
        unit::Unit,
    },
};

/// After so long it is looked again whether another run is over.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The run with its folder, which is held. Another run for the same slot may be at work in it: then that is waited for, and all
/// is looked at anew.
pub(super) async fn move_in(
    cx: &TaskContext,
    ledger: &Ledger,
    root: &Path,
    wish: &Wish,
    (mut slot, mut own, mut is_new): (String, RunRow, bool),
) -> Result<(String, RunRow, File), TaskError> {
    let (units, mut waited) = (own.units, false);
    loop {
        if is_new || own.is_gone {
            own.is_gone = false;
            reserve(cx, ledger, root, &slot, &mut own).await?;
            is_new = false;
        }
        let folder = root.join(&own.folder);
        let held = hold(&folder).map_err(UnitFailure::from).map_err(UnitFailure::into_task)?;
        if held.is_none() {
            if !std::mem::replace(&mut waited, true) {
                tracing::info!("another run is at work in {}: waiting until it is over", folder.display());
            }
            cx.sleep(LOOK_AGAIN).await?;
        }
        if waited {
            // What the other one left behind, and whether it is the same folder still.
            (slot, own, is_new) = row(cx, ledger, root, wish).await?;
        }
        if let Some(held) = held.filter(|_| root.join(&own.folder) == folder && !own.is_gone && !is_new) {
            own.units = units;
            ledger.put_run(&slot, &own).await?;
            return Ok((slot, own, held));
        }
    }
}

/// Makes the folder of a new run, which nobody else has. It is remembered before: whatever becomes of the run, its folder
/// is known and will be removed in its time.
async fn reserve(
    cx: &TaskContext,
    ledger: &Ledger,
    root: &Path,
    slot: &str,
    row: &mut RunRow,
) -> Result<(), TaskError> {
    loop {
        ledger.put_run(slot, row).await?;
        let is_ours = make_own_folder(&root.join(&row.folder));
        if is_ours.map_err(UnitFailure::from).map_err(UnitFailure::into_task)? {
            return Ok(());
        }
        row.folder = free_name(root, &words(cx, row.started_at), std::slice::from_ref(&row.folder));
    }
}

/// Where the file of a unit would be, below the output folder.
pub(super) fn row_path(row: &RunRow, path: &Path, config: &Config) -> String {
    Path::new(&row.folder).join(finish::named(path, config)).to_string_lossy().into_owned()
}

/// Gives other names to units that would take the files of those that are done: names may have moved since the last attempt.
pub(super) fn keep_clear(
    units: &mut [Unit],
    done: &BTreeMap<String, UnitRow>,
    place: impl Fn(&Path) -> String,
    key: impl Fn(&Unit) -> String,
) {
    let folded = |path: &Path| place(path).to_lowercase();
    let (mut kept, mut taken) = (BTreeSet::new(), BTreeSet::from([folded(Path::new(MANIFEST))]));
    for unit in &*units {
        taken.insert(folded(&unit.path));
        kept.extend(done.get(&key(unit)).map(|row| row.done.path.to_lowercase()));
    }
    for unit in units.iter_mut().filter(|unit| !done.contains_key(&key(unit))) {
        if kept.contains(&folded(&unit.path)) {
            let is_free = |path: &Path| !kept.contains(&folded(path)) && !taken.contains(&folded(path));
            unit.path = step_aside(&unit.path, unit.mark(), is_free);
            taken.insert(folded(&unit.path));
        }
    }
}
