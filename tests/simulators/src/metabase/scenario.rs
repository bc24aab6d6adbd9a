//! What a simulated Metabase has when it starts. What becomes of it is the world's.

mod cards;
mod parts;
mod sample;
mod settings;

pub use self::{
    cards::{CardKind, CardSetup, Failure, Query, TagKind, TagSetup},
    parts::{CollectionSetup, DashboardSetup, DashcardSetup, PersonSetup},
    settings::{Framing, Health, MetabaseSettings, Release},
};
use super::Rows;
use crate::faults::Fault;

/// The address of the administrator that every scenario has.
pub const EMAIL: &str = "admin@example.com";
/// The administrator's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// The administrator's API key.
pub const API_KEY: &str = "mb_c2ltdWxhdGVkIGtleSBvZiBub2JvZHk=";

/// A Metabase: who may come, what is there, how it behaves.
#[derive(Debug, Clone)]
pub struct MetabaseScenario {
    pub(super) settings: MetabaseSettings,
    pub(super) people: Vec<PersonSetup>,
    pub(super) collections: Vec<CollectionSetup>,
    pub(super) cards: Vec<CardSetup>,
    pub(super) dashboards: Vec<DashboardSetup>,
    pub(super) queries: Vec<(String, Rows)>,
    pub(super) recents: Vec<(&'static str, u64)>,
    pub(super) faults: Vec<Fault>,
}

impl MetabaseScenario {
    /// An empty one of this version, with an administrator.
    pub fn new(release: Release) -> Self {
        Self {
            settings: MetabaseSettings::of(release),
            people: vec![PersonSetup::new(EMAIL, PASSWORD).with_key(API_KEY).superuser()],
            collections: Vec::new(),
            cards: Vec::new(),
            dashboards: Vec::new(),
            queries: Vec::new(),
            recents: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// One that shows everything: some questions, a dashboard with tabs, collections within collections.
    pub fn sample(release: Release, rows: u64) -> Self {
        sample::sample(release, rows)
    }

    /// With this question, model or metric.
    pub fn card(mut self, card: CardSetup) -> Self {
        self.cards.push(card);
        self
    }

    /// With this dashboard.
    pub fn dashboard(mut self, dashboard: DashboardSetup) -> Self {
        self.dashboards.push(dashboard);
        self
    }

    /// With this collection.
    pub fn collection(mut self, collection: CollectionSetup) -> Self {
        self.collections.push(collection);
        self
    }

    /// With this person.
    pub fn person(mut self, person: PersonSetup) -> Self {
        self.people.push(person);
        self
    }

    /// With rows that a query of one's own gives; others are refused by the database.
    pub fn query(mut self, sql: &str, rows: Rows) -> Self {
        self.queries.push((sql.to_owned(), rows));
        self
    }

    /// These were looked at, the newest first: `("card", 12)`, `("dashboard", 42)`, …
    pub fn recently(mut self, seen: &[(&'static str, u64)]) -> Self {
        self.recents = seen.to_vec();
        self
    }

    /// With other settings.
    pub fn set(mut self, change: impl FnOnce(&mut MetabaseSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// This goes wrong from the start.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}
