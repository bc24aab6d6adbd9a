//! Files that nobody finishes any more: their writer was ended. Files of others are left alone.

use std::{
    fs::{self, DirEntry},
    path::Path,
    time::Duration,
};

use roundsman_task::Timestamp;

use super::Writer;

/// After this time nobody writes any more, whoever it was.
const ABANDONED: Duration = Duration::from_hours(24);
/// How deep folders are looked through: no template leads deeper.
const DEEPEST: usize = 12;

/// Removes unfinished files below a folder: those of earlier attempts of this run, and all that are a day old. Says how many.
pub fn sweep(folder: &Path, writer: Writer, now: Timestamp) -> usize {
    within(folder, writer, now, 0)
}

fn within(folder: &Path, writer: Writer, now: Timestamp, depth: usize) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut removed = 0;
    for entry in entries.filter_map(Result::ok) {
        // Links are neither: what they lead to is not looked at.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth < DEEPEST {
            removed += within(&entry.path(), writer, now, depth + 1);
        } else if kind.is_file() && is_abandoned(&entry, writer, now) && fs::remove_file(entry.path()).is_ok()
        {
            tracing::info!("removed {}, which nobody finishes any more", entry.path().display());
            removed += 1;
        }
    }
    removed
}

fn is_abandoned(entry: &DirEntry, writer: Writer, now: Timestamp) -> bool {
    let name = entry.file_name();
    let Some((run, attempt)) = name.to_str().and_then(written_by) else { return false };
    if run == writer.run && attempt < writer.attempt {
        return true;
    }
    let modified = entry.metadata().and_then(|about| about.modified());
    let age = modified.ok().and_then(|at| std::time::SystemTime::from(now).duration_since(at).ok());
    age.is_some_and(|age| age > ABANDONED)
}

/// Run and attempt of an unfinished file, from its name: `.orders.csv.17.1-2.part`, perhaps with an ending of a file that was
/// being made of it.
fn written_by(name: &str) -> Option<(i64, u32)> {
    let (stem, _) = name.strip_prefix('.')?.rsplit_once(".part")?;
    let (stem, tries) = stem.rsplit_once('.')?;
    let (target, run) = stem.rsplit_once('.')?;
    let (attempt, tried) = tries.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let ours = !target.is_empty() && digits(run) && digits(attempt) && digits(tried) && !tried.is_empty();
    Some((run.parse().ok()?, attempt.parse().ok()?)).filter(|_| ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names() {
        assert_eq!(written_by(".orders.csv.17.1-2.part"), Some((17, 1)));
        assert_eq!(written_by(".a.b.17.3-1.part.gz"), Some((17, 3)));
        let others = [
            "orders.csv.17.1-2.part",
            ".orders.part",
            ".x.17.1.part",
            ".x.y.1-2.part",
            ".17.1-2.part",
            ".x.17.1-.part",
        ];
        for other in others {
            assert_eq!(written_by(other), None, "{other}");
        }
    }
}
