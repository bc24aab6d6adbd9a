//! A `with` table at dispatch: every reference replaced, and what of it is secret told apart, so that it can be kept out
//! of logs. It masks nothing, and does not know where what it returns goes.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use crate::{
    check::is_secret,
    draft::{self, Draft},
    environment::Environment,
    mask::{passwords, sounds_secret},
    node::join,
    problem::Problems,
    references::{Reference, expand_telling},
    tables::without_null,
    typed,
};

/// A `with` table without references.
#[derive(Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The table; it holds secrets.
    pub with: Value,
    /// The values in it that are secret: what references stand for in fields that are secret by type or sound so, of
    /// variables that sound so, the text of files, and passwords in addresses.
    pub secrets: Vec<String>,
}

impl fmt::Debug for Resolved {
    /// Says how many secrets there are, and nothing that could be one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// Resolves every reference in a `with` table of a kind with this schema, at dispatch.
pub fn resolve(with: &Value, schema: &Value, env: &Environment) -> Result<Resolved, Problems> {
    let mut resolving = Resolving { env, keys: secret_keys(schema), secrets: Vec::new(), drafts: Vec::new() };
    let mut resolved = resolving.value(with, "with", false);
    let Resolving { mut secrets, mut drafts, .. } = resolving;
    if drafts.is_empty() {
        let mut schema = schema.clone();
        without_null(&mut schema);
        typed::read_values(with, &mut resolved, &schema, "with", &mut drafts);
        let pieces = pieces_of_secrets(with, &resolved, &secrets);
        secrets.extend(pieces);
    }
    if !drafts.is_empty() {
        return Err(draft::finish(drafts, &[], &[]));
    }
    secrets.sort_unstable();
    secrets.dedup();
    Ok(Resolved { with: resolved, secrets })
}

/// The entries of lists that were secret texts.
fn pieces_of_secrets(written: &Value, resolved: &Value, secrets: &[String]) -> Vec<String> {
    match (written, resolved) {
        (Value::String(_), Value::Array(entries)) if !secrets.is_empty() => {
            let texts = entries.iter().filter_map(Value::as_str);
            let of_secret = |entry: &&str| secrets.iter().any(|secret| secret.contains(entry));
            texts.filter(of_secret).map(str::to_owned).collect()
        }
        (Value::Array(written), Value::Array(resolved)) => {
            let pairs = written.iter().zip(resolved);
            pairs.flat_map(|(written, resolved)| pieces_of_secrets(written, resolved, secrets)).collect()
        }
        (Value::Object(written), Value::Object(resolved)) => {
            let pairs = written.iter().filter_map(|(key, written)| Some((written, resolved.get(key)?)));
            pairs.flat_map(|(written, resolved)| pieces_of_secrets(written, resolved, secrets)).collect()
        }
        _ => Vec::new(),
    }
}

struct Resolving<'a> {
    env: &'a Environment,
    /// The keys whose values are secret by type.
    keys: BTreeSet<&'a str>,
    secrets: Vec<String>,
    drafts: Vec<Draft>,
}

impl Resolving<'_> {
    fn value(&mut self, value: &Value, path: &str, secret: bool) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text, path, secret)),
            Value::Array(values) => {
                let each = |(index, value)| self.value(value, &format!("{path}[{index}]"), secret);
                values.iter().enumerate().map(each).collect()
            }
            Value::Object(map) => {
                let each = |(key, value): (&String, &Value)| {
                    let secret = secret || sounds_secret(key) || self.keys.contains(key.as_str());
                    (key.clone(), self.value(value, &join(path, key), secret))
                };
                Value::Object(map.iter().map(each).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn text(&mut self, text: &str, path: &str, secret: bool) -> String {
        let secrets = &mut self.secrets;
        let mut note = |reference: Reference<'_>, value: &str| {
            let named = match reference {
                Reference::File => true,
                Reference::Variable(name) => {
                    sounds_secret(name) || name.to_ascii_uppercase().ends_with("KEY")
                }
            };
            if secret || named {
                secrets.push(value.to_owned());
            }
        };
        match expand_telling(text, self.env, &mut note) {
            Ok(Some(expanded)) => {
                secrets.extend(passwords(&expanded).into_iter().map(ToOwned::to_owned));
                expanded
            }
            Ok(None) => text.to_owned(),
            Err(what) => {
                self.drafts.push(Draft::new(path, None, what));
                text.to_owned()
            }
        }
    }
}

/// The names of all properties anywhere in a schema that are secret by type, or hold what is. A name that is secret in one
/// place is taken to be so in every place: too much is masked rather than too little.
fn secret_keys(schema: &Value) -> BTreeSet<&str> {
    let mut keys = BTreeSet::new();
    gather(schema, &mut keys);
    keys
}

fn gather<'a>(schema: &'a Value, keys: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(map) => {
            for (word, part) in map {
                if word == "properties"
                    && let Value::Object(properties) = part
                {
                    keys.extend(
                        properties.iter().filter(|(_, of)| is_secretive(of)).map(|(key, _)| key.as_str()),
                    );
                }
                gather(part, keys);
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, keys)),
        _ => {}
    }
}

/// Whether a property is a secret, or a list or map of secrets. Tables with properties of their own are looked at by these.
fn is_secretive(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            is_secret(map) || map.iter().any(|(word, part)| word != "properties" && is_secretive(part))
        }
        Value::Array(parts) => parts.iter().any(is_secretive),
        _ => false,
    }
}
