//! A Metabase as it is now: what it has, who is logged in, how many queries were run. What requests mean stands with the
//! routes.

mod exports;
mod logins;

use std::{collections::BTreeMap, time::Duration};

use roundsman_model::Timestamp;

pub use self::exports::{Ended, ExportSeen};
pub(super) use self::{
    exports::{Exports, Ticket},
    logins::{Logins, Refusal},
};
use super::{
    Rows,
    scenario::{
        CardSetup, CollectionSetup, DashboardSetup, Health, MetabaseScenario, MetabaseSettings, PersonSetup,
    },
};

pub(super) struct World {
    pub(super) settings: MetabaseSettings,
    pub(super) people: Vec<PersonSetup>,
    pub(super) collections: Vec<CollectionSetup>,
    pub(super) cards: Vec<CardSetup>,
    pub(super) dashboards: Vec<DashboardSetup>,
    pub(super) queries: Vec<(String, Rows)>,
    pub(super) recents: Vec<(&'static str, u64)>,
    pub(super) logins: Logins,
    started: Timestamp,
    ran: BTreeMap<u64, u64>,
}

impl World {
    pub(super) fn new(scenario: MetabaseScenario, started: Timestamp) -> Self {
        Self {
            settings: scenario.settings,
            people: scenario.people,
            collections: scenario.collections,
            cards: scenario.cards,
            dashboards: scenario.dashboards,
            queries: scenario.queries,
            recents: scenario.recents,
            logins: Logins::default(),
            started,
            ran: BTreeMap::new(),
        }
    }

    /// How far its start is, if it has not ended: from 0 to 1.
    pub(super) fn starting(&self, now: Timestamp) -> Option<f64> {
        let Health::Initializing(takes) = self.settings.health else { return None };
        let gone = (now - self.started).to_std().unwrap_or(Duration::ZERO);
        (gone < takes).then(|| gone.as_secs_f64() / takes.as_secs_f64())
    }

    /// The rows that a query of a card finds now; the next one may find others.
    pub(super) fn run(&mut self, card: u64, rows: &Rows) -> Rows {
        let ran = self.ran.entry(card).or_default();
        let now = rows.clone().fixed(rows.count_at(*ran));
        *ran += 1;
        now
    }

    /// Tables that grow begin again.
    pub(super) fn forget_queries(&mut self, card: u64) {
        self.ran.remove(&card);
    }

    /// The collections that contain this one, the outermost first, with itself.
    pub(super) fn way_to(&self, collection: u64) -> Vec<u64> {
        let mut way = vec![collection];
        while let Some(parent) = way.last().and_then(|last| self.collection(*last)?.parent) {
            if way.contains(&parent) {
                break;
            }
            way.push(parent);
        }
        way.reverse();
        way
    }

    pub(super) fn collection(&self, id: u64) -> Option<&CollectionSetup> {
        self.collections.iter().find(|own| own.id == id)
    }

    pub(super) fn card(&self, id: u64) -> Option<&CardSetup> {
        self.cards.iter().find(|own| own.id == id)
    }

    /// Whether somebody sees what is in a collection.
    pub(super) fn sees(&self, person: &PersonSetup, collection: Option<u64>) -> bool {
        let hidden = |id: &u64| person.hidden.contains(id);
        person.superuser || !collection.is_some_and(|id| self.way_to(id).iter().any(hidden))
    }
}
