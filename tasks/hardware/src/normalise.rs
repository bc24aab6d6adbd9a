//! Puts what machines say of themselves into one form, once, before anything is compared or written. Every collector
//! uses it; it reads nothing and knows no collector. Normalising twice is the same as normalising once.

pub mod alias;
pub mod boot;
pub mod duration;
pub mod mac;
mod record;
pub mod sentinel;
pub mod serial;
pub mod size;
pub mod slot;
pub mod text;
pub mod uuid;

use serde::Serialize;

pub use self::record::normalise;
use self::{alias::Aliases, sentinel::Sentinels};

/// What an installation adds to the built-in rules.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Which texts mean "no information".
    pub sentinels: Sentinels,
    /// Vendors by their other names.
    pub vendors: Aliases,
    /// Models by patterns.
    pub models: alias::ModelAliases,
}

/// A contradiction a person has to resolve; it never resolves itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Conflict {
    /// What sort: `too_long`.
    pub kind: &'static str,
    /// Where in the record.
    pub key: String,
    /// What is there, and what is allowed.
    pub details: String,
}

/// A record in its one form, and what did not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalised {
    /// The record.
    pub record: crate::record::HwRecord,
    /// What a person has to resolve.
    pub conflicts: Vec<Conflict>,
    /// Values left out because they cannot be true.
    pub warnings: Vec<String>,
}

#[cfg(test)]
mod tests;
