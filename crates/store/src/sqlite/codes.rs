//! What SQLite's result codes mean to us.

use crate::trouble::Kind;

/// Sorts a code; extended codes carry the primary one in their lowest byte.
pub(super) fn kind(code: &str) -> Kind {
    let primary = code.parse::<i32>().unwrap_or_default() & 0xff;
    match primary {
        // SQLITE_BUSY, SQLITE_LOCKED: another program writes.
        5 | 6 => Kind::Slow,
        // SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_AUTH
        3 | 8 | 14 | 23 => Kind::Unwritable,
        // SQLITE_IOERR, SQLITE_FULL
        10 | 13 => Kind::Disk,
        // SQLITE_CORRUPT, SQLITE_NOTADB
        11 | 26 => Kind::Corrupt,
        _ => Kind::Refused,
    }
}
