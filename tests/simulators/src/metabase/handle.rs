//! What holds a simulated Metabase: starts it, changes it, tells what it was asked and what became of exports. Dropping it
//! ends it.

use std::sync::{Arc, MutexGuard};

use anyhow::Result;
use roundsman_model::Clock;
use serde_json::Value;

use super::{
    body,
    rows::Rows,
    scenario::{API_KEY, Failure, MetabaseScenario, MetabaseSettings},
    stream::Format,
    wire::{Door, Hall},
    world::{ExportSeen, World},
};
use crate::{
    faults::{Fault, FaultHandle, Faults, Shape},
    journal::{Entry, Journal},
};

/// A Metabase that listens.
pub struct Metabase {
    hall: Arc<Hall>,
    door: Door,
}

impl Metabase {
    /// Starts it on a free port. Sessions, waits and its start pass on this clock.
    pub async fn start(clock: Arc<dyn Clock>, scenario: MetabaseScenario) -> Result<Self> {
        Self::start_on(clock, scenario, 0).await
    }

    /// Starts it on this port; on a free one if it is 0.
    pub async fn start_on(clock: Arc<dyn Clock>, scenario: MetabaseScenario, port: u16) -> Result<Self> {
        let faults = Faults::shaped(Shape::RawText);
        for fault in &scenario.faults {
            faults.add(fault.clone());
        }
        let world = World::new(scenario, clock.now());
        let hall = Arc::new(Hall::new(clock, world, faults, Journal::default()));
        Ok(Self { door: Door::open(&hall, port).await?, hall })
    }

    /// Where it is, as `http://127.0.0.1:PORT`, with the prefix of its settings.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.door.address(), self.world().settings.prefix)
    }

    /// The administrator's API key.
    pub fn api_key(&self) -> &'static str {
        API_KEY
    }

    /// All requests, in the order of their effects. Their paths are without the prefix.
    pub fn journal(&self) -> Vec<Entry> {
        self.hall.journal.all()
    }

    /// The requests that fit a pattern such as `POST /api/card/*/query/csv`.
    pub fn asked(&self, pattern: &str) -> Vec<Entry> {
        self.journal().into_iter().filter(|entry| entry.fits(pattern)).collect()
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.hall.journal.clear();
    }

    /// Returns once the journal has so many entries.
    pub async fn reached(&self, entries: usize) {
        self.hall.journal.reached(entries).await;
    }

    /// From now on this goes wrong.
    pub fn fault(&self, fault: Fault) -> FaultHandle {
        self.hall.faults.add(fault)
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.hall.faults.clear();
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut MetabaseSettings)) {
        change(&mut self.world().settings);
    }

    /// From now on the query of this card gives these rows; as many queries as were run before are forgotten.
    pub fn set_rows(&self, card: u64, rows: Rows) {
        let mut world = self.world();
        world.forget_queries(card);
        if let Some(card) = world.cards.iter_mut().find(|own| own.id == card) {
            card.rows = rows;
        }
    }

    /// From now on the query of this card fails like this, or works again.
    pub fn set_failure(&self, card: u64, failure: Option<Failure>) {
        if let Some(card) = self.world().cards.iter_mut().find(|own| own.id == card) {
            card.failure = failure;
        }
    }

    /// All sessions end, as if their time were over.
    pub fn end_sessions(&self) {
        self.world().logins.end_all();
    }

    /// Ends this one.
    pub fn end_session(&self, id: &str) {
        self.world().logins.end(id);
    }

    /// A session of somebody, as a login gives it, without a request.
    pub fn session(&self, email: &str) -> String {
        let now = self.hall.clock.now();
        self.world().logins.begin(email, now)
    }

    /// The exports that were begun, in this order, and what became of them.
    pub fn exports(&self) -> Vec<ExportSeen> {
        self.hall.exports.all()
    }

    /// How many exports are under way.
    pub fn in_flight(&self) -> usize {
        self.hall.exports.in_flight()
    }

    /// How many were under way at once at most.
    pub fn most_in_flight(&self) -> usize {
        self.hall.exports.most()
    }

    /// Returns once no export is under way.
    pub async fn idle(&self) {
        self.hall.exports.idle().await;
    }

    /// The bytes of an export of a card without parameters as they are before they are packed, as the first query gives it:
    /// `csv`, `json` or `xlsx`. Nothing of it is written down as asked.
    ///
    /// # Panics
    ///
    /// If there is no such card or form.
    pub fn truth(&self, card: u64, format: &str) -> Vec<u8> {
        let world = self.world();
        let card = world.cards.iter().find(|own| own.id == card).expect("a card of the scenario");
        let format = Format::named(format).expect("one of csv, json and xlsx");
        let limit = world.settings.export_limit();
        body::whole(format, &card.rows.clone().fixed(card.rows.count().min(limit)))
    }

    /// Refuses connections from now on, and ends those that there are.
    pub fn close(&self) {
        self.door.close();
    }

    /// Listens again, on the same port.
    pub async fn reopen(&self) -> Result<()> {
        self.door.reopen(&self.hall).await
    }

    /// What a request to run a query said: the fields of its form or JSON, with JSON in texts undone.
    pub fn fields(entry: &Entry) -> Value {
        body::fields(entry)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.hall.world()
    }
}
