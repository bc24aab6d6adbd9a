//! Files that nobody finishes any more: their writer was ended. Files of others are left alone.

use std::{
    fs::{self, DirEntry, File},
    io,
    path::Path,
    time::Duration,
};

use roundsman_task::Timestamp;
use rustix::{fs::FlockOperation, io::Errno};

/// Where there are no locks: after this time nobody writes any more, whoever it was.
const ABANDONED: Duration = Duration::from_hours(24);
/// What unfinished files are called, besides what is made of them.
const PART: &str = ".part";
/// How deep folders are looked through: no template leads deeper.
const DEEPEST: usize = 12;

/// Removes unfinished files below a folder that nobody writes. Says how many.
pub fn sweep(folder: &Path, now: Timestamp) -> usize {
    within(folder, now, 0)
}

/// Removes those in a folder itself, not those in folders within it: whose these are nobody said. Says how many.
pub fn sweep_here(folder: &Path, now: Timestamp) -> usize {
    within(folder, now, DEEPEST)
}

fn within(folder: &Path, now: Timestamp, depth: usize) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut removed = 0;
    for entry in entries.filter_map(Result::ok) {
        // What links lead to is not looked at.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth < DEEPEST {
            removed += within(&entry.path(), now, depth + 1);
        } else if (kind.is_file() || kind.is_symlink())
            && let Some(_locked) = abandoned(&entry, kind.is_symlink(), now)
            && fs::remove_file(entry.path()).is_ok()
        {
            tracing::info!("removed {}, which nobody finishes any more", entry.path().display());
            removed += 1;
        }
    }
    removed
}

/// A file that nobody finishes, with its lock where it has one. It is to be held until the file is gone, or else whoever makes
/// one of that name just now would take it for his.
struct Abandoned(#[expect(dead_code, reason = "it is held, not looked at")] Option<File>);

fn abandoned(entry: &DirEntry, is_link: bool, now: Timestamp) -> Option<Abandoned> {
    let (name, path) = (entry.file_name(), entry.path());
    if is_link {
        // Links have no locks.
        let is_ours = name.to_str().is_some_and(is_next_link);
        return (is_ours && is_old(entry, now)).then_some(Abandoned(None));
    }
    let part = name.to_str().and_then(part_of)?;
    // What is being made of a file goes with that file.
    match File::open(path.with_file_name(part)) {
        Ok(file) => match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Some(Abandoned(Some(file))),
            Err(Errno::WOULDBLOCK) => None,
            Err(_) => is_old(entry, now).then_some(Abandoned(None)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Abandoned(None)),
        // It is another user's: nobody knows whether it is locked.
        Err(_) => is_old(entry, now).then_some(Abandoned(None)),
    }
}

fn is_old(entry: &DirEntry, now: Timestamp) -> bool {
    let modified = entry.metadata().and_then(|about| about.modified());
    let age = modified.ok().and_then(|at| std::time::SystemTime::from(now).duration_since(at).ok());
    age.is_some_and(|age| age > ABANDONED)
}

/// Whether this is the link to the last good run on its way to its name: `.latest.17.part`.
fn is_next_link(name: &str) -> bool {
    let run = name.strip_prefix(".latest.").and_then(|rest| rest.strip_suffix(PART));
    run.is_some_and(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The unfinished file that a name is, or is made of: `.orders.csv.17.1-2.part` of itself and of `.orders.csv.17.1-2.part.0`.
fn part_of(name: &str) -> Option<&str> {
    let at = name.rfind(PART)?;
    let (part, behind) = name.split_at(at + PART.len());
    let stem = part.strip_prefix('.')?.strip_suffix(PART)?;
    let (stem, tries) = stem.rsplit_once('.')?;
    let (target, run) = stem.rsplit_once('.')?;
    let (attempt, tried) = tries.split_once('-')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let made = behind.is_empty() || behind.starts_with('.');
    (made && !target.is_empty() && number(run) && number(attempt) && number(tried)).then_some(part)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{part_of, sweep};

    #[test]
    fn links_that_were_not_finished_go_when_they_are_old() {
        let dir = tempfile::TempDir::new().unwrap();
        for name in [".latest.17.part", ".latest.x.part", ".orders.csv.17.1-2.part", "latest"] {
            symlink("anywhere", dir.path().join(name)).unwrap();
        }
        let now = roundsman_task::Timestamp::from(
            std::fs::symlink_metadata(dir.path().join("latest")).unwrap().modified().unwrap(),
        );
        assert_eq!(sweep(dir.path(), now), 0, "somebody may be about to rename it");
        assert_eq!(sweep(dir.path(), now + chrono::TimeDelta::hours(25)), 1);
        assert!(std::fs::symlink_metadata(dir.path().join(".latest.17.part")).is_err());
    }

    #[test]
    fn only_our_own_names() {
        assert_eq!(part_of(".orders.csv.17.1-2.part"), Some(".orders.csv.17.1-2.part"));
        assert_eq!(part_of(".a.b.17.3-1.part.0-new"), Some(".a.b.17.3-1.part"));
        let others = [
            "orders.csv.17.1-2.part",
            ".orders.part",
            ".x.17.1.part",
            ".x.y.1-2.part",
            ".17.1-2.part",
            ".x.17.1-.part",
            ".x.17.1-1.parts",
        ];
        for other in others {
            assert_eq!(part_of(other), None, "{other}");
        }
    }
}
