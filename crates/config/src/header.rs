//! What the file of a kind says of tasks that use it, read like a file of the configuration: keys of `[tasks.NAME]`, each
//! in its place. It does not judge the values; that happens where tasks are made.

use std::sync::Arc;

use crate::{
    draft::Draft,
    kinds::KindHeader,
    nearest::nearest,
    node::{self, Entry, Table},
    parse,
    source::{Source, Span},
};

/// Keys of which a task has one at most: one that the task writes stands for all.
const WHEN: [&str; 4] = ["schedule", "every", "at", "after"];
/// Keys of a task that say nothing in a header, and what to write there.
const NOT_HERE: [(&str, &str); 3] = [
    ("uses", "the file itself is the kind"),
    ("with", "declare `params` here; a task of the configuration gives their values in `with`"),
    ("share", "it belongs to a task of the configuration"),
];

/// Keys of a header that are the file's own, read by whoever found it: named here for those who misspell one.
const OWN: [&str; 7] = ["about", "actions", "category", "exit_codes", "metrics", "params", "repeatable"];

/// A header as it was read.
pub(crate) struct Header {
    pub(crate) source: Arc<Source>,
    /// Whether it stands for a task of its own.
    pub(crate) scheduled: bool,
    keys: Table,
    /// What is wrong with it, whatever it is used for.
    pub(crate) drafts: Vec<Draft>,
}

impl Header {
    /// Reads it.
    pub(crate) fn read(header: &KindHeader) -> Self {
        let source = Arc::new(Source { path: header.path.clone(), text: header.text.clone() });
        let mut drafts = Vec::new();
        let keys = parse::parse(&source, &mut drafts).unwrap_or_default();
        for (key, why) in NOT_HERE {
            if let Some(entry) = keys.get(key) {
                let what = format!("`{key}` has no place in the header of a file: {why}");
                drafts.push(Draft::new(&entry.node.path, Some(&entry.key), what));
            }
        }
        Self { source, scheduled: header.scheduled, keys, drafts }
    }

    /// Puts its keys below those of a task.
    pub(crate) fn lay_below(&self, task: &mut Table) {
        let own_when = WHEN.iter().any(|key| task.contains_key(*key));
        let stands_aside = |key: &str| own_when && WHEN.contains(&key);
        let elsewhere = |key: &str| NOT_HERE.iter().any(|(other, _)| *other == key);
        let counts = |key: &str| !stands_aside(key) && !elsewhere(key);
        let below: Table = self
            .keys
            .iter()
            .filter(|(key, _)| counts(key))
            .map(|(key, entry)| (key.clone(), entry.clone()))
            .collect();
        node::merge_below(task, &below);
    }

    /// Whether an entry is written in it.
    pub(crate) fn has(&self, entry: &Entry) -> bool {
        Arc::ptr_eq(&self.source, &entry.key.source)
    }

    /// Its first line, for what is said of it as a whole.
    pub(crate) fn head(&self) -> Span {
        let first = self.keys.values().map(|entry| entry.key.range.start).min().unwrap_or(0);
        Span { source: self.source.clone(), range: first..first }
    }
}

/// Takes out keys that are none of a task, and says which are probably meant: those of a task or of the file itself.
pub(crate) fn take_misspelt(table: &mut Table, known: &[String]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    table.retain(|key, entry| {
        let all = known.iter().map(String::as_str);
        let near = nearest(key, all.clone().chain(OWN));
        let is_own =
            near.as_deref().is_some_and(|near| OWN.contains(&near) && !all.clone().any(|key| key == near));
        if known.contains(key) || !is_own {
            return true;
        }
        drafts.push(Draft::new("", Some(&entry.key), format!("unknown key `{key}`")).nearest(near));
        false
    });
    drafts
}
