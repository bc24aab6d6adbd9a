//! Exports of Metabase questions, dashboards and collections as files that were proved whole before they got their names.
//! What is where: `config` is what people write, `params` makes of it what the server wants; `server` is the server with the
//! manners towards it; `scan` proves that an export is whole.

pub mod actions;
pub mod config;
pub mod export;
pub mod kind;
pub mod local;
pub mod params;
pub mod scan;
pub mod server;
