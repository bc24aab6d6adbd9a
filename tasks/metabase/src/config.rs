//! What is written under `with` (section 12, its metabase part): the server, what is exported, where it goes. What follows
//! from it is made elsewhere.

mod check;
mod items;
mod words;

use std::{num::NonZeroU32, path::PathBuf};

use roundsman_task::{ByteSize, HumanDuration};
use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{
    items::{CardRef, Item, ParamValue, Sql, What},
    words::{AuthMode, BodyEncoding, FailRunIf, Format, OnCap, Post, Unchanged, Verify},
};

/// A configuration in which nothing contradicts.
pub type Checked = roundsman_task::Checked<Config>;

/// What is exported from a Metabase, and where it goes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server: `https://metabase.example.com`, perhaps with a path.
    #[schemars(extend("x-env" = ["METABASE_URL"]))]
    pub base_url: String,
    /// Whether plain `http` to another machine will do: whoever is between reads credentials and rows. To this machine it
    /// always does.
    #[serde(default)]
    pub allow_http: bool,
    /// Who we are there. The fields of the credentials `metabase` follow from it: `api_key`; `username` and `password`; or
    /// `session_token`. Where nothing is said, an API key if there is one, else user and password.
    #[serde(default)]
    pub auth: Option<AuthMode>,
    /// A file of certificates in PEM that are trusted besides the system's; absolute.
    #[serde(default, deserialize_with = "words::unless_empty")]
    pub ca_file: Option<PathBuf>,
    /// Whether the server's certificate is looked at.
    #[serde(default = "yes")]
    pub verify_tls: bool,
    /// A proxy on the way to it.
    #[serde(default)]
    pub proxy: Option<String>,
    /// How exports are asked for: as a form, as JSON, or as a form first.
    #[serde(default)]
    pub body_encoding: BodyEncoding,
    /// Requests per second to the server, of all tasks together.
    #[serde(default = "two_per_second")]
    pub requests_per_second: f64,
    /// How many requests may be made at once after a rest.
    #[serde(default = "two")]
    pub burst: NonZeroU32,
    /// How many exports may be under way, of all tasks together.
    #[serde(default = "two")]
    pub max_concurrent_exports: NonZeroU32,
    /// How many other requests of one run may be under way; how many a second is the matter of all runs together.
    #[serde(default = "four")]
    pub max_concurrent_meta: NonZeroU32,
    /// How long each phase may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How often a unit is tried.
    #[serde(default)]
    pub retry: Retry,
    /// The folder that exports go to; absolute.
    #[serde(default)]
    pub output_dir: Option<PathBuf>,
    /// The mode of published files, in octal; their owner must be able to read them.
    #[serde(default = "file_mode")]
    pub file_mode: String,
    /// What must stay free on its file system.
    #[serde(default = "gibibyte")]
    pub min_free_bytes: ByteSize,
    /// The most files of a run.
    #[serde(default = "max_units")]
    pub max_units: NonZeroU32,
    /// The form of exports: `csv`; `json`, a list of objects; `xlsx` (or `excel`), a workbook that the server makes; `xlsx-local`,
    /// a workbook made here of the server's CSV and the types of its columns.
    #[serde(default)]
    pub format: Format,
    /// Whether numbers and dates are formatted as the question shows them. Not in `xlsx-local`: its cells have types.
    #[serde(default)]
    pub format_rows: bool,
    /// Whether pivot tables are exported as such.
    #[serde(default)]
    pub pivot_results: bool,
    /// Ask the server for a byte-order mark in CSV files.
    #[serde(default)]
    pub csv_include_bom: bool,
    /// Whether names of files end with the time of the run.
    #[serde(default = "yes")]
    pub include_timestamp: bool,
    /// The names of files; see the page of the kind for the words in braces. An empty one is none.
    #[serde(default, deserialize_with = "words::unless_empty")]
    pub template: Option<String>,
    /// What becomes of an export that has exactly as many rows as the server gives at most.
    #[serde(default)]
    pub on_cap: OnCap,
    /// Whether rows are counted by a query of their own too (`count`), or only the form of exports is looked at.
    #[serde(default)]
    pub verify: Verify,
    /// How far the count may be off, in percent.
    #[serde(default)]
    pub count_tolerance_percent: f64,
    /// After so many failures one after the other the rest of a run is given up.
    #[serde(default = "five")]
    pub abort_after_consecutive_failures: NonZeroU32,
    /// From when on failed files make a failure of the run: `any` (one is enough), `all` (none went well), `percent:20` (more than a
    /// fifth).
    #[serde(default)]
    pub fail_run_if: FailRunIf,
    /// What becomes of an export that is the same as the last one.
    #[serde(default)]
    pub unchanged: Unchanged,
    /// How many runs are kept.
    #[serde(default = "keep_runs")]
    pub keep_runs: u32,
    /// How many days runs are kept.
    #[serde(default = "keep_days")]
    pub keep_days: u32,
    /// How much runs may take together; 0 for any amount.
    #[serde(default)]
    pub max_total_bytes: ByteSize,
    /// Keep a link `latest` to the last good run.
    #[serde(default = "yes")]
    pub latest: bool,
    /// The link may point to runs in which some units failed.
    #[serde(default)]
    pub latest_on_partial: bool,
    /// Whether a dry run asks the server.
    #[serde(default = "yes")]
    pub dry_run_probe: bool,
    /// What is done to finished files: `gzip` or `zstd`.
    #[serde(default)]
    pub post: Vec<Post>,
    /// CSV files begin with a byte-order mark, as Excel likes it; we write it.
    #[serde(default)]
    pub csv_bom: bool,
    /// What is between the cells of CSV files, if not a comma: one ASCII character, such as `;`.
    #[serde(default)]
    pub csv_delimiter: Option<char>,
    /// Lines of CSV files end as on Windows.
    #[serde(default)]
    pub csv_crlf: bool,
    /// Cells of text that a spreadsheet would take for a formula begin with an apostrophe.
    #[serde(default)]
    pub csv_formula_guard: bool,
    /// What is exported.
    #[serde(default)]
    pub item: Vec<Item>,
}

/// How long each phase may take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// A connection.
    pub connect: HumanDuration,
    /// A request that exports nothing, whole.
    pub meta: HumanDuration,
    /// The first byte of a CSV or JSON export.
    pub first_byte: HumanDuration,
    /// The first byte of an xlsx export, which comes when the whole workbook is made.
    pub first_byte_xlsx: HumanDuration,
    /// Between two pieces of an export.
    pub idle: HumanDuration,
    /// An export, whole.
    pub export: HumanDuration,
    /// A server that is starting.
    pub init_wait: HumanDuration,
    /// The longest pause that a server may ask for.
    pub retry_after_cap: HumanDuration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let secs = HumanDuration::from_secs;
        Self {
            connect: secs(10),
            meta: secs(30),
            first_byte: secs(300),
            first_byte_xlsx: secs(1_320),
            idle: secs(300),
            export: secs(3_600),
            init_wait: secs(180),
            retry_after_cap: secs(300),
        }
    }
}

/// How often a unit is tried.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// How often at most.
    pub max_attempts: NonZeroU32,
    /// The pause before the second try; it doubles.
    pub base: HumanDuration,
    /// The longest pause.
    pub cap: HumanDuration,
    /// How much pauses vary: 0.2 for a fifth more or less.
    pub jitter: f64,
}

impl Default for Retry {
    fn default() -> Self {
        let secs = HumanDuration::from_secs;
        Self { max_attempts: number(3), base: secs(4), cap: secs(60), jitter: 0.2 }
    }
}

const fn number(of: u32) -> NonZeroU32 {
    NonZeroU32::new(of).expect("a number above zero")
}

const fn yes() -> bool {
    true
}

const fn two_per_second() -> f64 {
    2.0
}

const fn two() -> NonZeroU32 {
    number(2)
}

const fn four() -> NonZeroU32 {
    number(4)
}

const fn five() -> NonZeroU32 {
    number(5)
}

const fn max_units() -> NonZeroU32 {
    number(500)
}

fn file_mode() -> String {
    "0640".to_owned()
}

const fn gibibyte() -> ByteSize {
    ByteSize(1 << 30)
}

const fn keep_runs() -> u32 {
    30
}

const fn keep_days() -> u32 {
    90
}
