//! The folders of scripts and plugins: whether they are trusted, and which files in them are no kinds, and why. What is in
//! force is the daemon's matter.

use std::path::Path;

use roundsman_config::{Origin, Setting};
use roundsman_finder::check_folder;
use roundsman_model::Finding;

use super::{ground::Ground, group::aside};
use crate::kinds::{Broken, Known};

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    let Some(settings) = ground.settings_with("daemon.scripts_dir", found) else { return };
    for (name, folder) in [("scripts", &settings.scripts_dir), ("plugins", &settings.plugins_dir)] {
        let Setting { value: Some(path), origin } = folder.clone() else {
            found.push(Finding::ok(name, "no folder is in use"));
            continue;
        };
        let kinds = kinds_in(ground, &path);
        let broken = broken_in(ground, &path);
        found.extend(aside(move || place(name, &path, &origin, &kinds)).await);
        found.extend(broken);
    }
}

/// The kinds whose files are in a folder.
fn kinds_in(ground: &Ground, folder: &Path) -> Vec<String> {
    let here = |known: &&Known| known.path().is_some_and(|path| path.starts_with(folder));
    ground.catalogue.iter().filter(here).map(|known| known.description.name.to_string()).collect()
}

/// What in a folder cannot be used as it is.
fn broken_in(ground: &Ground, folder: &Path) -> Vec<Finding> {
    let inside = ground
        .catalogue
        .broken()
        .iter()
        .filter(|broken| broken.path.starts_with(folder) && broken.path != folder);
    inside.map(broken).collect()
}

/// A file that is no kind fails nobody as long as the version before counts.
fn broken(broken: &Broken) -> Finding {
    let what = broken.name.as_ref().map_or_else(|| "file".to_owned(), |name| format!("kind {name}"));
    let advice = "mend the file; a running daemon notices by itself";
    if broken.kept {
        Finding::warning(what, broken.sentence(), advice)
    } else {
        Finding::failure(what, broken.sentence(), advice)
    }
}

/// The folder itself, before anything in it.
fn place(name: &str, path: &Path, origin: &Origin, kinds: &[String]) -> Vec<Finding> {
    let shown = path.display();
    if !path.exists() {
        return vec![match origin {
            Origin::Default => Finding::ok(name, format!("{shown} is not there, and need not be")),
            origin => Finding::failure(
                name,
                format!("{shown} is not there, and is named in {origin}"),
                format!("make it, or take {name}_dir out"),
            ),
        }];
    }
    match check_folder(path) {
        Ok(()) => vec![Finding::ok(name, format!("{shown} is trusted; {}", told(kinds)))],
        Err(distrust) => vec![Finding::failure(
            name,
            format!("nothing in {shown} is used: {}", crate::cli::failure::chain(&distrust)),
            "whoever can write there decides what runs as the daemon's user: only that user and root may",
        )],
    }
}

fn told(kinds: &[String]) -> String {
    if kinds.is_empty() { "no kind is in it".to_owned() } else { format!("kinds: {}", kinds.join(", ")) }
}
