//! Parameters of questions, dashboards and queries: what people write, made into what the server wants, before any query runs.
//! Pure: it asks neither the server nor the clock.

mod checks;
mod near;
mod relative;
mod sql;

use std::collections::BTreeMap;

use roundsman_task::TaskError;
use serde_json::{Map, Value, json};

use self::{checks::fits, near::near};
pub use self::{
    relative::Days,
    sql::{SqlParams, of_sql},
};
use crate::{
    config::ParamValue,
    server::{Again, Card, Dashboard, FailureClass, Parameter, ServerFailure},
};

/// What is wrong with parameters as they are configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// There is no such parameter.
    #[error("{of} has no parameter {name:?}{}", .known.as_ref().map(|known| format!("; {known}")).unwrap_or_default())]
    Unknown {
        /// What was to be exported.
        of: String,
        /// The name as configured.
        name: String,
        /// Which there are.
        known: Option<String>,
    },
    /// The value is none that the parameter takes.
    #[error("parameter {name:?} of {of}: {why}")]
    Unfit {
        /// What was to be exported.
        of: String,
        /// The parameter.
        name: String,
        /// What is wrong with the value.
        why: String,
    },
    /// It has no value, and needs one.
    #[error("{of} needs a value for parameter {name:?}, which has no default: add it under `params`")]
    Missing {
        /// What was to be exported.
        of: String,
        /// The parameter.
        name: String,
    },
}

impl From<ParamsError> for TaskError {
    fn from(error: ParamsError) -> Self {
        Self::config(error)
    }
}

impl From<ParamsError> for ServerFailure {
    fn from(error: ParamsError) -> Self {
        Self::new(FailureClass::Config, Again::Never, error.to_string()).coded("params")
    }
}

/// What people write, by slug, name or id.
pub type Wanted = BTreeMap<String, ParamValue>;

/// The parameters of a question.
pub fn of_card(card: &Card, wanted: &Wanted, days: &Days) -> Result<Vec<Value>, ParamsError> {
    let known: Vec<Parameter> = card.parameters.iter().cloned().chain(tags_of(card)).collect();
    resolve(&format!("card {} ({})", card.id, card.name), &known, wanted, *days)
}

/// The parameters of a dashboard; they hold for all questions on it.
pub fn of_dashboard(dashboard: &Dashboard, wanted: &Wanted, days: &Days) -> Result<Vec<Value>, ParamsError> {
    let of = format!("dashboard {} ({})", dashboard.id, dashboard.name);
    resolve(&of, &dashboard.parameters, wanted, *days)
}

/// The parameters wanted of those known, in the order in which they are known.
fn resolve(of: &str, known: &[Parameter], wanted: &Wanted, days: Days) -> Result<Vec<Value>, ParamsError> {
    let mut values: BTreeMap<usize, (&str, Value)> = BTreeMap::new();
    for (name, value) in wanted {
        let at = find(known, name).ok_or_else(|| unknown(of, known, name))?;
        let unfit = |why| ParamsError::Unfit { of: of.to_owned(), name: name.clone(), why };
        let value = days.expand(value).map_err(unfit)?;
        if is_empty(&value) {
            continue;
        }
        fits(&known[at], &value).map_err(unfit)?;
        if let Some((other, _)) = values.insert(at, (name, value)) {
            return Err(unfit(format!("it is the same parameter as {other:?}")));
        }
    }
    let missing = known.iter().enumerate().find(|(at, parameter)| {
        parameter.required && parameter.default.as_ref().is_none_or(is_empty) && !values.contains_key(at)
    });
    if let Some((_, parameter)) = missing {
        return Err(ParamsError::Missing { of: of.to_owned(), name: shown(parameter).to_owned() });
    }
    Ok(values.into_iter().map(|(at, (_, value))| written(&known[at], value)).collect())
}

/// Which of them has this slug, else this name, else this id.
fn find(known: &[Parameter], name: &str) -> Option<usize> {
    let by = |field: fn(&Parameter) -> &str| {
        known.iter().position(|parameter| !name.is_empty() && field(parameter) == name)
    };
    by(|parameter| &parameter.slug)
        .or_else(|| by(|parameter| &parameter.name))
        .or_else(|| by(|parameter| &parameter.id))
}

fn unknown(of: &str, known: &[Parameter], name: &str) -> ParamsError {
    let names: Vec<&str> = known.iter().map(shown).collect();
    ParamsError::Unknown { of: of.to_owned(), name: name.to_owned(), known: near(name, &names) }
}

fn shown(parameter: &Parameter) -> &str {
    let names = [&parameter.slug, &parameter.name, &parameter.id];
    names.into_iter().find(|name| !name.is_empty()).map_or("", |name| name)
}

/// A parameter with its value, as the server wants it; what is not known of it the server fills in.
fn written(parameter: &Parameter, value: Value) -> Value {
    let mut fields = Map::new();
    if !parameter.id.is_empty() {
        fields.insert("id".to_owned(), parameter.id.clone().into());
    }
    if let Some(parameter_type) = &parameter.parameter_type {
        fields.insert("type".to_owned(), parameter_type.clone().into());
    }
    // Newer targets have a third part: whatever is in it is passed on.
    if let Some(target) = parameter.target.as_ref().filter(|target| !target.is_null()) {
        fields.insert("target".to_owned(), target.clone());
    }
    fields.insert("value".to_owned(), value);
    fields.into()
}

/// The tags of a native query that the question does not list as parameters, as old servers do not.
fn tags_of(card: &Card) -> Vec<Parameter> {
    let tags = card.template_tags().into_iter().flatten();
    let listed = |name: &str, id: &str| {
        card.parameters.iter().any(|parameter| {
            let same_tag =
                parameter.target.as_ref().and_then(|target| target.pointer("/1/1")) == Some(&json!(name));
            parameter.slug == name || same_tag || (!id.is_empty() && parameter.id == id)
        })
    };
    let tags = tags.filter_map(|(name, tag)| {
        let text = |field: &str| tag.get(field).and_then(Value::as_str);
        let tag_type = text("type").unwrap_or("text");
        let id = text("id").unwrap_or_default();
        // What refers to other questions and snippets takes no values.
        let takes_values = !["card", "snippet"].contains(&tag_type);
        (takes_values && !listed(name, id)).then(|| Parameter {
            id: id.to_owned(),
            slug: name.clone(),
            name: text("display-name").unwrap_or(name).to_owned(),
            parameter_type: Some(type_of(tag_type, text("widget-type")).to_owned()),
            target: Some(target_of(tag_type, name)),
            default: tag.get("default").cloned(),
            required: tag.get("required").and_then(Value::as_bool).unwrap_or(false),
        })
    });
    tags.collect()
}

fn type_of<'a>(tag_type: &str, widget_type: Option<&'a str>) -> &'a str {
    match (tag_type, widget_type) {
        ("dimension", Some(widget)) if widget != "none" => widget,
        ("number", _) => "number/=",
        ("date", _) => "date/single",
        ("boolean", _) => "boolean/=",
        _ => "category",
    }
}

fn target_of(tag_type: &str, name: &str) -> Value {
    let head = if tag_type == "dimension" { "dimension" } else { "variable" };
    json!([head, ["template-tag", name]])
}

/// Whether a value is none.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
