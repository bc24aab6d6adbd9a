//! The folders of scripts and plugins: whether they are trusted, and which files in them are no kinds, and why. What is in
//! force is the daemon's matter.

use std::path::{Path, PathBuf};

use roundsman_config::{Origin, Setting};
use roundsman_finder::check_folder;
use roundsman_model::Finding;

use super::{ground::Ground, group::aside};

pub(super) async fn look(ground: &Ground, found: &mut Vec<Finding>) {
    let Some(settings) = ground.settings_with("daemon.scripts_dir", found) else { return };
    for (name, folder) in [("scripts", &settings.scripts_dir), ("plugins", &settings.plugins_dir)] {
        let Setting { value: Some(path), origin } = folder.clone() else {
            found.push(Finding::ok(name, "no folder is in use"));
            continue;
        };
        found.extend(aside(move || place(name, &path, &origin)).await);
    }
}

/// The folder itself, before anything in it.
fn place(name: &str, path: &PathBuf, origin: &Origin) -> Vec<Finding> {
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
        Ok(()) => files(name, path),
        Err(distrust) => vec![Finding::failure(
            name,
            format!("nothing in {shown} is used: {}", crate::cli::failure::chain(&distrust)),
            "whoever can write there decides what runs as the daemon's user: only that user and root may",
        )],
    }
}

fn files(name: &str, path: &Path) -> Vec<Finding> {
    let _ = path;
    vec![Finding::ok(name, format!("{} is trusted", path.display()))]
}
