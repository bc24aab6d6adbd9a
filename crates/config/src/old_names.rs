//! Environment names of old: the variables that the schema of a kind names with its keys fill those that a task does not
//! write. A key that is written is never touched, and no value is read here: what is filled in is a reference.

use std::collections::BTreeSet;

use roundsman_model::old_names::{FILE_ENDING, file_reference, in_order};
use serde_json::Value;

use crate::{
    draft::Draft,
    environment::Environment,
    node::{Entry, Node, Reading, Table, Text, Via, Written, join, table_json},
    shape::{Shapes, follow},
    source::Span,
};

/// The word of a schema that names the variables of a key, the first that is set counts.
pub(crate) const WORD: &str = "x-env";
/// Absent tables in absent tables are looked at so far.
const DEEPEST: usize = 4;

/// The variables that a schema names for a key, in the order in which they count.
pub(crate) fn named(schema: &Value) -> Vec<&str> {
    let names = schema.get(WORD).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    in_order(names)
}

/// Fills the keys that are absent in the `with` table of a kind with this schema. `path` and `span` are its own.
pub(crate) fn fill(
    table: &mut Table,
    schema: &Value,
    env: &Environment,
    (path, span): (&str, &Span),
) -> Vec<Draft> {
    let mut filling = Filling { shapes: Shapes { root: schema }, env, span, drafts: Vec::new() };
    filling.table(table, schema, path, 0);
    filling.drafts
}

struct Filling<'a> {
    shapes: Shapes<'a>,
    env: &'a Environment,
    /// Where what is filled in would be written.
    span: &'a Span,
    drafts: Vec<Draft>,
}

impl<'a> Filling<'a> {
    fn table(&mut self, table: &mut Table, schema: &'a Value, path: &str, depth: usize) {
        let shown = table_json(table, Reading::Written);
        let required = self.shapes.required(schema, &shown);
        for (key, entry) in table.iter_mut() {
            if let Some(schema) = self.shapes.key(schema, &shown, key) {
                self.within(&mut entry.node, schema, depth);
            }
        }
        for (key, property) in self.shapes.keys(schema, &shown) {
            if table.contains_key(key) {
                continue;
            }
            let node = self.absent(property, &join(path, key), depth, required.contains(key));
            if let Some(node) = node {
                table.insert(key.to_owned(), Entry { key: self.span.clone(), node });
            }
        }
    }

    fn within(&mut self, node: &mut Node, schema: &'a Value, depth: usize) {
        match &mut node.value {
            Written::Table(table) => self.table(table, schema, &node.path, depth + 1),
            Written::List(nodes) => {
                for (index, node) in nodes.iter_mut().enumerate() {
                    if let Some(schema) = self.shapes.entry(schema, index) {
                        self.within(node, schema, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// What stands for a key that is absent.
    fn absent(&mut self, schema: &'a Value, path: &str, depth: usize, required: bool) -> Option<Node> {
        let names = named(schema);
        match names.into_iter().find_map(|name| self.reference(name, path)) {
            Some((variable, text)) => {
                let value = Written::Text(Text::plain(&text));
                Some(self.node(path, value, Some(Via::Variable(variable))))
            }
            None if depth < DEEPEST => self.absent_table(schema, path, depth, required),
            None => None,
        }
    }

    /// A table that is absent comes to be where it must be there, or where all is filled in that it must have: a variable
    /// that has nothing to do with us must not make half a table.
    fn absent_table(&mut self, schema: &'a Value, path: &str, depth: usize, required: bool) -> Option<Node> {
        if !self.shapes.types(schema).contains("object")
            && follow(self.shapes.root, schema).get("properties").is_none()
        {
            return None;
        }
        let (before, mut table) = (self.drafts.len(), Table::new());
        self.table(&mut table, schema, path, depth + 1);
        let shown = table_json(&table, Reading::Written);
        let must: BTreeSet<&str> = self.shapes.required(schema, &shown);
        let is_whole = must.iter().all(|key| table.contains_key(*key));
        if table.is_empty() || !(required || is_whole) {
            self.drafts.truncate(before);
            return None;
        }
        Some(self.node(path, Written::Table(table), None))
    }

    /// What is written for a variable that is set: a reference to it, or to the file that its neighbour names.
    fn reference(&mut self, name: &str, path: &str) -> Option<(String, String)> {
        if self.env.variable(name).is_some() {
            return Some((name.to_owned(), format!("${{{name}}}")));
        }
        let neighbour = format!("{name}{FILE_ENDING}");
        let file = self.env.variable(&neighbour)?;
        let Some(text) = file_reference(file) else {
            let what =
                format!("the environment variable {neighbour} should name a file with the value of this key");
            let expected = "an absolute path without `}`, or the key written in its place";
            self.drafts.push(Draft::new(path, Some(self.span), what).expected(expected));
            return None;
        };
        Some((neighbour, text))
    }

    fn node(&self, path: &str, value: Written, via: Option<Via>) -> Node {
        Node { path: path.to_owned(), span: self.span.clone(), value, via }
    }
}
