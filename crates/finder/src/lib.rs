//! Finds kinds in folders: scripts with what their headers say, and plugins by their names. It runs and loads nothing.
//!
//! It exists so that the daemon can look at files without being able to run them.
//!
//! * [`scan_scripts`] and [`scan_plugins`] look through a folder. Each file that is a kind, or would be one if it were in
//!   order, is a [`FoundScript`] or [`FoundPlugin`]; what is wrong with it is a [`Broken`], which reads as a sentence for people.
//!   An `Err` of the whole scan is a folder that cannot be used at all; a folder that does not exist holds nothing.
//! * [`Header`] is what a script says of itself. [`OWN_KEYS`] are the keys of the script; all others are keys of
//!   `[tasks.NAME]`, in [`TaskKeys`], for the configuration to judge: name the own keys too where it names known keys.
//! * [`check_folder`] and [`check_file`] say whether others could change a file ([`Distrust`]): for scripts, plugins and keys.
//!   [`check_before_run`] says the same of a file that is run on behalf of another user than its owner.
//! * [`hash_file`] and [`state_of`] read a file by an open descriptor, so that what was hashed is one file; a [`HeldFile`] stays
//!   open, so that what was hashed can be told from what takes its place.
//! * [`value_of`] and [`params_of`] turn `-p key=value` into values by a JSON Schema, whatever sort of kind it belongs to;
//!   [`with_defaults`] fills in what a table leaves out, and [`variable_of`] names the variable a script reads a parameter from.

mod file;
mod header;
mod nearest;
mod scan;
mod trust;
mod value;

pub use file::{FileState, HeldFile, Refused, hash_file, state_of};
pub use header::{
    Header, HeaderProblem, HeaderProblems, MAX_HEADER_BYTES, OWN_KEYS, Param, ParamSort, TaskKeys,
    params_schema, variable_of,
};
pub use scan::{
    Broken, FoundPlugin, FoundScript, MAX_DEPTH, MAX_FILES, MAX_PLUGIN_BYTES, MAX_SCRIPT_BYTES, ScanError,
    ScriptKind, scan_plugins, scan_scripts,
};
pub use trust::{Distrust, check_before_run, check_file, check_folder};
pub use value::{params_of, value_of, with_defaults};
