//! The folder of a run: which it is, the link to the last good one, and how long old ones are kept. What is in them is
//! others' matter.

mod retention;

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Component, Path, PathBuf},
};

use roundsman_task::{RunId, TaskContext, Timestamp};

pub use self::retention::{Limits, expired, hold, remove};
use super::{
    ledger::RunRow,
    names::{MANIFEST, RunWords},
    part::sync_folder,
};

/// The name of the link to the last good run.
pub const LATEST: &str = "latest";

/// The key of what is done for a slot; of a run that has none, its beginning and its number. Keys sort by time.
pub fn slot_key(slot: Option<Timestamp>, begun: Timestamp, run: RunId) -> String {
    match slot {
        Some(slot) => stamp(slot),
        None => format!("{}~{:010}", stamp(begun), run.0),
    }
}

fn stamp(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What all names of a run share, in the zone of the task.
pub fn words(cx: &TaskContext, begun: Timestamp) -> RunWords {
    let local = begun.with_timezone(&cx.timezone());
    RunWords {
        ts: local.format("%Y%m%d_%H%M%S").to_string(),
        date: local.format("%Y%m%d").to_string(),
        slot: cx.slot().unwrap_or(begun).format("%Y%m%dT%H%M%SZ").to_string(),
        run_id: cx.run_id().0.to_string(),
    }
}

/// The name for the folder of a new run: its time, and its number where another one has that time.
pub fn free_name(output_dir: &Path, words: &RunWords, taken: &[String]) -> String {
    let is_free =
        |name: &String| !taken.contains(name) && fs::symlink_metadata(output_dir.join(name)).is_err();
    let with_number = format!("{}_{}", words.ts, words.run_id);
    let more = (2..).map(|count| format!("{with_number}_{count}"));
    let mut names = [words.ts.clone(), with_number.clone()].into_iter().chain(more);
    names.find(is_free).unwrap_or(with_number)
}

/// Lets the link point to this folder, in one step.
pub fn point_latest(output_dir: &Path, folder: &str, run: RunId) -> io::Result<()> {
    let (link, next) = (output_dir.join(LATEST), output_dir.join(format!(".{LATEST}.{}.part", run.0)));
    match fs::remove_file(&next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(folder, &next)?;
    if let Err(error) = fs::rename(&next, &link) {
        let _ = fs::remove_file(&next);
        return Err(error);
    }
    sync_folder(output_dir).map_err(|error| error.source)
}

/// The folder that the link points to, if it is one of ours.
pub fn latest(output_dir: &Path) -> Option<String> {
    let target = fs::read_link(output_dir.join(LATEST)).ok()?;
    own_name(&target)
}

/// The instant that a run is for, of its key: its slot, else its beginning. It compares as text.
pub fn instant_of(key: &str) -> &str {
    key.split('~').next().unwrap_or(key)
}

/// The folder that the link leads to: among the runs of everything below the output folder that may have it, and the one
/// that has it, that of the newest slot. An older one may be done late.
pub fn newest<'a>(
    runs: &'a [(String, RunRow)],
    output_dir: &Path,
    pointed: Option<&str>,
    on_partial: bool,
) -> Option<&'a str> {
    let here = output_dir.to_string_lossy();
    let may_have_it = |row: &RunRow| match row.status.as_deref() {
        Some("success") => true,
        Some("partial") => on_partial,
        _ => false,
    };
    let candidates = runs.iter().filter(|(_, row)| {
        row.item.is_none()
            && row.output_dir == here
            && (may_have_it(row) || pointed == Some(&row.folder))
            && output_dir.join(&row.folder).join(MANIFEST).is_file()
    });
    let newest = candidates.max_by_key(|(key, row)| (instant_of(key), row.started_at));
    newest.map(|(_, row)| row.folder.as_str())
}

/// The folder as one component, if that is what the path is.
fn own_name(path: &Path) -> Option<String> {
    let mut components = path.components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(name)), None) => name.to_str().map(str::to_owned),
        _ => None,
    }
}

/// Whether a path below the output folder is in this folder of a run.
pub fn is_in(path: Option<&str>, folder: &str) -> bool {
    path.is_some_and(|path| Path::new(path).starts_with(folder))
}

/// A path below the output folder, as documents and manifests have it.
pub fn below(output_dir: &Path, relative: &str) -> Option<PathBuf> {
    let relative = Path::new(relative);
    let straight = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (straight && relative.components().next().is_some()).then(|| output_dir.join(relative))
}

#[cfg(test)]
mod tests;
