//! Dashboards as old and new servers describe them, made into one shape: cards in the order in which people see them. What
//! is exported of them is decided elsewhere.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Server, ServerFailure,
    cards::{Parameter, if_fit, or_default},
    collections::segment,
};
use crate::config::CardRef;

/// A dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// Its number.
    pub id: u64,
    /// Its entity id, in newer versions.
    pub entity_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it is in the trash.
    pub archived: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// What is on it: in the order of its tabs, then from above, then from the left.
    pub cards: Vec<Dashcard>,
}

/// Something on a dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashcard {
    /// Its own number, that of no question.
    pub id: u64,
    /// The question that it shows; absent for texts, headings and links.
    pub card: Option<CardName>,
    /// Questions that are combined with it in one chart.
    pub series: Vec<CardName>,
    /// The tab that it is on.
    pub tab: Option<u64>,
    /// Which parameters of the dashboard it takes, as the server has it.
    pub parameter_mappings: Vec<Value>,
}

/// A question as a dashboard names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardName {
    /// Its number.
    pub id: u64,
    /// Its name; empty where we may not see it.
    pub name: String,
    /// How it is shown.
    pub display: Option<String>,
}

impl Server {
    /// One dashboard, with what is on it.
    pub async fn dashboard(&self, dashboard: &CardRef) -> Result<Dashboard, ServerFailure> {
        let path = format!("api/dashboard/{}", segment(dashboard));
        let answer = self.get(&path, &[], "dashboard").await?;
        Dashboard::read(answer).map_err(|error| self.unexpected(&path, &error))
    }
}

#[derive(Deserialize)]
struct Written {
    id: u64,
    #[serde(default, deserialize_with = "if_fit")]
    entity_id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    archived: bool,
    #[serde(default, deserialize_with = "or_default")]
    parameters: Vec<Parameter>,
    #[serde(default, deserialize_with = "or_default")]
    dashcards: Vec<WrittenCard>,
    /// The name of old.
    #[serde(default, deserialize_with = "or_default")]
    ordered_cards: Vec<WrittenCard>,
    #[serde(default, deserialize_with = "or_default")]
    tabs: Vec<Tab>,
    /// The tabs of 0.47.
    #[serde(default, deserialize_with = "or_default")]
    ordered_tabs: Vec<Tab>,
}

#[derive(Deserialize)]
struct Tab {
    id: u64,
    #[serde(default, deserialize_with = "or_default")]
    position: i64,
}

#[derive(Deserialize)]
struct WrittenCard {
    id: u64,
    #[serde(default)]
    card_id: Option<u64>,
    #[serde(default)]
    card: Option<WrittenName>,
    #[serde(default, deserialize_with = "or_default")]
    series: Vec<WrittenName>,
    #[serde(default)]
    dashboard_tab_id: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    row: i64,
    #[serde(default, deserialize_with = "or_default")]
    col: i64,
    #[serde(default, deserialize_with = "or_default")]
    parameter_mappings: Vec<Value>,
}

/// Cards without a question come with an object that has no id.
#[derive(Deserialize)]
struct WrittenName {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "if_fit")]
    display: Option<String>,
}

impl WrittenName {
    fn named(self, id: u64) -> CardName {
        CardName { id, name: self.name, display: self.display }
    }
}

impl Dashboard {
    /// Reads the answer of `GET /api/dashboard/:id` in either shape.
    pub fn read(answer: Value) -> Result<Self, serde_json::Error> {
        let written: Written = serde_json::from_value(answer)?;
        let tabs = if written.tabs.is_empty() { written.ordered_tabs } else { written.tabs };
        let position = |tab: Option<u64>| {
            let known = tab.and_then(|id| tabs.iter().position(|tab| tab.id == id));
            // What is on no tab that is known comes last, or there are no tabs.
            known.map_or((i64::MAX, usize::MAX), |at| (tabs[at].position, at))
        };
        let new = !written.dashcards.is_empty();
        let mut cards = if new { written.dashcards } else { written.ordered_cards };
        cards.sort_by_key(|card| (position(card.dashboard_tab_id), card.row, card.col, card.id));
        Ok(Self {
            id: written.id,
            entity_id: written.entity_id,
            name: written.name,
            archived: written.archived,
            parameters: written.parameters,
            cards: cards.into_iter().map(Dashcard::of).collect(),
        })
    }
}

impl Dashcard {
    fn of(written: WrittenCard) -> Self {
        let nameless = WrittenName { id: None, name: String::new(), display: None };
        let card = written.card_id.map(|id| written.card.unwrap_or(nameless).named(id));
        let series = written.series.into_iter();
        Self {
            id: written.id,
            card,
            series: series.filter_map(|card| card.id.map(|id| card.named(id))).collect(),
            tab: written.dashboard_tab_id,
            parameter_mappings: written.parameter_mappings,
        }
    }
}

#[cfg(test)]
mod tests;
