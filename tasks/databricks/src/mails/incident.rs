//! When admins are told that polls fail, and that they work again (B.6). What they are told is written elsewhere.

use crate::state::WorkspaceRow;

/// After so many failed polls admins are told.
const PATIENCE: u32 = 3;
/// While polls go on failing, admins are told again after this time.
const AGAIN_MS: i64 = 24 * 3_600_000;

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    NotYet,
    /// Nothing more.
    Told,
    /// That polls fail, in the mail of this number.
    Tell(u32),
}

/// What is to be told of polls that fail.
pub(super) fn failing(row: &WorkspaceRow, is_refused: bool, now_ms: i64) -> Due {
    match row.incident_told_ms {
        None if is_refused || row.failures >= PATIENCE => Due::Tell(row.incident_seq),
        None => Due::NotYet,
        // An instant that lies ahead was noted by a clock that went wrong.
        Some(told_ms) if (0..AGAIN_MS).contains(&(now_ms - told_ms)) => Due::Told,
        Some(_) => Due::Tell(row.incident_seq.saturating_add(1)),
    }
}

/// The number of the mail about the recovery, if there is anything to take back.
pub(super) fn recovered(row: &WorkspaceRow) -> Option<u32> {
    row.incident_told_ms.map(|_| row.incident_seq.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn one_mail_and_nothing_in_between() {
        let check = |failures, told_ms, is_refused, now_ms, expected| {
            let row = WorkspaceRow {
                failures,
                incident_told_ms: told_ms,
                incident_seq: 4,
                ..WorkspaceRow::default()
            };
            assert_eq!(failing(&row, is_refused, now_ms), expected, "{row:?} at {now_ms}");
        };
        check(1, None, false, 0, Due::NotYet);
        check(2, None, false, 0, Due::NotYet);
        check(3, None, false, 0, Due::Tell(4));
        check(9, None, false, 0, Due::Tell(4));
        check(1, None, true, 0, Due::Tell(4));
        check(4, Some(0), true, 1, Due::Told);
        check(90, Some(0), false, 24 * HOUR_MS - 1, Due::Told);
        check(97, Some(0), false, 24 * HOUR_MS, Due::Tell(5));
        check(97, Some(HOUR_MS), false, 0, Due::Tell(5));
    }
}
