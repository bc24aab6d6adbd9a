//! Items: what is exported, each of one kind of thing, with what is expected of it. Nothing is asked of the server here.

use std::collections::BTreeMap;

use roundsman_task::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Format, OnCap, Verify};

/// One thing to export. It says exactly one of `card`, `cards`, `dashboard`, `collection` and `sql`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Item {
    /// Its name, for the manifest and for those who follow.
    pub name: String,
    /// One question, by number or entity id.
    pub card: Option<CardRef>,
    /// Some questions, by number or entity id.
    pub cards: Vec<CardRef>,
    /// All questions of a dashboard.
    pub dashboard: Option<CardRef>,
    /// All questions of a collection: its number, or `root`.
    pub collection: Option<CardRef>,
    /// A query of your own.
    pub sql: Option<Sql>,
    /// Collections within the collection too.
    pub recursive: bool,
    /// Only questions of the collection with such names: `Daily *`.
    pub include: Vec<String>,
    /// Not those.
    pub exclude: Vec<String>,
    /// Questions that are combined in one chart of a dashboard too.
    pub include_series: Option<bool>,
    /// Values of parameters, by slug, which each of the questions must have: a text, a number, a list. `{{slot.date}}`, `{{yesterday}}`, `{{today-7d}}~{{today-1d}}`,
    /// `{{month_start}}` and the like stand for days of the slot's period.
    pub params: BTreeMap<String, ParamValue>,
    /// The form, if it is another one here: `csv`, `json`, `xlsx` (or `excel`), `xlsx-local`.
    pub format: Option<Format>,
    /// The names of files, if they are others here.
    #[serde(deserialize_with = "super::words::unless_empty")]
    pub template: Option<String>,
    /// What the name of the folder of a list of questions begins with.
    pub prefix: Option<String>,
    /// How long each export may take, if it is another time here.
    pub timeout: Option<HumanDuration>,
    /// What becomes of an export that hits the server's limit, if it is something else here.
    pub on_cap: Option<OnCap>,
    /// Whether rows are counted, if it is otherwise here.
    pub verify: Option<Verify>,
    /// At least so many rows.
    pub min_rows: Option<u64>,
    /// At most so many rows.
    pub max_rows: Option<u64>,
    /// Exactly these columns; in this order with `expect_order`.
    pub expect_columns: Vec<String>,
    /// The columns come in this order.
    pub expect_order: bool,
    /// At most so many percent fewer rows than in the last good run.
    pub max_drop_percent: Option<f64>,
    /// Whether no rows at all will do; they do if nothing is said. With `false`, a collection or dashboard that comes to no file
    /// at all fails too.
    pub allow_empty: Option<bool>,
}

/// A question, dashboard or collection: a number, or the 21 characters of an entity id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CardRef {
    /// Its number.
    Number(u64),
    /// Its entity id, or `root`.
    Entity(String),
}

/// The value of a parameter.
pub type ParamValue = serde_json::Value;

/// A query of your own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// The number of the database.
    pub database: u64,
    /// The query.
    pub query: String,
}

/// What an item exports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What<'a> {
    /// These questions.
    Cards(&'a [CardRef]),
    /// One question.
    Card(&'a CardRef),
    /// The questions of this dashboard.
    Dashboard(&'a CardRef),
    /// The questions of this collection.
    Collection(&'a CardRef),
    /// This query.
    Sql(&'a Sql),
}

impl Item {
    /// What it exports: of the configuration exactly one thing, else nothing or the first of several.
    pub fn what(&self) -> Option<What<'_>> {
        self.all().into_iter().next()
    }

    /// Everything that it says it exports.
    pub(super) fn all(&self) -> Vec<What<'_>> {
        let cards = (!self.cards.is_empty()).then_some(What::Cards(&self.cards));
        let single = [
            self.card.as_ref().map(What::Card),
            cards,
            self.dashboard.as_ref().map(What::Dashboard),
            self.collection.as_ref().map(What::Collection),
            self.sql.as_ref().map(What::Sql),
        ];
        single.into_iter().flatten().collect()
    }
}
