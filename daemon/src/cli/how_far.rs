//! How far runs under way are, in words. Only the daemon of this host knows that of its own: the store is not told.

use roundsman_engine::Progress;
use roundsman_model::Timestamp;

use super::{look::clean, times};

/// As many steps in all are still counted; more are a share.
const COUNTED: u64 = 9_999;

/// Such as `3 of 10: fetching, 2 s ago`.
pub(super) fn words(progress: &Progress, now: Timestamp) -> String {
    let share = match progress.total {
        Some(total @ 1..=COUNTED) => Some(format!("{} of {total}", progress.done)),
        Some(total @ 1..) => {
            Some(format!("{} %", u128::from(progress.done.min(total)) * 100 / u128::from(total)))
        }
        // Without a total a number of steps says something only where nothing else does.
        _ if progress.note.trim().is_empty() => Some(format!("{} done", progress.done)),
        _ => None,
    };
    let note = Some(clean(progress.note.trim())).filter(|note| !note.is_empty());
    let parts: Vec<String> = share.into_iter().chain(note).collect();
    format!("{}, {}", parts.join(": "), times::ago(progress.at, now))
}

#[cfg(test)]
mod tests {
    use roundsman_model::RunId;

    use super::*;
    use crate::cli::sample;

    #[test]
    fn steps_shares_and_notes() {
        let now = sample::at("2026-11-21T12:48:00Z");
        let told = |done, total, note: &str| {
            let at = sample::at("2026-11-21T12:47:58Z");
            words(&Progress { run: RunId(1), at, done, total, note: note.to_owned() }, now)
        };
        assert_eq!(told(3, Some(10), "fetching"), "3 of 10: fetching, 2 s ago");
        assert_eq!(told(3, Some(10), " "), "3 of 10, 2 s ago");
        assert_eq!(told(1 << 30, Some(3 << 30), "1 of 2 files"), "33 %: 1 of 2 files, 2 s ago");
        assert_eq!(told(7 << 40, Some(3 << 30), ""), "100 %, 2 s ago");
        assert_eq!(told(512, None, "1 of 2 files"), "1 of 2 files, 2 s ago");
        assert_eq!(told(512, None, ""), "512 done, 2 s ago");
        assert_eq!(told(0, Some(0), "begun"), "begun, 2 s ago");
    }
}
