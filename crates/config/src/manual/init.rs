//! The commented file that `config init` prints and that is shipped. Prose begins with `# `; a key that is switched off
//! begins with `#`, so that taking the one character away switches it on.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{KeyDoc, keys_of, keys_of_kind};
use crate::{
    kinds::{KindFacts, Kinds},
    tables::{
        BudgetTable, DaemonTable, FileTable, PoolTable, RetentionTable, RetryTable, SandboxTable, TaskTable,
    },
};

/// The width that prose is wrapped to.
const WIDTH: usize = 100;

const HEAD: &str = "\
The configuration of Roundsman. A key that begins with `#` is switched off; what it shows is its default, or an \
example where it has none. Lines that begin with `##` are alternatives to the ones above them, or need a value of \
your own. `roundsman config check` says what is wrong with this file, `roundsman config show` what is \
in effect and why. Files `conf.d/*.toml` beside this one are read too.

A string may refer to the environment: `${VAR}`, `${VAR:-default}`, `${VAR:?why it is needed}`, and to a file: \
`${file:/run/secrets/name}`. Write `$${` for a literal `${`. Durations are written `30s`, `5m`, `1h 30m`, `7d`; sizes \
`64K`, `16 MiB`, `2G`.";

const TASK_HEAD: &str = "\
A task is one configured use of a kind, under a name of its own. These are the keys that every task may have; only \
`uses` is required, and of `schedule`, `every`, `at` and `after` there may be one.";

const SHARED_HEAD: &str = "\
Tables that tasks take into their own `with` by `share = [\"site\"]`. What a task writes itself wins; of several shared \
tables the later one wins; tables within tables are merged.";

const WITH_HEAD: &str = "\
The kind's own configuration, here that of a command. `roundsman kinds KIND` shows the keys.";

/// Keys of a task that are alternatives to one above, or need a kind that asks for them.
const ALTERNATIVES: [&str; 4] = ["every", "at", "after", "credentials"];

/// What a line that is switched off begins with, and one that is an alternative or needs a value first.
const OFF: &str = "#";
const ALTERNATIVE: &str = "##";

/// The commented configuration file that `config init` prints, with a task for every kind that needs no configuration.
pub fn init_text(kinds: &dyn Kinds) -> String {
    let mut text = String::new();
    prose(&mut text, HEAD);
    text.push_str("\n[daemon]\n");
    keys(&mut text, &keys_of::<DaemonTable>(), |_| OFF);
    retention(&mut text);
    named_tables(&mut text);
    text.push('\n');
    prose(&mut text, SHARED_HEAD);
    text.push_str("#[shared.site]\n\n");
    example_task(&mut text);
    let mut names = kinds.names();
    names.sort();
    for name in names {
        if let Some(facts) = kinds.kind(&name) {
            kind(&mut text, &name, &facts);
        }
    }
    text
}

/// What is kept of the past.
fn retention(text: &mut String) {
    let sections = keys_of::<FileTable>();
    text.push('\n');
    prose(text, sections.iter().find(|doc| doc.key == "retention").map_or("", |doc| doc.about.as_str()));
    text.push_str("#[retention]\n");
    keys(text, &keys_of::<RetentionTable>(), |_| OFF);
}

/// A pool and a budget, which the example task and kinds refer to.
fn named_tables(text: &mut String) {
    let sections = keys_of::<FileTable>();
    for (section, docs) in [("pools", keys_of::<PoolTable>()), ("budgets", keys_of::<BudgetTable>())] {
        text.push('\n');
        prose(text, sections.iter().find(|doc| doc.key == section).map_or("", |doc| doc.about.as_str()));
        let _ = writeln!(text, "#[{section}.netbox]");
        keys(text, &docs, |_| OFF);
    }
}

/// A task with every key that any task may have.
fn example_task(text: &mut String) {
    prose(text, TASK_HEAD);
    text.push_str("#[tasks.example]\n");
    let (tables, docs): (Vec<KeyDoc>, Vec<KeyDoc>) = keys_of::<TaskTable>()
        .into_iter()
        .partition(|doc| ["retry", "sandbox", "with"].contains(&doc.key.as_str()));
    keys(text, &docs, |doc| if ALTERNATIVES.contains(&doc.key.as_str()) { ALTERNATIVE } else { OFF });
    for (table, docs) in [("retry", keys_of::<RetryTable>()), ("sandbox", keys_of::<SandboxTable>())] {
        text.push('\n');
        prose(text, tables.iter().find(|doc| doc.key == table).map_or("", |doc| doc.about.as_str()));
        let _ = writeln!(text, "#[tasks.example.{table}]");
        keys(text, &docs, |_| OFF);
    }
    text.push('\n');
    prose(text, WITH_HEAD);
    text.push_str("#[tasks.example.with]\n#argv = [\"true\"]\n");
}

/// The section of a kind: switched on if its task needs nothing more.
fn kind(text: &mut String, name: &str, facts: &KindFacts) {
    let docs: Vec<KeyDoc> =
        keys_of_kind(&facts.schema).into_iter().filter(|doc| !doc.key.contains(['.', '['])).collect();
    let good = good_together(&docs, facts);
    let off = match (facts.built_in(), &good) {
        (Some(_), _) => "",
        (None, Some(_)) => OFF,
        (None, None) => ALTERNATIVE,
    };
    text.push('\n');
    prose(text, &format!("{name}: {}.", facts.about.trim_end_matches('.')));
    let _ = writeln!(text, "{off}[tasks.{name}]\n{off}uses = \"{name}\"");
    if let Some(schedule) = &facts.default_schedule {
        let _ = writeln!(text, "{off}schedule = \"{schedule}\"");
    }
    if facts.built_in().is_some() {
        text.push_str("run_at_first_start = true\n");
    }
    if !docs.is_empty() {
        let _ = writeln!(text, "\n{off}[tasks.{name}.with]");
        let good = good.unwrap_or_default();
        keys(text, &docs, |doc| if good.contains_key(&doc.key) { OFF } else { ALTERNATIVE });
    }
}

/// The keys whose examples the kind accepts, all of them at once; nothing if it accepts none.
fn good_together(docs: &[KeyDoc], facts: &KindFacts) -> Option<Map<String, Value>> {
    let accepted = |keys: &Map<String, Value>| (facts.check)(&Value::Object(keys.clone())).is_ok();
    let examples = || docs.iter().filter_map(|doc| Some((doc.key.clone(), doc.example.clone()?)));
    let all: Map<String, Value> = examples().collect();
    if accepted(&all) {
        return Some(all);
    }
    let mut some = Map::new();
    for (key, example) in examples().filter(|_| accepted(&Map::new())) {
        let mut more = some.clone();
        more.insert(key, example);
        if accepted(&more) {
            some = more;
        }
    }
    accepted(&some).then_some(some)
}

fn keys(text: &mut String, docs: &[KeyDoc], off: impl Fn(&KeyDoc) -> &'static str) {
    for (index, doc) in docs.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        prose(text, &about(doc));
        for (word, meaning) in &doc.words {
            prose(text, &format!("  {word}: {meaning}"));
        }
        let _ = writeln!(text, "{}{} = {}", off(doc), doc.key, doc.sample);
    }
}

fn about(doc: &KeyDoc) -> String {
    match &doc.default {
        _ if doc.required => format!("{} Required.", doc.about),
        // A default that is TOML is what the line below shows.
        Some(default) if !default.starts_with('`') || default.contains(", else") => {
            format!("{} Default: {default}.", doc.about)
        }
        _ => doc.about.clone(),
    }
}

/// Comment lines, wrapped; an indentation is kept for the lines that follow.
fn prose(text: &mut String, paragraphs: &str) {
    for paragraph in paragraphs.split('\n') {
        let indent = &paragraph[..paragraph.len() - paragraph.trim_start().len()];
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && 2 + indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH
            {
                let _ = writeln!(text, "# {indent}{line}");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let _ = writeln!(text, "{}", format!("# {indent}{line}").trim_end());
    }
}
