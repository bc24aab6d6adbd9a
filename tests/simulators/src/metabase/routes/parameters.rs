//! Parameters: how cards and dashboards describe theirs, and which values a query is given, checked as the server checks them.
//! It runs no query.

use serde_json::{Map, Value, json};

use crate::metabase::{
    Rows,
    scenario::{CardSetup, DashboardSetup, DashcardSetup, Failure, TagKind, TagSetup},
};

/// The `parameters` of a card.
pub(super) fn of_card(card: &CardSetup) -> Value {
    let described = card.tags().iter().map(|tag| {
        json!({
            "id": id_of(card, tag),
            "slug": tag.name,
            "name": tag.title,
            "type": usual_type(tag.kind),
            "target": target(tag),
            "default": tag.default,
            "required": tag.required,
        })
    });
    described.collect()
}

/// The tags of its query.
pub(super) fn template_tags(card: &CardSetup) -> Value {
    let tags = card.tags().iter().map(|tag| {
        let mut described = json!({
            "id": id_of(card, tag),
            "name": tag.name,
            "display-name": tag.title,
            "type": tag_type(tag.kind),
            "required": tag.required,
            "default": tag.default,
        });
        if is_field(tag.kind) {
            described["dimension"] = json!(["field", 11, null]);
            described["widget-type"] = usual_type(tag.kind).into();
        }
        (tag.name.clone(), described)
    });
    Value::Object(tags.collect::<Map<_, _>>())
}

/// What a query of a card is given: the rows that follow, or how it is refused.
pub(super) fn rows_of(card: &CardSetup, parameters: &Value) -> Result<Rows, Failure> {
    let mut values: Vec<(&str, Value)> = Vec::new();
    for parameter in list(parameters) {
        let tag = tag_of(card, &parameter)?;
        check_type(tag, &parameter)?;
        values.push((&tag.name, parameter["value"].clone()));
    }
    for tag in card.tags() {
        let given = values.iter().find(|(name, _)| *name == tag.name).map(|(_, value)| value.clone());
        let value = given.filter(|value| !nothing(value)).or_else(|| Some(tag.default.clone()));
        let value = value.unwrap_or_default();
        if nothing(&value) && tag.required {
            let text = format!("You'll need to pick a value for '{}' before this query can run.", tag.title);
            return Err(refusal(&text, "missing-required-parameter"));
        }
        values.retain(|(name, _)| *name != tag.name);
        values.push((&tag.name, value));
    }
    let fits = |(tag, value, _): &&(String, Value, Rows)| {
        values.iter().any(|(name, given)| name == tag && same(given, value))
    };
    Ok(card.given.iter().find(fits).map_or_else(|| card.rows.clone(), |(_, _, rows)| rows.clone()))
}

/// Parameters of a dashboard as those of the card of one of its places.
pub(super) fn mapped(
    dashboard: &DashboardSetup,
    place: &DashcardSetup,
    card: &CardSetup,
    parameters: &Value,
) -> Result<Value, Failure> {
    let mut mapped = Vec::new();
    for parameter in list(parameters) {
        let id = parameter["id"].as_str().unwrap_or_default();
        if !dashboard.parameters.iter().any(|own| own["id"] == id) {
            let text = format!("Dashboard does not have a parameter with ID {id:?}.");
            return Err(refusal(&text, "invalid-parameter"));
        }
        let tags = place.maps.iter().filter(|(own, _)| own == id);
        for tag in tags.filter_map(|(_, name)| card.tags().iter().find(|tag| tag.name == *name)) {
            let value = &parameter["value"];
            mapped.push(json!({ "type": usual_type(tag.kind), "target": target(tag), "value": value }));
        }
    }
    Ok(mapped.into())
}

fn list(parameters: &Value) -> Vec<Value> {
    parameters.as_array().cloned().unwrap_or_default()
}

/// By name, else by the tag in the target, else by the id.
fn tag_of<'a>(card: &'a CardSetup, parameter: &Value) -> Result<&'a TagSetup, Failure> {
    let target = parameter.pointer("/target/1/1").and_then(Value::as_str);
    let named = parameter["name"].as_str().into_iter().chain(target);
    let by_name = named.clone().find_map(|name| card.tags().iter().find(|tag| tag.name == name));
    let by_id = || card.tags().iter().find(|tag| parameter["id"] == id_of(card, tag));
    by_name.or_else(by_id).ok_or_else(|| {
        let name = named.last().or(parameter["id"].as_str()).unwrap_or_default().to_owned();
        let text =
            format!("Invalid parameter: Card {} does not have a template tag named {name:?}.", card.id);
        refusal(&text, "invalid-parameter")
    })
}

fn check_type(tag: &TagSetup, parameter: &Value) -> Result<(), Failure> {
    // Where none is named the card's own is taken.
    let Some(kind) = parameter["type"].as_str() else { return Ok(()) };
    let allowed = allowed_types(tag.kind);
    if allowed.contains(&kind) {
        return Ok(());
    }
    let list: Vec<String> = allowed.iter().map(|kind| format!(":{kind}")).collect();
    let text = format!(
        "Invalid parameter type :{kind} for parameter {:?}. Parameter type must be one of: {}",
        tag.name,
        list.join(", ")
    );
    Err(refusal(&text, "invalid-parameter"))
}

fn refusal(text: &str, error_type: &str) -> Failure {
    let mut failure = Failure::new(text).typed(error_type);
    failure.class = "class clojure.lang.ExceptionInfo".into();
    failure
}

fn nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == ""
}

/// A list of one is as good as the one.
fn same(given: &Value, wanted: &Value) -> bool {
    let one = |value: &Value| match value.as_array().map(Vec::as_slice) {
        Some([only]) => only.clone(),
        _ => value.clone(),
    };
    one(given) == one(wanted)
}

fn id_of(card: &CardSetup, tag: &TagSetup) -> String {
    format!("{:08x}-{}", card.id, tag.name)
}

fn is_field(kind: TagKind) -> bool {
    matches!(kind, TagKind::DateField | TagKind::TextField)
}

fn target(tag: &TagSetup) -> Value {
    let head = if is_field(tag.kind) { "dimension" } else { "variable" };
    json!([head, ["template-tag", tag.name]])
}

fn tag_type(kind: TagKind) -> &'static str {
    match kind {
        TagKind::Text => "text",
        TagKind::Number => "number",
        TagKind::Date => "date",
        TagKind::DateField | TagKind::TextField => "dimension",
    }
}

fn usual_type(kind: TagKind) -> &'static str {
    match kind {
        TagKind::Text => "category",
        TagKind::Number => "number/=",
        TagKind::Date => "date/single",
        TagKind::DateField => "date/all-options",
        TagKind::TextField => "string/=",
    }
}

fn allowed_types(kind: TagKind) -> &'static [&'static str] {
    match kind {
        TagKind::Text => {
            &["category", "id", "location/city", "location/state", "location/zip_code", "string/=", "text"]
        }
        TagKind::Number => &["category", "id", "number", "number/="],
        TagKind::Date => &["date", "date/single"],
        TagKind::DateField => &[
            "date/all-options",
            "date/month-year",
            "date/quarter-year",
            "date/range",
            "date/relative",
            "date/single",
        ],
        TagKind::TextField => &[
            "category",
            "id",
            "string/!=",
            "string/=",
            "string/contains",
            "string/ends-with",
            "string/starts-with",
        ],
    }
}
