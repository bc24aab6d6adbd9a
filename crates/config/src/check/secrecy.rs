//! Which values are secret: by their type, or because they may well be. It finds them; masking is done where problems
//! are sealed.

use serde_json::{Map, Value};

use super::Checker;
use crate::{
    draft::Draft,
    mask,
    node::{Node, Written},
    references::is_only_references,
    source::Span,
};

/// Whether a schema is that of a secret.
pub(crate) fn is_secret(map: &Map<String, Value>) -> bool {
    map.get("format").and_then(Value::as_str) == Some("secret")
        || map.get("writeOnly") == Some(&Value::Bool(true))
}

impl<'a> Checker<'a> {
    /// A secret must be written as a reference.
    pub(super) fn secret(&mut self, node: &Node) {
        let what = match &node.value {
            Written::Text(text) if is_only_references(&text.written) => return,
            Written::Text(_) => "a secret is written here in the open",
            _ => "a secret is a string",
        };
        hide(node, &mut self.secrets);
        let expected = "a reference without a default, such as `${NAME}` or `${file:/run/secrets/name}`";
        self.drafts.push(Draft::new(&node.path, Some(&node.span), what).expected(expected));
    }

    /// A key that nobody knows may be a slip of the pen for one that is secret.
    pub(super) fn hide_unknown(&mut self, key: &str, nearest: Option<&str>, node: &Node, schema: &'a Value) {
        let properties = self.follow(schema).get("properties");
        let meant = nearest.and_then(|nearest| properties?.get(nearest));
        if mask::sounds_secret(key) || meant.is_some_and(|schema| self.holds_secret(schema, 0)) {
            hide(node, &mut self.secrets);
        } else if let Written::Table(_) | Written::List(_) = node.value {
            hide_what_sounds_secret(node, &mut self.secrets);
        }
    }

    /// A value of the wrong shape where a secret is expected may hold one. Says whether it is hidden.
    pub(super) fn hide_mismatch(&mut self, node: &Node, schema: &'a Value) -> bool {
        let secret = self.holds_secret(schema, 0);
        if secret {
            hide(node, &mut self.secrets);
        }
        secret
    }

    /// What is secret in any of these shapes is hidden, whichever the table has.
    pub(super) fn hide_secrets_of(&mut self, node: &Node, shapes: &'a [Value]) {
        for (key, entry) in node.table().into_iter().flatten() {
            let in_shape = |shape: &'a Value| self.follow(shape).get("properties")?.get(key);
            if shapes.iter().filter_map(in_shape).any(|property| self.holds_secret(property, 0)) {
                hide(&entry.node, &mut self.secrets);
            }
        }
    }

    fn holds_secret(&self, schema: &'a Value, depth: u8) -> bool {
        match self.follow(schema) {
            Value::Object(map) => {
                is_secret(map) || depth < 12 && map.values().any(|part| self.holds_secret(part, depth + 1))
            }
            Value::Array(parts) => depth < 12 && parts.iter().any(|part| self.holds_secret(part, depth + 1)),
            _ => false,
        }
    }
}

/// Marks everything below a node as secret.
fn hide(node: &Node, secrets: &mut Vec<Span>) {
    match &node.value {
        Written::Table(table) => table.values().for_each(|entry| hide(&entry.node, secrets)),
        Written::List(nodes) => nodes.iter().for_each(|node| hide(node, secrets)),
        Written::Text(text) if is_only_references(&text.written) => {}
        // It is not written there.
        _ if node.via.is_some() => {}
        _ => secrets.push(node.span.clone()),
    }
}

/// Marks everything below a node as secret whose key sounds so: kinds take passwords in plain tables too, such as the
/// environment of a program.
pub(crate) fn hide_what_sounds_secret(node: &Node, secrets: &mut Vec<Span>) {
    match &node.value {
        Written::Table(table) => {
            for (key, entry) in table {
                if mask::sounds_secret(key) {
                    hide(&entry.node, secrets);
                } else {
                    hide_what_sounds_secret(&entry.node, secrets);
                }
            }
        }
        Written::List(nodes) => nodes.iter().for_each(|node| hide_what_sounds_secret(node, secrets)),
        _ => {}
    }
}
