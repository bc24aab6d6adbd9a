//! Values by JSON Schema: from the text of `-p key=value`, and whether they fit. It understands what kinds write in schemas
//! of parameters; for other words of JSON Schema the kind itself has the last say.

use serde_json::{Map, Value};

use crate::nearest::{either, nearest};

mod fit;

pub(crate) use fit::{Checked, expectation, fits, follow, types};

/// A value from text, as a property's schema wants it: `5`, `true`, `a,b` or `["a","b"]`, anything else in JSON.
pub fn value_of(schema: &Value, text: &str) -> Result<Value, String> {
    Checked { root: schema }.read(schema, text)
}

/// Values from pairs of key and text, as the schema of a table of parameters wants them. Everything that is wrong is said.
/// Keys that are missing are not: they may come from elsewhere.
pub fn params_of<'a>(
    schema: &Value,
    given: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Map<String, Value>, Vec<String>> {
    let (mut values, mut wrong) = (Map::new(), Vec::new());
    for (key, text) in given {
        match param_of(schema, key, text) {
            Ok(_) if values.contains_key(key) => wrong.push(format!("parameter `{key}` is given twice")),
            Ok(value) => drop(values.insert(key.to_owned(), value)),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

fn param_of(root: &Value, key: &str, text: &str) -> Result<Value, String> {
    let table = follow(root, root);
    let properties = table.get("properties").and_then(Value::as_object);
    let schema = match properties.and_then(|known| known.get(key)) {
        Some(schema) => schema,
        None => match table.get("additionalProperties") {
            Some(Value::Bool(false)) => return Err(unknown(key, properties)),
            Some(schema) => schema,
            None => &Value::Bool(true),
        },
    };
    Checked { root }.read(schema, text).map_err(|why| format!("parameter `{key}`: {why}"))
}

fn unknown(key: &str, properties: Option<&Map<String, Value>>) -> String {
    let known: Vec<&str> = properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let near = nearest(key, known.iter().copied());
    match (near, known.as_slice()) {
        (Some(near), _) => format!("there is no parameter `{key}`; did you mean `{near}`?"),
        (None, []) => format!("there is no parameter `{key}`; it takes none"),
        (None, known) => {
            let words: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            format!("there is no parameter `{key}`; expected {}", either(&words))
        }
    }
}

/// A table with the defaults of its schema for what it leaves out.
pub fn with_defaults(schema: &Value, with: &Value) -> Value {
    let mut filled = with.as_object().cloned().unwrap_or_default();
    let table = follow(schema, schema);
    for (key, property) in table.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = property.get("default").filter(|default| !default.is_null())
            && !filled.contains_key(key)
        {
            filled.insert(key.clone(), default.clone());
        }
    }
    filled.into()
}

impl Checked<'_> {
    /// The text as the first sort of value that fits the schema; text itself comes last, for it always fits.
    fn read(&self, schema: &Value, text: &str) -> Result<Value, String> {
        let schema = follow(self.root, schema);
        let candidates = self.candidates(schema, text);
        let mut refused = None;
        for candidate in candidates {
            match self.fits(schema, &candidate) {
                Ok(()) => return Ok(candidate),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        Err(refused.unwrap_or_else(|| {
            let wanted = expectation(self.root, schema);
            if fit::is_secret(schema) {
                format!("expected {wanted}")
            } else {
                format!("found {text:?}; expected {wanted}")
            }
        }))
    }

    /// What the text may mean, by the schema.
    fn candidates(&self, schema: &Value, text: &str) -> Vec<Value> {
        if let Some(branches) = fit::branches(schema) {
            let mut all: Vec<Value> =
                branches.iter().flat_map(|branch| self.candidates(follow(self.root, branch), text)).collect();
            all.sort_by_key(Value::is_string);
            return all;
        }
        let mut types = types(schema);
        if types.is_empty() {
            return match fit::words(schema) {
                Some(words) => words.into_iter().filter(|word| reads_as(word, text)).collect(),
                // Nothing is said: JSON where it is JSON.
                None => serde_json::from_str(text).into_iter().chain([Value::from(text)]).collect(),
            };
        }
        types.sort_by_key(|name| *name == "string");
        types.into_iter().filter_map(|name| self.as_type(schema, name, text)).collect()
    }

    fn as_type(&self, schema: &Value, name: &str, text: &str) -> Option<Value> {
        let bare = text.trim();
        match name {
            "string" => Some(text.into()),
            "integer" => {
                bare.parse::<i64>().map(Value::from).or_else(|_| bare.parse::<u64>().map(Value::from)).ok()
            }
            "number" => bare.parse::<i64>().map(Value::from).ok().or_else(|| {
                let number: f64 = bare.parse().ok().filter(|number: &f64| number.is_finite())?;
                Some(number.into())
            }),
            "boolean" => match bare.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true.into()),
                "false" | "no" | "off" | "0" => Some(false.into()),
                _ => None,
            },
            "array" => self.entries(schema, bare),
            "object" => serde_json::from_str(bare).ok().filter(Value::is_object),
            _ => None,
        }
    }

    fn entries(&self, schema: &Value, text: &str) -> Option<Value> {
        if text.is_empty() {
            return Some(Value::Array(Vec::new()));
        }
        if text.starts_with('[') {
            return serde_json::from_str(text).ok();
        }
        let anything = Value::Bool(true);
        let items = schema.get("items").unwrap_or(&anything);
        // What does not fit is kept as text, so that the check can say which entry it is.
        let entry = |text: &str| self.read(items, text).unwrap_or_else(|_| text.into());
        Some(text.split(',').map(str::trim).map(entry).collect::<Vec<_>>().into())
    }
}

/// Whether a text stands for a word of a schema.
fn reads_as(word: &Value, text: &str) -> bool {
    match word {
        Value::String(word) => word == text,
        other => serde_json::from_str::<Value>(text).is_ok_and(|value| value == *other),
    }
}
