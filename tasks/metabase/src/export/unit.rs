//! Units: one file each, known with everything that its export needs before the first one begins. They ask nothing.

use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    failure::UnitFailure,
    judge::Rules,
    manifest::{ColumnEntry, Entry, Fate},
    names::{Mark, Words},
};
use crate::{
    config::{Checked, Verify},
    local,
    server::{Card, ExportRequest, Source},
};

/// One file to be.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The name of its item.
    pub item: String,
    /// How it is asked for.
    pub request: ExportRequest,
    /// The question, without its query; absent for a query of one's own, and where it cannot be seen by itself.
    pub card: Option<Card>,
    /// The number of the question.
    pub card_id: Option<u64>,
    /// Its name.
    pub name: String,
    /// The dashboard it is exported from.
    pub dashboard_id: Option<u64>,
    /// So many units before it are of the same thing, of the same item.
    pub again: u32,
    /// What its name is made of.
    pub words: Words,
    /// What is expected of it.
    pub rules: Rules,
    /// How its rows are counted.
    pub verify: Verify,
    /// Where its file will be, below the folder of the run.
    pub path: PathBuf,
    /// The same without what tells the time: nothing in it changes from run to run by itself.
    pub timeless: PathBuf,
    /// Why it cannot be exported, if that is known before.
    pub refused: Option<UnitFailure>,
}

impl Unit {
    /// What tells it apart from a unit of the same name.
    pub fn mark(&self) -> Mark<'_> {
        Mark { id: &self.words.id, seq: self.words.seq, ext: &self.words.ext }
    }

    /// What is exported, in a word: the same in every run.
    fn source(&self) -> String {
        match &self.request.source {
            Source::Card(card) => format!("card-{card}"),
            Source::DashboardCard { dashboard, dashcard, card } => {
                format!("dashboard-{dashboard}-{dashcard}-{card}")
            }
            Source::Sql { database, query, .. } => format!("sql-{database}-{}", hex(query.as_bytes())),
        }
    }

    /// Under what it is remembered from run to run.
    pub fn place(&self) -> String {
        let again = if self.again == 0 { String::new() } else { format!("/{}", self.again + 1) };
        format!(
            "{}/{}/{}{again}",
            hex(self.item.as_bytes()).get(..16).unwrap_or_default(),
            self.source(),
            self.request.format.as_str()
        )
    }

    /// The hash of its parameters.
    pub fn params_sha256(&self) -> String {
        // Keys of objects are sorted, so that the same parameters always hash to the same.
        hex(Value::from(self.request.parameters.clone()).to_string().as_bytes())
    }

    /// What makes it the same export: it is done once for a slot.
    pub fn key(&self, base_url: &str, config: &Checked, slot: &str) -> String {
        let done_to_it = format!(
            "{:?} {} {:?} {} {}",
            config.post, config.csv_bom, config.csv_delimiter, config.csv_crlf, config.csv_formula_guard
        );
        let parts = [
            base_url,
            &self.place(),
            &self.params_sha256(),
            self.request.format.as_str(),
            if self.request.format_rows { "formatted" } else { "raw" },
            if self.request.pivot_results { "pivot" } else { "flat" },
            if self.request.csv_include_bom { "bom" } else { "plain" },
            &done_to_it,
            slot,
        ];
        hex(parts.join("\n").as_bytes())
    }

    /// The types of columns with these titles, as far as the question tells them.
    pub fn columns(&self, titles: &[String]) -> Vec<ColumnEntry> {
        let known = self.known_columns();
        let found = local::titled(titles, &known).into_iter();
        let types = found.map(|column| column.and_then(|column| column.server_type.clone()));
        let entry = |(name, column_type): (&String, _)| ColumnEntry { name: name.clone(), column_type };
        titles.iter().zip(types).map(entry).collect()
    }

    /// What the question tells of its columns.
    pub fn known_columns(&self) -> Vec<local::Column> {
        local::columns(&self.card.as_ref().map(|card| json!(card.result_metadata)).unwrap_or_default())
    }

    /// Its entry in the manifest, without anything that came of it.
    pub fn entry(&self, status: Fate) -> Entry {
        Entry {
            item: self.item.clone(),
            card_id: self.card_id,
            name: self.name.clone(),
            dashboard_id: self.dashboard_id,
            params_sha256: self.params_sha256(),
            format: self.request.format.as_str().to_owned(),
            path: None,
            status,
            rows: None,
            columns: None,
            column_types: None,
            bytes: None,
            sha256: None,
            content_sha256: None,
            attempts: 0,
            duration_ms: 0,
            verification: None,
            error: None,
        }
    }

    /// What people call it.
    pub fn title(&self) -> String {
        title(self.card_id, &self.name, &self.item)
    }
}

/// What people call a file: its question, if it is of one, and its item.
pub fn title(card_id: Option<u64>, name: &str, item: &str) -> String {
    match card_id {
        Some(id) => format!("{name:?} (question {id}, item {item:?})"),
        None => format!("item {item:?}"),
    }
}

/// The SHA-256 of bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits.
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}
