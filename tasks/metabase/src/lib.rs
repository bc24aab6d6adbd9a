//! Exports of Metabase questions, dashboards and collections as files that were proved whole before they got their names.
//! What is where: `config` is what people write; `scan` proves that an export is whole.

pub mod config;
pub mod scan;
pub mod server;
