//! Puts the trees of several files together. What is written twice is an error that names both places, never a choice.

use std::sync::Arc;

use crate::{
    draft::Draft,
    nearest::nearest,
    node::{Entry, Table, Written},
    parse,
    source::Source,
};

/// What all files say together.
#[derive(Default)]
pub(crate) struct Combined {
    pub(crate) daemon: Table,
    pub(crate) retention: Table,
    pub(crate) credentials: Table,
    pub(crate) pools: Table,
    pub(crate) budgets: Table,
    pub(crate) shared: Table,
    pub(crate) tasks: Table,
    /// Whether a file could not be understood, so that something may be missing here.
    pub(crate) incomplete: bool,
}

const SECTIONS: [&str; 7] = ["daemon", "retention", "credentials", "pools", "budgets", "shared", "tasks"];

/// Parses the files and puts their tables together.
pub(crate) fn combine(sources: &[Arc<Source>], drafts: &mut Vec<Draft>) -> Combined {
    let mut combined = Combined::default();
    for source in sources {
        match parse::parse(source, drafts) {
            Some(table) => combined.add(table, drafts),
            None => combined.incomplete = true,
        }
    }
    combined
}

impl Combined {
    fn add(&mut self, file: Table, drafts: &mut Vec<Draft>) {
        for (key, entry) in file {
            let (into, what) = match key.as_str() {
                "daemon" => (&mut self.daemon, "key"),
                "retention" => (&mut self.retention, "key"),
                "credentials" => (&mut self.credentials, "key"),
                "pools" => (&mut self.pools, "pool"),
                "budgets" => (&mut self.budgets, "budget"),
                "shared" => (&mut self.shared, "table"),
                "tasks" => (&mut self.tasks, "task"),
                _ => {
                    drafts.push(unknown(&key, &entry));
                    continue;
                }
            };
            let Written::Table(table) = entry.node.value else {
                let draft = Draft::new(&key, Some(&entry.node.span), "this is not a table");
                drafts.push(draft.expected(format!(
                    "a table, such as `[{key}{}]`",
                    if ["daemon", "retention", "credentials"].contains(&key.as_str()) { "" } else { ".NAME" }
                )));
                continue;
            };
            for (name, entry) in table {
                if let Some(first) = into.get(&name) {
                    let mut draft = Draft::new(
                        &entry.node.path,
                        Some(&entry.key),
                        format!("this {what} is written in two files"),
                    );
                    draft.also = Some(first.key.clone());
                    drafts.push(draft.expected("it once"));
                } else {
                    into.insert(name, entry);
                }
            }
        }
    }
}

fn unknown(key: &str, entry: &Entry) -> Draft {
    let near = nearest(key, SECTIONS);
    let draft = Draft::new("", Some(&entry.key), format!("unknown key `{key}`"));
    if near.is_some() {
        draft.nearest(near)
    } else {
        draft.expected("[daemon], [retention], [credentials], [pools.NAME], [budgets.NAME], [shared.NAME] or [tasks.NAME]")
    }
}
