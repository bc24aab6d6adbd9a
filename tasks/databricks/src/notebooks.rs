//! Notebooks and files of a workspace: saved in a folder on disk with a manifest, and put back from there. Who asks for
//! either, and when, is not known here.

mod backup;
mod folder;
mod manifest;
mod names;
mod problems;
mod restore;

pub use self::{
    backup::{BackupFormat, BackupReport, BackupSettings, Planned, backup},
    names::{decode as decode_name, encode as encode_name},
    problems::{Problem, Problems},
    restore::{InvalidPrefixMap, PrefixMap, RestoreReport, RestoreSettings, Restored, restore},
};
