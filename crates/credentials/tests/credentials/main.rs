//! The vault and its neighbours as programs see them, on real files and with real processes. The masking of values has its
//! tests beside it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cut_off;
mod import;
mod keys;
mod old_names;
mod program;
mod python;
mod root;
mod sources;
mod stage;
mod together;
mod vault;
