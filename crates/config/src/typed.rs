//! What references stand for, read as what their places want: numbers, true and false, lists. Where a text is accepted it
//! stays one. It resolves no reference.

use serde_json::{Map, Number, Value};

use crate::{
    draft::Draft,
    node::{Node, Reading, Via, Written, join, table_json},
    references::has_reference,
    shape::Shapes,
};

/// How a text reads in its place.
#[derive(Debug, PartialEq)]
enum Read {
    /// As the text that it is.
    Text,
    /// As this.
    As(Value),
    /// As nothing that the place takes.
    Not,
}

/// Reads what the references below a node stand for, in place. What does not fit stays a text, for whoever checks.
pub(crate) fn read_node(node: &mut Node, schema: &Value) {
    read_below(node, schema, Shapes { root: schema });
}

fn read_below<'a>(node: &mut Node, schema: &'a Value, shapes: Shapes<'a>) {
    match &mut node.value {
        Written::Text(text) if text.referring => {
            if let Read::As(value) = read(&text.value, schema, shapes) {
                let via = node.via.clone().unwrap_or_else(|| Via::Reference(text.written.clone()));
                *node = as_node(value, &node.path, node, via);
            }
        }
        Written::List(nodes) => {
            for (index, node) in nodes.iter_mut().enumerate() {
                if let Some(schema) = shapes.entry(schema, index) {
                    read_below(node, schema, shapes);
                }
            }
        }
        Written::Table(table) => {
            let shown = table_json(table, Reading::Resolved);
            for (key, entry) in table {
                if let Some(schema) = shapes.key(schema, &shown, key) {
                    read_below(&mut entry.node, schema, shapes);
                }
            }
        }
        _ => {}
    }
}

fn as_node(value: Value, path: &str, at: &Node, via: Via) -> Node {
    let written = match value {
        Value::Bool(value) => Written::Boolean(value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Written::Integer(number),
            (None, number) => Written::Float(number.unwrap_or(f64::MAX)),
        },
        Value::Array(values) => {
            let entries = values.into_iter().enumerate();
            Written::List(
                entries
                    .map(|(index, value)| as_node(value, &format!("{path}[{index}]"), at, via.clone()))
                    .collect(),
            )
        }
        Value::Object(map) => {
            let entry = |(key, value): (String, Value)| {
                let node = as_node(value, &join(path, &key), at, via.clone());
                (key, crate::node::Entry { key: at.span.clone(), node })
            };
            Written::Table(map.into_iter().map(entry).collect())
        }
        Value::String(text) => Written::Text(crate::node::Text::plain(&text)),
        // There is no null in TOML, and none is read above.
        Value::Null => Written::Text(crate::node::Text::plain("")),
    };
    Node { path: path.to_owned(), span: at.span.clone(), value: written, via: Some(via) }
}

/// Reads what the references in a table stand for. `written` is the table with them, `resolved` that without.
pub(crate) fn read_values(
    written: &Value,
    resolved: &mut Value,
    schema: &Value,
    path: &str,
    drafts: &mut Vec<Draft>,
) {
    Values { shapes: Shapes { root: schema }, drafts }.read(written, resolved, schema, path);
}

struct Values<'a, 'd> {
    shapes: Shapes<'a>,
    drafts: &'d mut Vec<Draft>,
}

impl<'a> Values<'a, '_> {
    fn read(&mut self, written: &Value, resolved: &mut Value, schema: &'a Value, path: &str) {
        match (written, resolved) {
            (Value::String(written), resolved @ Value::String(_)) if has_reference(written) => {
                let text = resolved.as_str().unwrap_or_default();
                match read(text, schema, self.shapes) {
                    Read::Text => {}
                    Read::As(value) => *resolved = value,
                    Read::Not => {
                        let shown = crate::mask::addresses(written);
                        let what = format!("what `{shown}` stands for does not fit");
                        let wanted =
                            crate::check::expectation(crate::shape::follow(self.shapes.root, schema));
                        self.drafts.push(Draft::new(path, None, what).expected(wanted));
                    }
                }
            }
            (Value::Array(written), Value::Array(resolved)) => {
                for (index, (written, resolved)) in written.iter().zip(resolved).enumerate() {
                    if let Some(schema) = self.shapes.entry(schema, index) {
                        self.read(written, resolved, schema, &format!("{path}[{index}]"));
                    }
                }
            }
            (Value::Object(written), Value::Object(resolved)) => self.table(written, resolved, schema, path),
            _ => {}
        }
    }

    fn table(
        &mut self,
        written: &Map<String, Value>,
        resolved: &mut Map<String, Value>,
        schema: &'a Value,
        path: &str,
    ) {
        let shown = resolved.clone();
        for (key, resolved) in resolved {
            let (Some(written), Some(schema)) = (written.get(key), self.shapes.key(schema, &shown, key))
            else {
                continue;
            };
            self.read(written, resolved, schema, &join(path, key));
        }
    }
}

fn read<'a>(text: &str, schema: &'a Value, shapes: Shapes<'a>) -> Read {
    let types = shapes.types(schema);
    if types.is_empty() || types.contains("string") {
        return Read::Text;
    }
    let trimmed = text.trim();
    let whole = || trimmed.parse::<i64>().ok().map(Value::from);
    let found = types.iter().find_map(|name| match *name {
        "boolean" => truth(trimmed).map(Value::Bool),
        "integer" => whole(),
        "number" => whole().or_else(|| trimmed.parse().ok().and_then(Number::from_f64).map(Value::Number)),
        "array" => list(trimmed, schema, shapes),
        _ => None,
    });
    found.map_or(Read::Not, Read::As)
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// The entries between commas; or a list as JSON has it.
fn list<'a>(text: &str, schema: &'a Value, shapes: Shapes<'a>) -> Option<Value> {
    if let Some(Value::Array(values)) =
        text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
    {
        return Some(Value::Array(values));
    }
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let read_entry = |(index, entry): (usize, &str)| match shapes.entry(schema, index) {
        Some(schema) => match read(entry, schema, shapes) {
            Read::Text => Some(entry.into()),
            Read::As(value) => Some(value),
            Read::Not => None,
        },
        None => Some(entry.into()),
    };
    entries.enumerate().map(read_entry).collect::<Option<Vec<Value>>>().map(Value::Array)
}

#[cfg(test)]
mod tests;
