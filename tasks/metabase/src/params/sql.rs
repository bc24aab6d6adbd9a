//! Parameters of one's own queries: their tags are found in the text, since nobody described them. Values are passed on as
//! values, never put into the text.

use serde_json::{Map, Value, json};

use super::{Days, ParamsError, Wanted, is_empty, near::near};

/// What goes with a query of one's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqlParams {
    /// Its tags, as the server wants them described.
    pub template_tags: Map<String, Value>,
    /// Their values.
    pub parameters: Vec<Value>,
}

/// A tag as it stands in a query.
struct Tag<'a> {
    name: &'a str,
    /// It stands only in parts that are left out where it has no value.
    optional: bool,
}

/// The parameters of a query of one's own.
pub fn of_sql(query: &str, wanted: &Wanted, days: &Days) -> Result<SqlParams, ParamsError> {
    let of = "the query".to_owned();
    let tags = tags_of(query);
    if let Some(name) = wanted.keys().find(|name| tags.iter().all(|tag| tag.name != name.as_str())) {
        let names: Vec<&str> = tags.iter().map(|tag| tag.name).collect();
        return Err(ParamsError::Unknown { of, name: name.clone(), known: near(name, &names) });
    }
    let mut params = SqlParams::default();
    for tag in tags {
        let name = tag.name.to_owned();
        let unfit = |why| ParamsError::Unfit { of: of.clone(), name: name.clone(), why };
        let value = wanted.get(tag.name).map(|value| days.expand(value)).transpose().map_err(unfit)?;
        let value = value.map(alone).transpose().map_err(unfit)?.filter(|value| !is_empty(value));
        if value.is_none() && !tag.optional {
            return Err(ParamsError::Missing { of, name });
        }
        let is_number = value.as_ref().is_some_and(Value::is_number);
        let (tag_type, parameter_type) =
            if is_number { ("number", "number/=") } else { ("text", "category") };
        // Ids need only differ within the query.
        let described =
            json!({ "id": tag.name, "name": tag.name, "display-name": tag.name, "type": tag_type });
        params.template_tags.insert(name, described);
        params.parameters.extend(value.map(|value| {
            json!({
                "id": tag.name,
                "type": parameter_type,
                "target": ["variable", ["template-tag", tag.name]],
                "value": value,
            })
        }));
    }
    Ok(params)
}

/// A value that is one; a list of one is forgiven.
fn alone(value: Value) -> Result<Value, String> {
    match value {
        Value::Array(mut list) if list.len() == 1 => Ok(list.remove(0)),
        Value::Array(_) | Value::Object(_) => {
            Err("a query of your own takes one text or number for each of its tags".to_owned())
        }
        value => Ok(value),
    }
}

/// The tags of a query, each once, in the order in which they come.
fn tags_of(query: &str) -> Vec<Tag<'_>> {
    let mut tags: Vec<Tag<'_>> = Vec::new();
    let mut from = 0;
    while let Some(begins) = query[from..].find("{{").map(|at| from + at) {
        let Some(ends) = query[begins..].find("}}").map(|at| begins + at) else { break };
        let name = query[begins + 2..ends].trim();
        let before = &query[..begins];
        let optional = before.matches("[[").count() > before.matches("]]").count();
        // Other questions and snippets are no parameters.
        let is_tag = !name.is_empty() && !name.starts_with('#') && !name.starts_with("snippet:");
        match tags.iter_mut().find(|tag| tag.name == name) {
            Some(tag) => tag.optional &= optional,
            None if is_tag => tags.push(Tag { name, optional }),
            None => {}
        }
        from = ends + 2;
    }
    tags
}
