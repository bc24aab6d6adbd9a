//! How SCIM lists are asked for: filters, pages, orders and attributes. It knows no users and no groups, only JSON.

use serde_json::{Map, Value, json};

use crate::{databricks::world::World, exchange::Asked};

/// The part of a list that was asked for, as SCIM answers it. Without anything in it `Resources` is absent.
pub(super) fn page(world: &World, asked: &Asked, all: Vec<Value>) -> Result<Value, String> {
    let filter = asked.param("filter").map(|text| Filter::parse(&text)).transpose()?;
    let mut meant: Vec<Value> =
        all.into_iter().filter(|own| filter.as_ref().is_none_or(|filter| filter.fits(own))).collect();
    if let Some(key) = asked.param("sortBy") {
        let text = |value: &Value| attribute(value, &key).join(" ").to_lowercase();
        meant.sort_by_key(text);
        if asked.param("sortOrder").as_deref() == Some("descending") {
            meant.reverse();
        }
    }
    let number = |name: &str| asked.param(name).and_then(|text| text.parse::<usize>().ok());
    let start = number("startIndex").unwrap_or(1).max(1);
    let count = number("count").unwrap_or(usize::MAX).min(world.settings.scim_page_size);
    let total = meant.len();
    let resources: Vec<Value> =
        meant.into_iter().skip(start - 1).take(count).map(|own| project(own, asked)).collect();
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
    });
    if !resources.is_empty() {
        body["Resources"] = resources.into();
    }
    Ok(body)
}

/// Only the attributes that were asked for, or all but some. The id is always there.
pub(super) fn project(own: Value, asked: &Asked) -> Value {
    let list = |name: &str| {
        asked
            .param(name)
            .map(|text| text.split(',').map(|word| word.trim().to_lowercase()).collect::<Vec<_>>())
    };
    let (only, not) = (list("attributes"), list("excludedAttributes"));
    let Value::Object(fields) = own else {
        return own;
    };
    let first = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
    let keeps = |key: &str| {
        let key = key.to_lowercase();
        key == "id"
            || (only.as_ref().is_none_or(|only| only.iter().any(|path| first(path) == key))
                && not.as_ref().is_none_or(|not| !not.contains(&key)))
    };
    Value::Object(fields.into_iter().filter(|(key, _)| keeps(key)).collect::<Map<_, _>>())
}

/// Conditions joined by `or`, each of them conditions joined by `and`.
struct Filter(Vec<Vec<Condition>>);

struct Condition {
    path: String,
    operator: String,
    value: String,
}

impl Filter {
    fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("Invalid filter: {text}");
        let mut words = words(text).ok_or_else(invalid)?.into_iter();
        let (mut all, mut ands) = (Vec::new(), Vec::new());
        loop {
            let mut word = || words.next().ok_or_else(invalid);
            let (path, operator, value) = (word()?, word()?.to_lowercase(), word()?);
            if !matches!(operator.as_str(), "eq" | "ne" | "co" | "sw") {
                return Err(format!("Unsupported operator {operator} in filter: {text}"));
            }
            ands.push(Condition { path, operator, value });
            match words.next().map(|word| word.to_lowercase()).as_deref() {
                Some("and") => {}
                Some("or") => all.push(std::mem::take(&mut ands)),
                Some(_) => return Err(invalid()),
                None => break,
            }
        }
        all.push(ands);
        Ok(Self(all))
    }

    fn fits(&self, own: &Value) -> bool {
        self.0.iter().any(|ands| ands.iter().all(|condition| condition.fits(own)))
    }
}

impl Condition {
    fn fits(&self, own: &Value) -> bool {
        let wanted = self.value.to_lowercase();
        let values = attribute(own, &self.path);
        let mut values = values.iter().map(|value| value.to_lowercase());
        match self.operator.as_str() {
            "eq" => values.any(|value| value == wanted),
            "ne" => !values.any(|value| value == wanted),
            "co" => values.any(|value| value.contains(&wanted)),
            _ => values.any(|value| value.starts_with(&wanted)),
        }
    }
}

/// The words of a filter. A quoted one may have blanks, and `\"` and `\\`.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|char| char.is_whitespace()).is_some() {}
        let Some(first) = chars.next() else {
            return Some(words);
        };
        let mut word = String::new();
        if first == '"' {
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => word.push(chars.next()?),
                    char => word.push(char),
                }
            }
        } else {
            word.push(first);
            while let Some(char) = chars.next_if(|char| !char.is_whitespace()) {
                word.push(char);
            }
        }
        words.push(word);
    }
}

/// The texts that a path such as `userName` or `emails.value` means. Names of attributes have no case.
fn attribute(own: &Value, path: &str) -> Vec<String> {
    let mut found = vec![own];
    for key in path.split('.') {
        let named = |fields: &'_ Map<String, Value>| -> Option<String> {
            fields.keys().find(|own| own.eq_ignore_ascii_case(key)).cloned()
        };
        found = found
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(values) => values.iter().collect::<Vec<_>>(),
                other => vec![other],
            })
            .filter_map(|value| value.as_object().and_then(|fields| fields.get(&named(fields)?)))
            .collect();
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    found.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests;
