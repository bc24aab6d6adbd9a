//! Tests of what is found in folders, and what is said of it. Nothing that is found is run.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod any_input;
mod bad_headers;
mod bad_params;
mod headers;
mod owners;
mod scans;
mod scene;
mod values;
