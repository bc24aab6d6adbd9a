//! Every sample of a configuration in the documentation loads, with the kinds that are compiled in. It reads no page for
//! people.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use roundsman::kinds::Catalogue;
use roundsman_config::{Environment, load};
use roundsman_task::Registry;

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages.extend(self::pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// The blocks of TOML in a page, each with the line it begins on. Those whose fence says more than `toml` need what is not
/// here: a kind that is not compiled in, a file.
fn samples(page: &str) -> Vec<(usize, String)> {
    let mut samples: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in page.lines().enumerate() {
        match line.trim_end() {
            "```toml" => {
                open = true;
                samples.push((index + 2, String::new()));
            }
            "```" => open = false,
            line if open => {
                if let Some((_, text)) = samples.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            _ => {}
        }
    }
    samples
}

#[test]
fn every_sample_in_the_documentation_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = pages(&root.join("docs"));
    pages.push(root.join("README.md"));
    let kinds = Catalogue::compiled(&Registry::collect().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roundsman.toml");
    let environment = Environment::with([("HOME", "/home/ada")]);
    let mut loaded = 0;
    let mut refused = Vec::new();
    for page in pages.iter().filter(|page| page.exists()) {
        for (line, sample) in samples(&std::fs::read_to_string(page).unwrap()) {
            std::fs::write(&file, &sample).unwrap();
            match load(Some(&file), &kinds, &environment) {
                Ok(_) => loaded += 1,
                Err(problems) => refused.push(format!("{}:{line}: {problems}", page.display())),
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    assert!(loaded >= 10, "only {loaded} samples were found");
}
