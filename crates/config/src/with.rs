//! A task's own config: shared tables merged below it, checked against its kind, kept as written. It does not know what
//! the keys mean.

use serde_json::Value;

use crate::{
    check::{Checker, hide_what_sounds_secret, is_secret, toml_text},
    draft::Draft,
    kinds::KindFacts,
    mask,
    nearest::nearest,
    node::{self, Entry, Node, Reading, Table, Written, join},
    old_names,
    origin::{Origin, Row},
    pass::Pass,
    references::{self, is_only_references},
    source::Span,
    tables::without_null,
    typed,
};

/// The `with` table of a task with its shared tables below.
pub(crate) fn merged(
    pass: &mut Pass<'_>,
    with: Option<Entry>,
    share: Option<&Entry>,
    shared: &Table,
    incomplete: bool,
) -> Table {
    let mut merged = match with.map(|entry| entry.node.value) {
        Some(Written::Table(table)) => table,
        _ => Table::new(),
    };
    let names = match share.map(|entry| &entry.node.value) {
        Some(Written::List(names)) => names.as_slice(),
        _ => &[],
    };
    // The later one wins, so it is put in first.
    for node in names.iter().rev() {
        let Written::Text(name) = &node.value else { continue };
        match shared.get(&name.value).map(|entry| &entry.node) {
            Some(Node { value: Written::Table(table), .. }) => node::merge_below(&mut merged, table),
            Some(other) => pass.drafts.push(
                Draft::new(&other.path, Some(&other.span), "this is not a table")
                    .expected(format!("a table, `[shared.{}]`", name.value)),
            ),
            // The file that has it may be the one that could not be read.
            None if incomplete => {}
            None => {
                let near = nearest(&name.value, shared.keys().map(String::as_str));
                let what = format!("there is no table [shared.{}]", name.value);
                pass.drafts.push(Draft::new(&node.path, Some(&node.span), what).nearest(near));
            }
        }
    }
    merged
}

/// Checks a merged table against its kind, references resolved.
pub(crate) fn check(pass: &mut Pass<'_>, with: &Table, facts: &KindFacts, path: &str, span: &Span) {
    let before = pass.drafts.len();
    let value = Written::Table(with.clone());
    let mut root = Node { path: path.to_owned(), span: span.clone(), value, via: None };
    references::resolve_node(&mut root, pass.env, &mut pass.drafts);
    let unresolved = pass.drafts.len() > before;
    let mut schema = facts.schema.clone();
    without_null(&mut schema);
    typed::read_node(&mut root, &schema);
    hide_what_sounds_secret(&root, &mut pass.secrets);
    let mut checker = Checker::new(&schema, &pass.kind_names);
    checker.value(&root, &schema);
    pass.drafts.append(&mut checker.drafts);
    pass.secrets.append(&mut checker.secrets);
    // A second opinion on what is known to be wrong would only repeat it; on unresolved text it would be wrong.
    if unresolved || pass.drafts.len() > before {
        return;
    }
    let resolved = root.json(Reading::Resolved);
    let problem = (facts.check)(&resolved).and_then(|()| (facts.scopes)(&resolved).map(drop)).err();
    if let Some(problem) = problem {
        let mut resolved = Vec::new();
        referred(&root, &mut resolved);
        let message = mask::values(&problem.message, resolved.iter().map(String::as_str));
        let node = root.follow(&problem.path);
        let whose = node.variable().map(|name| format!(" (from the environment variable {name})"));
        let message = format!("{message}{}", whose.unwrap_or_default());
        pass.drafts.push(Draft::new(&node.path, Some(&node.span), message));
    }
}

/// Fills the keys that nobody wrote from the environment, where the kind names variables for them.
pub(crate) fn fill(pass: &mut Pass<'_>, with: &mut Table, facts: &KindFacts, path: &str, span: &Span) {
    let mut schema = facts.schema.clone();
    without_null(&mut schema);
    pass.drafts.extend(old_names::fill(with, &schema, pass.env, (path, span)));
}

/// What references stand for in a table.
fn referred(node: &Node, values: &mut Vec<String>) {
    match &node.value {
        Written::Table(table) => table.values().for_each(|entry| referred(&entry.node, values)),
        Written::List(nodes) => nodes.iter().for_each(|node| referred(node, values)),
        Written::Text(text) if node.stands_for().is_some() => values.push(text.value.clone()),
        _ if node.stands_for().is_some() => values.push(toml_text(&node.json(Reading::Resolved))),
        _ => {}
    }
}

/// The rows of `config show`: what is written, then what the kind fills in.
pub(crate) fn rows(with: &Table, facts: &KindFacts, kind: &str, path: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, entry) in with {
        leaf_rows(&entry.node, key, &join(path, key), &mut rows);
    }
    let properties = facts.schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (key, property) in properties.filter(|(key, _)| !with.contains_key(*key)) {
        let secret = property.as_object().is_some_and(is_secret);
        if let Some(default) = property.get("default").filter(|default| !default.is_null() && !secret) {
            rows.push(Row::new(join(path, key), toml_text(default), &Origin::Kind(kind.to_owned())));
        }
    }
    rows
}

fn leaf_rows(node: &Node, key: &str, path: &str, rows: &mut Vec<Row>) {
    match &node.value {
        Written::Table(table) if !table.is_empty() => {
            for (key, entry) in table {
                leaf_rows(&entry.node, key, &join(path, key), rows);
            }
        }
        Written::List(nodes) if nodes.iter().any(|node| node.table().is_some()) => {
            nodes
                .iter()
                .enumerate()
                .for_each(|(at, node)| leaf_rows(node, key, &format!("{path}[{at}]"), rows));
        }
        _ => {
            let variable = node.variable().map(|name| Origin::Variable(name.to_owned()));
            let origin = variable.unwrap_or_else(|| Origin::File(node.span.place()));
            rows.push(Row::new(path, shown(node, key), &origin));
        }
    }
}

fn shown(node: &Node, key: &str) -> String {
    match &node.value {
        Written::Text(text) if is_only_references(&text.written) => format!("{:?}", text.written),
        _ if mask::sounds_secret(key) => roundsman_model::secret::MASK.to_owned(),
        _ => mask::addresses(&toml_text(&node.json(Reading::Written))),
    }
}
