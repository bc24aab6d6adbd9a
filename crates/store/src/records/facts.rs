//! What a database says of itself, for whoever looks whether all is well. It judges nothing.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StoreFacts {
    /// Its version: "17.5", "3.46.0".
    pub version: String,
    /// The schema it has.
    pub schema: i64,
    /// The newest schema this program knows.
    pub newest_schema: i64,
    /// How many connections the server has at the moment, of all programs; 0 for a file.
    pub connections: u64,
    /// Settings of the database that matter here, as it writes them.
    pub settings: BTreeMap<String, String>,
}

impl StoreFacts {
    /// A setting, if the database has it.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// A setting that is a number, if the database has it.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.setting(name)?.parse().ok()
    }
}
