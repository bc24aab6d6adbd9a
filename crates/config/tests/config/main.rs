//! The configuration from the outside: real files in a folder of their own, made-up kinds. It starts no daemon.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
#![expect(clippy::unwrap_used, reason = "a scene that cannot be set fails its test")]

mod any_input;
mod bad_files;
mod bad_values;
mod bad_with;
mod blackouts;
mod chains;
mod conditions;
mod definitions;
mod files;
mod headers;
#[expect(dead_code, reason = "configs are read to be checked; no kind here runs")]
mod kinds;
mod manual;
#[expect(dead_code, reason = "configs are read to be checked; no kind here runs")]
mod old_names;
mod precedence;
mod references;
mod scene;
mod secrets;
mod shipped;
