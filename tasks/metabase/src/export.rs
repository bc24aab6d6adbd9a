//! Items made into files that were proved whole before they got their names. What people write is `config`'s, what bytes say
//! `scan`'s, what the server wants `server`'s and `params`', what is done to finished files `local`'s.
//!
//! A run goes through these in this order: `expand` makes units of items and `names` their paths, `one` exports a unit with
//! `stream`, `judge` and `finish`, into a `part` file first; `ledger` remembers it; at the end come `manifest` and `folder`.

pub mod blocking;
pub mod board;
pub mod expand;
pub mod failure;
pub mod finish;
pub mod folder;
pub mod judge;
pub mod ledger;
pub mod manifest;
pub mod metrics;
pub mod names;
pub mod once;
pub mod one;
pub mod part;
pub mod probe;
pub mod run;
pub mod stream;
pub mod unit;

pub use self::run::{Wish, run};
