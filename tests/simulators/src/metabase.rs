//! A Metabase on this machine: sessions, questions, dashboards, collections, queries and exports as versions old and new
//! give them, over HTTP that can be broken at any byte. What the kinds make of it is theirs.
//!
//! ```
//! # use std::sync::Arc;
//! # use roundsman_simulators::{
//! #     At, Damage, Ending, Fault, Metabase, MetabaseScenario,
//! #     metabase::{CardSetup, Release, Rows},
//! # };
//! # use roundsman_testkit::FakeClock;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let clock = Arc::new(FakeClock::at("2026-11-20T08:00:00Z"));
//! let card = CardSetup::native(12, "Orders").rows(Rows::awkward(1_000));
//! let sim = Metabase::start(clock, MetabaseScenario::new(Release::V56).card(card)).await.unwrap();
//!
//! let cut = Damage::End(At::Row(500), Ending::Clean);
//! sim.fault(Fault::on("POST /api/card/*/query/csv").times(1).body(cut));
//! // … run the code under test against sim.url() and sim.api_key(); what it publishes in the end is sim.truth(12, "csv") …
//! assert!(sim.most_in_flight() <= 2);
//! # });
//! ```

mod body;
mod handle;
mod routes;
mod rows;
mod scenario;
mod stream;
mod wire;
mod world;

pub use self::{
    handle::Metabase,
    rows::{Cell, Column, ColumnType, Rows},
    scenario::{
        API_KEY, CardKind, CardSetup, CollectionSetup, DashboardSetup, DashcardSetup, EMAIL, Failure,
        Framing, Health, MetabaseScenario, MetabaseSettings, PASSWORD, PersonSetup, Query, Release, TagKind,
        TagSetup,
    },
    world::{Ended, ExportSeen},
};
