//! A Metabase on this machine: sessions, questions, dashboards, collections, queries and exports as versions old and new
//! give them, over HTTP that can be broken at any byte. What the kinds make of it is theirs.

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
