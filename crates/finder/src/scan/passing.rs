//! Names of files and folders that are passed over without a word: what editors, package tools and people leave beside
//! scripts. It opens no file.

use std::{ffi::OsStr, path::Path};

/// What editors and package tools append to copies.
const COPIES: &[&str] = &[
    "swp",
    "swo",
    "swx",
    "bak",
    "orig",
    "rej",
    "tmp",
    "old",
    "save",
    "rpmsave",
    "rpmnew",
    "rpmorig",
    "dpkg-old",
    "dpkg-new",
    "dpkg-dist",
    "dpkg-tmp",
];

/// What is not run in place: settings, text, compiled code.
const NO_SCRIPTS: &[&str] = &["toml", "md", "so", "pyc"];

/// Folders that tools fill with programs of their own.
const FOLDERS: &[&str] = &["__pycache__", "node_modules", "lost+found"];

/// What every virtual environment of Python has in its folder.
const ENVIRONMENT: &str = "pyvenv.cfg";

/// Whether a file is passed over for its name.
pub(super) fn is_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    is_hidden(&name)
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || is_readme(&name)
        || extension.is_some_and(|extension| {
            COPIES.contains(&extension.as_str()) || NO_SCRIPTS.contains(&extension.as_str())
        })
}

/// Whether a folder is passed over, for its name or because its programs are not the team's.
pub(super) fn is_folder(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_hidden(&name) || FOLDERS.contains(&name.as_ref()) || path.join(ENVIRONMENT).exists()
}

/// Whether a file of the plugins folder is a plugin.
pub(super) fn is_plugin(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !is_hidden(&name) && path.extension() == Some(OsStr::new("so"))
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_readme(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "readme" || name.starts_with("readme.")
}
