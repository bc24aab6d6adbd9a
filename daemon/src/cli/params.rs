//! Actions and parameters as they are written on the command line, held against what the kind says before a run exists.
//! What they mean is the kind's business.

#[cfg(test)]
mod tests;

use std::path::Path;

use roundsman_model::{ActionDescription, ActionName, InvalidName, KindDescription, Run, TaskDefinition};
use serde_json::{Map, Value};

use super::{
    failure::{Answer, Failure},
    inputs::{self, Input},
};
use crate::kinds::Catalogue;

/// Splits `key=value` pairs.
fn pairs(given: &[String]) -> Answer<Vec<(&str, &str)>> {
    let no_value = |given| Failure::Usage(format!("-p {given:?} has no \"=\": write -p key=value"));
    given.iter().map(|given| given.split_once('=').ok_or_else(|| no_value(given))).collect()
}

/// What a run is given.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Given {
    /// The parameters, as they are recorded.
    pub(crate) params: Value,
    /// What is handed in with them.
    pub(super) inputs: Vec<Input>,
}

/// The parameters of a run: of an action, or of the scheduled work of a kind that takes them.
pub(crate) fn of_run(
    given: &[String],
    action: Option<&ActionDescription>,
    catalogue: &Catalogue,
    definition: &TaskDefinition,
) -> Answer<Given> {
    let pairs = pairs(given)?;
    let description = catalogue.get(definition.kind.as_str()).map(|known| &known.description);
    let Some(schema) = schema(action, description, !pairs.is_empty(), definition)? else {
        return Ok(Given { params: Value::Object(Map::new()), inputs: Vec::new() });
    };
    let values = roundsman_finder::params_of(schema, pairs).map_err(|wrong| wrong_ones(&wrong))?;
    let values = absolute(schema, values)?;
    if action.is_some() {
        complete(schema, &values)?;
    }
    let inputs = inputs::read(schema, &values, &mut std::io::stdin().lock())?;
    // A script has no other way to learn defaults; with its scheduled work they are in the definition.
    let params = if action.is_some() && !definition.code.is_compiled() {
        roundsman_finder::with_defaults(schema, &values.into())
    } else {
        values.into()
    };
    Ok(Given { params, inputs })
}

/// Whether what an earlier run was given still fits: kinds change. Gives the schema that it fits, if there is one.
pub(crate) fn still_fit<'a>(
    run: &Run,
    catalogue: &'a Catalogue,
    definition: &TaskDefinition,
) -> Answer<Option<&'a Value>> {
    let empty = Map::new();
    let given = run.params.as_object().unwrap_or(&empty);
    let Some(known) = catalogue.get(definition.kind.as_str()) else { return Ok(None) };
    let action = match &run.action {
        None => None,
        Some(name) => Some(action(name.as_str(), catalogue, definition)?.1),
    };
    let Some(schema) = schema(action, Some(&known.description), !given.is_empty(), definition)? else {
        return Ok(None);
    };
    let texts: Vec<(&str, String)> =
        given.iter().map(|(key, value)| (key.as_str(), text_of(value))).collect();
    let read = roundsman_finder::params_of(schema, texts.iter().map(|(key, text)| (*key, text.as_str())));
    let checked = read.map_err(|wrong| wrong_ones(&wrong));
    let checked =
        checked.and_then(|values| if action.is_some() { complete(schema, &values) } else { Ok(()) });
    checked.map(|()| Some(schema)).map_err(|failure| {
        let (id, why) = (run.id, failure.message());
        Failure::Usage(format!(
            "what run {id} was given does not fit any more: {why}; see --as-then, or `trigger`"
        ))
    })
}

/// The schema that parameters must fit; nothing if there are none to fit.
fn schema<'a>(
    action: Option<&'a ActionDescription>,
    kind: Option<&'a KindDescription>,
    given: bool,
    definition: &TaskDefinition,
) -> Answer<Option<&'a Value>> {
    match (action, kind) {
        (Some(action), _) => Ok(Some(&action.params)),
        (None, Some(kind)) if kind.takes_params => Ok(Some(&kind.schema)),
        _ if !given => Ok(None),
        (None, None) => Err(Failure::Usage(format!(
            "there is no kind {} here that would say what it takes",
            definition.kind
        ))),
        (None, Some(kind)) => Err(Failure::Usage(format!(
            "the kind {} takes parameters with its actions only: write {} ACTION -p key=value{}",
            kind.name,
            definition.name,
            offers(&kind.actions)
        ))),
    }
}

fn wrong_ones(wrong: &[String]) -> Failure {
    Failure::Usage(wrong.join("\n"))
}

/// Paths are meant from where the person is, not from where the worker will be.
fn absolute(schema: &Value, mut values: Map<String, Value>) -> Answer<Map<String, Value>> {
    for (key, value) in &mut values {
        let is_path = schema["properties"][key.as_str()]["format"] == "path";
        if let Some(text) = value.as_str().filter(|_| is_path) {
            let path = std::path::absolute(Path::new(text)).map_err(|error| {
                Failure::Usage(format!(
                    "parameter `{key}`: {text:?} cannot be made an absolute path: {error}"
                ))
            })?;
            let path = path.into_os_string().into_string();
            *value =
                path.map_err(|_| Failure::Usage(format!("parameter `{key}`: the path is no text")))?.into();
        }
    }
    Ok(values)
}

/// Refuses what must be given and is not.
fn complete(schema: &Value, values: &Map<String, Value>) -> Answer {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let missing: Vec<String> = required
        .filter_map(Value::as_str)
        .filter(|key| !values.contains_key(*key))
        .map(|key| format!("parameter `{key}` is missing: add -p {key}=…"))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(wrong_ones(&missing)) }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn offers(actions: &[ActionDescription]) -> String {
    let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
    if names.is_empty() { "; it offers none".to_owned() } else { format!("; it offers {}", names.join(", ")) }
}

/// An action that the task's kind offers.
pub(crate) fn action<'a>(
    name: &str,
    catalogue: &'a Catalogue,
    definition: &TaskDefinition,
) -> Answer<(ActionName, &'a ActionDescription)> {
    let offered = catalogue.get(definition.kind.as_str());
    let aliases = offered.and_then(|known| known.entry).map_or(&[][..], |entry| entry.info.action_aliases);
    let name = aliases.iter().find(|(other, _)| *other == name).map_or(name, |(_, name)| name);
    let offered = offered.map_or(&[][..], |known| known.description.actions.as_slice());
    if let Some(info) = offered.iter().find(|action| action.name == name) {
        let name = name.parse().map_err(|error: InvalidName| Failure::Usage(error.to_string()))?;
        return Ok((name, info));
    }
    Err(Failure::Usage(format!("kind {} has no action {name:?}{}", definition.kind, offers(offered))))
}
