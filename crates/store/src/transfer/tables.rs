//! Which tables are carried over, with all their columns, in an order in which they can be filled. A test compares it
//! with the schema. It reads no row.

use std::sync::LazyLock;

use crate::sql::Text;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Int,
    Text,
    Bytes,
}

/// A table that is carried over.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<(&'static str, Sort)>,
    /// Reads all rows in the order of the primary key, texts byte by byte.
    pub(super) select: Text,
    /// Writes the rows in `$1`; or one row, a value for each column, if there are bytes in it.
    pub(super) insert: Text,
    pub(super) clear: &'static str,
}

impl Table {
    /// Whether its rows hold bytes.
    pub(super) fn has_bytes(&self) -> bool {
        self.columns.iter().any(|(_, sort)| *sort == Sort::Bytes)
    }
}

/// Names of columns, `#` before those that hold numbers and `*` before those that hold bytes; the first so many are the
/// primary key.
const CARRIED: &[(&str, usize, &str)] = &[
    ("definitions", 2, "task hash definition #recorded_at"),
    ("versions", 2, "task #valid_from hash"),
    ("tasks", 1, "name hash #valid_from #first_seen #ledger_until #removed_at #paused_at #revision"),
    ("pauses", 2, "task #from_at #until_at by_whom reason resumed_by"),
    ("wakes", 1, "task #at #run"),
    ("slots", 2, "task #first_at #last_at #count verdict reason detail #run_id #decided_at"),
    (
        "runs",
        1,
        "#id task kind definition #slot origin requested_by action params #dry_run state #attempt #uncounted \
         #queued_at #due_at #rank_at #started_at #ended_at cause outcome #place #behind node boot #renewals round \
         #follow #rerun_of pool leases labels #alone #start_by stop #stops_itself #has_leases",
    ),
    ("attempts", 2, "#run #number node boot #started_at #ended_at ended report #late #cpu_ms #max_rss"),
    ("log_chunks", 3, "#run #attempt #seq lines #bytes"),
    ("artifacts", 2, "#run name media_type #size sha256 #attempt #kept_at"),
    ("artifact_chunks", 3, "#run name #seq *bytes"),
    ("documents", 3, "space collection key #version value #run #written_at"),
    ("counters", 4, "task what key1 key2 #count"),
    ("latest", 1, "task #last_success metrics"),
    ("numbers", 1, "name #value"),
    ("pools", 1, "name #size"),
    ("budgets", 1, "name #interval_us #burst #spent_until #held_until #seen_at"),
    ("controls", 1, "#id #at by_whom what task #run detail"),
    ("roll_ups", 2, "task #hour #runs #total_ms #longest_ms"),
];

/// Tables that stay behind: they tell of living processes, what they see from where they are and what they are about to ask
/// for, or of the store itself.
#[cfg(test)]
pub(super) const LEFT: [&str; 6] = ["meta", "nodes", "leases", "leader", "checks", "handed_in"];

/// Secrets stay behind: without the key of their node they are nothing, and with it they are nobody else's.
const SEALED_STAY: &str = r#" WHERE value NOT LIKE '{"$sealed":%'"#;

/// All tables that are carried over.
pub(super) static TABLES: LazyLock<Vec<Table>> =
    LazyLock::new(|| CARRIED.iter().map(|(name, key, columns)| table(name, *key, columns)).collect());

fn table(name: &'static str, key: usize, columns: &'static str) -> Table {
    let columns: Vec<_> = columns.split_whitespace().map(column).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let order = |collation: &str| {
        let by = |(name, sort): &(&str, Sort)| match sort {
            Sort::Text => format!("{name}{collation}"),
            _ => (*name).to_owned(),
        };
        columns[..key].iter().map(by).collect::<Vec<_>>().join(", ")
    };
    let stays = if name == "documents" { SEALED_STAY } else { "" };
    let select = |collation| kept(format!("SELECT {names} FROM {name}{stays} ORDER BY {}", order(collation)));
    let insert = |rows: &str| kept(format!("INSERT INTO {name} ({names}) {}", values(&columns, rows)));
    Table {
        name,
        select: Text { sqlite: select(""), postgres: select(" COLLATE \"C\"") },
        insert: Text {
            sqlite: insert("json_each($1) AS e"),
            postgres: insert("jsonb_array_elements($1::jsonb) AS e(value)"),
        },
        clear: kept(format!("DELETE FROM {name}")),
        columns,
    }
}

fn column(written: &'static str) -> (&'static str, Sort) {
    match (written.strip_prefix('#'), written.strip_prefix('*')) {
        (Some(name), _) => (name, Sort::Int),
        (_, Some(name)) => (name, Sort::Bytes),
        _ => (written, Sort::Text),
    }
}

fn values(columns: &[(&'static str, Sort)], rows: &str) -> String {
    if columns.iter().any(|(_, sort)| *sort == Sort::Bytes) {
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
        return format!("VALUES ({})", places.join(", "));
    }
    let value = |(index, (_, sort)): (usize, &(&str, Sort))| match sort {
        Sort::Int => format!("CAST(e.value->>{index} AS BIGINT)"),
        _ => format!("e.value->>{index}"),
    };
    let values: Vec<String> = columns.iter().enumerate().map(value).collect();
    format!("SELECT {} FROM {rows}", values.join(", "))
}

/// Statements live as long as the program; these are put together once, from the constants above.
fn kept(text: String) -> &'static str {
    String::leak(text)
}
