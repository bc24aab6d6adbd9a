//! Export and import: everything a store holds, as lines of JSON that either database writes and either reads. It knows
//! no table's meaning; what is not carried over are nodes, the lead, named leases and checks, which
//! belong to living processes.
//!
//! A header, then for each table a line with its name and columns, a line for each row, and a line with their number and
//! hash; a last line with the number of all rows and the hash of all hashes.

mod export;
mod import;
mod line;
mod tables;

pub(crate) use self::{export::export, import::import};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The format of the lines.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The format.
    roundsman_export: u32,
    /// Made once for each export.
    id: String,
    /// The schema of the store.
    schema: i64,
    /// The store's own id.
    store_id: String,
    /// The version that wrote it.
    written_by: String,
    /// When.
    created: roundsman_model::Timestamp,
    /// The hash over this line without it.
    sha256: String,
}

impl Header {
    /// With its hash.
    fn sealed(self) -> Self {
        Self { sha256: self.hash(), ..self }
    }

    /// Whether it is as it was written.
    fn is_sound(&self) -> bool {
        self.hash() == self.sha256
    }

    fn hash(&self) -> String {
        let Self { roundsman_export, id, schema, store_id, written_by, created, .. } = self;
        let said = format!("{roundsman_export} {id} {schema} {store_id} {written_by} {created:?}");
        line::hex(&Sha256::digest(said))
    }
}

/// What comes before the rows of a table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    table: String,
    columns: Vec<String>,
}

/// What comes after the rows of a table: how many, and the hash over their lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    end: String,
    rows: u64,
    sha256: String,
}

/// The last line: how many rows in all, and the hash over the hashes of the tables.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Totals {
    rows_in_all: u64,
    sha256: String,
}

impl Totals {
    fn of(tables: &[Closing]) -> Self {
        let mut hash = Sha256::new();
        for table in tables {
            hash.update(&table.sha256);
        }
        Self { rows_in_all: tables.iter().map(|table| table.rows).sum(), sha256: line::hex(&hash.finalize()) }
    }
}

#[cfg(test)]
mod tests;
