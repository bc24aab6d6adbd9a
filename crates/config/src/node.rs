//! A parsed file as a tree in which every value knows where it is written. It does not know which keys exist.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Number, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    check::shorten,
    draft::Draft,
    mask,
    source::{Source, Span},
};

/// A value and where it is written.
#[derive(Clone)]
pub(crate) struct Node {
    /// The keys that lead to it, joined by dots.
    pub(crate) path: String,
    pub(crate) span: Span,
    pub(crate) value: Written,
    /// Where its value is from, if not from what is written there.
    pub(crate) via: Option<Via>,
}

/// Where a value is from that is not what is written in its place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// A variable of the environment filled a key that nobody wrote.
    Variable(String),
    /// A text with references, as written, was read as something else than a text.
    Reference(String),
}

/// A value.
#[derive(Clone)]
pub(crate) enum Written {
    Text(Text),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
}

/// A string: as written, and as it reads once its references are resolved.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) written: String,
    pub(crate) value: String,
    /// Whether it holds references, so that its value must not be shown.
    pub(crate) referring: bool,
}

/// Keys and their values.
pub(crate) type Table = BTreeMap<String, Entry>;

/// A key's place and its value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: Span,
    pub(crate) node: Node,
}

/// Where a string is.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'n> {
    pub(crate) path: &'n str,
    pub(crate) span: &'n Span,
    /// The variable that filled it, if one did.
    pub(crate) variable: Option<&'n str>,
}

/// Which reading of a string is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Written,
    Resolved,
}

impl Node {
    /// Converts a parsed file. Numbers that JSON cannot hold are reported and left out.
    pub(crate) fn of_table(table: &DeTable<'_>, source: &Arc<Source>, drafts: &mut Vec<Draft>) -> Table {
        convert_table(table, "", source, drafts)
    }

    /// The same value as JSON.
    pub(crate) fn json(&self, reading: Reading) -> Value {
        match &self.value {
            Written::Text(text) if reading == Reading::Written => Value::String(text.written.clone()),
            Written::Text(text) => Value::String(text.value.clone()),
            Written::Integer(number) => Value::Number((*number).into()),
            Written::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Written::Boolean(value) => Value::Bool(*value),
            Written::List(nodes) => nodes.iter().map(|node| node.json(reading)).collect(),
            Written::Table(table) => Value::Object(table_json(table, reading)),
        }
    }

    /// The table, if it is one.
    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Written::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The variable that filled it, if one did.
    pub(crate) fn variable(&self) -> Option<&str> {
        match &self.via {
            Some(Via::Variable(name)) => Some(name),
            _ => None,
        }
    }

    /// What its value is that of, in words, if it must not be shown.
    pub(crate) fn stands_for(&self) -> Option<String> {
        match (&self.via, &self.value) {
            (Some(Via::Variable(name)), _) => Some(format!("the environment variable {name}")),
            (Some(Via::Reference(written)), _) => Some(quoted(written)),
            (None, Written::Text(text)) if text.referring => Some(quoted(&text.written)),
            _ => None,
        }
    }

    /// Calls a function for every string below, itself included.
    pub(crate) fn each_text(&mut self, visit: &mut dyn FnMut(&mut Text, Spot<'_>)) {
        let variable = self.variable().map(str::to_owned);
        match &mut self.value {
            Written::Text(text) => {
                visit(text, Spot { path: &self.path, span: &self.span, variable: variable.as_deref() });
            }
            Written::List(nodes) => nodes.iter_mut().for_each(|node| node.each_text(visit)),
            Written::Table(table) => table.values_mut().for_each(|entry| entry.node.each_text(visit)),
            Written::Integer(_) | Written::Float(_) | Written::Boolean(_) => {}
        }
    }

    /// The deepest node that a path such as `checks[0].server` leads to.
    pub(crate) fn follow(&self, path: &str) -> &Self {
        let mut node = self;
        for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let next = match &node.value {
                Written::Table(table) => table.get(step).map(|entry| &entry.node),
                Written::List(nodes) => step.parse().ok().and_then(|index: usize| nodes.get(index)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
}

/// A table as JSON, sorted by key.
pub(crate) fn table_json(table: &Table, reading: Reading) -> Map<String, Value> {
    table.iter().map(|(key, entry)| (key.clone(), entry.node.json(reading))).collect()
}

/// Puts one table below another: what the upper one writes stays, tables are merged.
pub(crate) fn merge_below(upper: &mut Table, lower: &Table) {
    for (key, entry) in lower {
        match (upper.get_mut(key).map(|upper| &mut upper.node.value), &entry.node.value) {
            (Some(Written::Table(upper)), Written::Table(lower)) => merge_below(upper, lower),
            (Some(_), _) => {}
            (None, _) => drop(upper.insert(key.clone(), entry.clone())),
        }
    }
}

/// A key below a path, quoted where TOML would quote it.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn convert_table(table: &DeTable<'_>, path: &str, source: &Arc<Source>, drafts: &mut Vec<Draft>) -> Table {
    let mut converted = Table::new();
    for (key, value) in table {
        let span = Span { source: Arc::clone(source), range: key.span() };
        let path = join(path, key.get_ref());
        if let Some(node) = convert(value, path, source, drafts) {
            converted.insert(key.get_ref().to_string(), Entry { key: span, node });
        }
    }
    converted
}

fn convert(
    value: &Spanned<DeValue<'_>>,
    path: String,
    source: &Arc<Source>,
    drafts: &mut Vec<Draft>,
) -> Option<Node> {
    let span = Span { source: Arc::clone(source), range: value.span() };
    let converted = match value.get_ref() {
        DeValue::String(text) => Written::Text(Text::plain(text.as_ref())),
        DeValue::Datetime(at) => Written::Text(Text::plain(&at.to_string())),
        DeValue::Boolean(value) => Written::Boolean(*value),
        DeValue::Integer(digits) => {
            if let Ok(number) = i64::from_str_radix(digits.as_str(), digits.radix()) {
                Written::Integer(number)
            } else {
                drafts.push(
                    Draft::new(path, Some(&span), "this number is too large")
                        .expected("at most 9223372036854775807"),
                );
                return None;
            }
        }
        DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Written::Float(number),
            _ => {
                drafts.push(
                    Draft::new(path, Some(&span), "this number cannot be used").expected("a finite number"),
                );
                return None;
            }
        },
        DeValue::Array(values) => Written::List(
            values
                .iter()
                .enumerate()
                .filter_map(|(index, value)| convert(value, format!("{path}[{index}]"), source, drafts))
                .collect(),
        ),
        DeValue::Table(table) => Written::Table(convert_table(table, &path, source, drafts)),
    };
    Some(Node { path, span, value: converted, via: None })
}

fn quoted(written: &str) -> String {
    format!("`{}`", shorten(&mask::addresses(written)))
}

impl Text {
    /// A string without references, or whose references are not resolved yet.
    pub(crate) fn plain(text: &str) -> Self {
        Self { written: text.to_owned(), value: text.to_owned(), referring: false }
    }
}
