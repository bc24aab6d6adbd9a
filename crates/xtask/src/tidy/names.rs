//! Words that say nothing, and words that mean something else here.
//! It looks at names of crates, files, modules and what others can see; private names are for the reviewer.

use std::path::{Component, Path};

use super::finding::Finding;

/// A place with such a name collects what has no place.
const SAYS_NOTHING: &[&str] = &["util", "utils", "common", "helper", "helpers", "type", "types", "misc"];

/// A word of other schedulers, and what is meant here.
const FOREIGN: &[(&str, &str)] = &[
    ("job", "say task, run or attempt"),
    ("jobs", "say tasks, runs or attempts"),
    ("manager", "say what it does, as an agent noun: Rescuer, Dispatcher"),
    ("managers", "say what they do, as agent nouns: Rescuer, Dispatcher"),
];

/// Complains about the name of a crate.
pub(crate) fn complain_about_crate(name: &str) -> Option<String> {
    let short = name.strip_prefix("roundsman-").unwrap_or(name);
    complain_about_place(short).or_else(|| complain_about_word(short))
}

/// Complains about the name of a module, a file or a folder.
pub(crate) fn complain_about_place(name: &str) -> Option<String> {
    let says_nothing = SAYS_NOTHING.contains(&name);
    says_nothing
        .then(|| format!("`{name}` says nothing: name it after what it owns"))
        .or_else(|| complain_about_word(name))
}

/// Complains about the name of anything, `snake_case` or `CamelCase`.
pub(crate) fn complain_about_word(name: &str) -> Option<String> {
    let words = words(name);
    let (word, advice) = FOREIGN.iter().find(|(word, _)| words.iter().any(|own| own == word))?;
    Some(format!("`{name}` contains the word {word}: {advice}"))
}

/// Checks the folders and the file name of a source.
pub(crate) fn check_path(path: &str) -> Option<Finding> {
    let stem = Path::new(path).with_extension("");
    let mut names = stem.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    names.find_map(complain_about_place).map(|complaint| Finding::error(path, 1, complaint))
}

/// The words of a name, in lower case: `HTTPJobQueue` is http, job, queue.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (index, &char) in chars.iter().enumerate() {
        let after_small = index > 0 && !chars[index - 1].is_uppercase();
        let before_small = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        let begins = char.is_uppercase() && (after_small || before_small);
        if begins || !char.is_alphanumeric() {
            words.push(String::new());
        }
        if char.is_alphanumeric() {
            words.last_mut().expect("there is always a word").extend(char.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests;
