//! Params: what a script can be told, how they are written, and the JSON Schema that follows. It reads no value of a run.

use roundsman_model::old_names::is_old_name;
use serde_json::{Map, Number, Value, json};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::reading::{Reader, Written};
use crate::{nearest::nearest, value::fits};

const KEYS: [&str; 8] = ["type", "default", "required", "help", "choices", "min", "max", "env"];
const MAX_NAME_CHARS: usize = 64;

/// What sort of values a param takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParamSort {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// The path of a file or folder; the command line makes it absolute.
    Path,
    /// The path of a file, or `-` for standard input; the command line hands in what is in it.
    Input,
    /// A list of texts.
    List,
}

impl ParamSort {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::Path, Self::Input, Self::List];

    /// The word a header writes for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Path => "path",
            Self::Input => "input",
            Self::List => "list",
        }
    }

    fn schema(self) -> Value {
        match self {
            Self::Path | Self::Input => json!({ "type": "string", "format": self.word() }),
            Self::List => json!({ "type": "array", "items": { "type": "string" } }),
            other => json!({ "type": other.word() }),
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Number)
    }
}

/// Something a script can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name: a key of `with`.
    pub name: String,
    /// What sort of values it takes.
    pub sort: ParamSort,
    /// What it is where nobody says anything.
    pub default: Option<Value>,
    /// Whether somebody must say it.
    pub required: bool,
    /// What it is for.
    pub help: Option<String>,
    /// The values it takes, or the entries of its list, if it takes certain ones only.
    pub choices: Vec<Value>,
    /// The least number it takes.
    pub min: Option<Number>,
    /// The greatest number it takes.
    pub max: Option<Number>,
    /// Environment variables of old that stand for it where nobody says anything.
    pub env: Vec<String>,
}

impl Param {
    /// The variable that a script reads it from.
    pub fn variable(&self) -> String {
        variable_of(&self.name)
    }

    /// The JSON Schema of its values.
    pub fn schema(&self) -> Value {
        let mut schema = self.bare_schema();
        if let (Some(default), Value::Object(map)) = (&self.default, &mut schema) {
            map.insert("default".into(), default.clone());
        }
        if !self.env.is_empty() {
            schema["x-env"] = self.env.clone().into();
        }
        schema
    }

    /// The same without its default.
    fn bare_schema(&self) -> Value {
        let mut schema = self.sort.schema();
        let map = schema.as_object_mut().expect("a schema of a param is an object");
        if let Some(help) = &self.help {
            map.insert("description".into(), help.as_str().into());
        }
        for (word, bound) in [("minimum", &self.min), ("maximum", &self.max)] {
            if let Some(bound) = bound {
                map.insert(word.into(), bound.clone().into());
            }
        }
        if !self.choices.is_empty() {
            let entries = if self.sort == ParamSort::List { &mut map["items"] } else { &mut schema };
            entries["enum"] = self.choices.clone().into();
        }
        schema
    }
}

/// The variable that a script reads a param from: `keep-days` is in `ROUNDSMAN_PARAM_KEEP_DAYS`.
pub fn variable_of(param: &str) -> String {
    format!("ROUNDSMAN_PARAM_{}", param.replace('-', "_").to_ascii_uppercase())
}

/// The JSON Schema of a table that holds these params and nothing else.
pub fn params_schema(params: &[Param]) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": false });
    let properties: Map<String, Value> =
        params.iter().map(|param| (param.name.clone(), param.schema())).collect();
    let required: Vec<&str> =
        params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect();
    if !properties.is_empty() {
        schema["properties"] = properties.into();
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// Reads one param. It is none if anything is wrong with it.
pub(super) fn read(
    reader: &mut Reader<'_>,
    path: &str,
    key: &Spanned<DeString<'_>>,
    table: &DeTable<'_>,
) -> Option<Param> {
    let before = reader.problems.len();
    let name = key.get_ref().to_string();
    if !is_name(&name) {
        let problem = reader.say(key.span(), path, format!("{name:?} is no name of a param"));
        problem.expected("1 to 64 of a-z, A-Z, 0-9, '-' and '_', beginning with a letter");
    }
    reader.only(path, table, &KEYS);
    let mut param = Param {
        name,
        sort: table.get("type").map_or(Some(ParamSort::String), |value| sort(reader, path, value))?,
        default: None,
        required: false,
        help: None,
        choices: Vec::new(),
        min: None,
        max: None,
        env: Vec::new(),
    };
    let at = |key: &str| format!("{path}.{key}");
    param.help = table.get("help").and_then(|value| reader.sentence(&at("help"), value));
    let required = table.get("required").and_then(|value| reader.boolean(&at("required"), value));
    param.required = required.unwrap_or(false);
    refuse_of_input(reader, path, table, &param);
    bounds(reader, path, table, &mut param);
    if let Some(value) = table.get("choices") {
        param.choices = choices(reader, &at("choices"), value, &param)?;
    }
    if let Some(value) = table.get("default") {
        default(reader, &at("default"), value, &mut param);
    }
    if let Some(value) = table.get("env") {
        param.env = old_names(reader, path, value).unwrap_or_default();
    }
    (reader.problems.len() == before).then_some(param)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= MAX_NAME_CHARS
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The variables of old of a param of the script itself: those of an action are given where it is asked for.
fn old_names(reader: &mut Reader<'_>, path: &str, value: &Written<'_>) -> Option<Vec<String>> {
    let key = format!("{path}.env");
    if !path.starts_with("params") {
        reader.say(value.span(), &key, "variables stand for params of the script itself, not of its actions");
        return None;
    }
    let names = reader.texts(&key, value)?;
    if let Some(wrong) = names.iter().find(|name| !is_old_name(name)) {
        let what = format!("{wrong:?} cannot stand for a param");
        reader.say(value.span(), &key, what).expected("names of variables that are none of Roundsman's own");
        return None;
    }
    Some(names)
}

fn sort(reader: &mut Reader<'_>, path: &str, value: &Written<'_>) -> Option<ParamSort> {
    let key = format!("{path}.type");
    let word = reader.text(&key, value)?;
    let found = ParamSort::ALL.into_iter().find(|sort| sort.word() == word);
    if found.is_none() {
        let near = nearest(&word, ParamSort::ALL.map(ParamSort::word));
        reader
            .say(value.span(), &key, format!("unknown type {word:?}"))
            .expected("string, integer, number, boolean, path, input or list")
            .nearest(near);
    }
    found
}

/// A file is chosen by whoever asks for the run, where that person is.
fn refuse_of_input(reader: &mut Reader<'_>, path: &str, table: &DeTable<'_>, param: &Param) {
    for key in ["default", "choices"] {
        if let Some(value) = table.get(key).filter(|_| param.sort == ParamSort::Input) {
            let what = format!("an input has no {key}");
            reader.say(value.span(), &format!("{path}.{key}"), what).expected("`required`, or nothing");
        }
    }
}

fn bounds(reader: &mut Reader<'_>, path: &str, table: &DeTable<'_>, param: &mut Param) {
    for key in ["min", "max"] {
        let Some(value) = table.get(key) else { continue };
        let key_path = format!("{path}.{key}");
        if !param.sort.is_number() {
            let what = format!("a {} has no {key}", param.sort.word());
            reader.say(value.span(), &key_path, what).expected("it with `type = \"integer\"` or \"number\"");
            continue;
        }
        let Some(bound) = reader.number(&key_path, value) else { continue };
        if param.sort == ParamSort::Integer && !bound.is_i64() {
            reader.mismatch(&key_path, value, "a whole number");
        } else if key == "min" {
            param.min = Some(bound);
        } else {
            param.max = Some(bound);
        }
    }
    if let (Some(min), Some(max)) = (&param.min, &param.max)
        && min.as_f64() > max.as_f64()
        && let Some(value) = table.get("min")
    {
        let what = format!("no number is at least {min} and at most {max}");
        reader.say(value.span(), &format!("{path}.min"), what);
    }
}

fn choices(reader: &mut Reader<'_>, key: &str, value: &Written<'_>, param: &Param) -> Option<Vec<Value>> {
    let DeValue::Array(written) = value.get_ref() else {
        reader.mismatch(key, value, "a list of the values it takes");
        return None;
    };
    if written.is_empty() {
        reader
            .say(value.span(), key, "this list is empty, so that no value would do")
            .expected("the values it takes");
        return None;
    }
    let mut schema = param.bare_schema();
    if param.sort == ParamSort::List {
        schema = schema["items"].take();
    }
    let mut choices = Vec::new();
    for value in written {
        let choice = reader.json(key, value)?;
        if let Err(why) = fits(&schema, &choice) {
            reader.say(value.span(), key, why);
        } else if choices.contains(&choice) {
            reader.say(value.span(), key, format!("{choice} is listed twice"));
        }
        choices.push(choice);
    }
    Some(choices)
}

fn default(reader: &mut Reader<'_>, key: &str, value: &Written<'_>, param: &mut Param) {
    if param.required {
        let what = "with a default it is never missing, so it cannot be required";
        reader.say(value.span(), key, what).expected("either `default` or `required = true`");
        return;
    }
    let Some(default) = reader.json(key, value) else { return };
    match fits(&param.bare_schema(), &default) {
        Ok(()) => param.default = Some(default),
        Err(why) => {
            reader.say(value.span(), key, format!("the default does not fit: {why}"));
        }
    }
}
