//! Actions and their parameters as they are written on the command line. What they mean is the kind's business.

use roundsman_model::{ActionDescription, ActionName, InvalidName, TaskDefinition};
use serde_json::{Map, Value};

use super::failure::{Answer, Failure};
use crate::kinds::Catalogue;

/// Reads `key=value` pairs.
fn params(given: &[String]) -> Answer<Map<String, Value>> {
    let mut params = Map::new();
    for given in given {
        let Some((key, value)) = given.split_once('=') else {
            return Err(Failure::Usage(format!("-p {given:?} has no \"=\": write -p key=value")));
        };
        if params.insert(key.to_owned(), value.into()).is_some() {
            return Err(Failure::Usage(format!("parameter {key:?} is given twice")));
        }
    }
    Ok(params)
}

/// Parameters for an action. Without one they have nowhere to go.
pub(crate) fn of_action(given: &[String], action: Option<&str>, command: &str) -> Answer<Value> {
    let params = params(given)?;
    if action.is_none() && !params.is_empty() {
        return Err(Failure::Usage(format!(
            "parameters belong to an action: write {command} NAME ACTION -p key=value"
        )));
    }
    Ok(params.into())
}

/// An action that the task's kind offers.
pub(crate) fn action<'a>(
    name: &str,
    catalogue: &'a Catalogue,
    definition: &TaskDefinition,
) -> Answer<(ActionName, &'a ActionDescription)> {
    let offered = catalogue.get(definition.kind.as_str());
    let offered = offered.map_or(&[][..], |known| known.description.actions.as_slice());
    if let Some(info) = offered.iter().find(|action| action.name == name) {
        let name = name.parse().map_err(|error: InvalidName| Failure::Usage(error.to_string()))?;
        return Ok((name, info));
    }
    let names: Vec<&str> = offered.iter().map(|action| action.name.as_str()).collect();
    let offers = if names.is_empty() {
        "it offers none".to_owned()
    } else {
        format!("it offers {}", names.join(", "))
    };
    Err(Failure::Usage(format!("kind {} has no action {name:?}: {offers}", definition.kind)))
}
