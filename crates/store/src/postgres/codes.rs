//! What Postgres's SQLSTATE codes mean to us.

use crate::trouble::Kind;

/// Sorts a code.
pub(super) fn kind(code: &str) -> Kind {
    match code {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Kind::Raced,
        // query_canceled (statement_timeout), lock_not_available (lock_timeout)
        "57014" | "55P03" => Kind::Slow,
        // disk_full, io_error
        "53100" | "58030" => Kind::Disk,
        // read_only_sql_transaction: a standby, until it is promoted or the name points to the primary.
        "25006" => Kind::Away,
        // invalid_catalog_name, insufficient_privilege
        "3D000" | "42501" => Kind::Denied,
        // Operator intervention: shutting down, starting up; insufficient resources: too many connections; idle-in-
        // transaction time-out; connection exceptions.
        _ if ["57P", "53", "25P", "08"].iter().any(|class| code.starts_with(class)) => Kind::Away,
        _ if code.starts_with("28") => Kind::Denied,
        _ => Kind::Refused,
    }
}
