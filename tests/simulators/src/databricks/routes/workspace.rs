//! `/workspace/*`: list, export, import, folders, deletion. Formats are those of single notebooks and files; exporting whole
//! folders (DBC, archives) is not simulated and says so.

mod form;
mod transfer;

use serde_json::{Value, json};

use super::no_such_call;
use crate::{
    databricks::world::{World, files::to_json},
    exchange::{Answer, Asked},
    faults::shape::error,
};

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, call: &str) -> Answer {
    match (asked.method.as_str(), call) {
        ("GET", "list") => list(world, asked, user),
        ("GET", "get-status") => status(world, asked, user),
        ("GET", "export") => {
            let path = path_of(asked);
            refused(world, user, &path).unwrap_or_else(|| transfer::export(world, asked, &path))
        }
        ("POST", "import") => {
            let body = form::fields(asked).unwrap_or_else(|| asked.json());
            let path = clean(body["path"].as_str().unwrap_or_default());
            refused(world, user, &path).unwrap_or_else(|| transfer::import(world, &body, &path))
        }
        ("POST", "mkdirs") => mkdirs(world, &asked.json(), user),
        ("POST", "delete") => delete(world, &asked.json(), user),
        _ => no_such_call(asked),
    }
}

/// The query names the path; a body of a GET is not looked at.
fn path_of(asked: &Asked) -> String {
    clean(&asked.param("path").unwrap_or_default())
}

fn clean(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && path.starts_with('/') { "/".to_owned() } else { trimmed.to_owned() }
}

/// Who is no administrator sees its own home and what is shared.
fn refused(world: &World, user: &str, path: &str) -> Option<Answer> {
    if !path.starts_with('/') {
        let text = format!("Path ({path}) doesn't start with '/'");
        return Some(error(400, "INVALID_PARAMETER_VALUE", &text));
    }
    let home = format!("/Users/{user}");
    let own = path == home || path.starts_with(&format!("{home}/"));
    let foreign = path.starts_with("/Users/") && !own && !world.directory.is_admin(user);
    let text = format!("{user} does not have permissions on {path}");
    foreign.then(|| error(403, "PERMISSION_DENIED", &text))
}

fn missing(path: &str) -> Answer {
    error(404, "RESOURCE_DOES_NOT_EXIST", &format!("Path ({path}) doesn't exist."))
}

fn list(world: &World, asked: &Asked, user: &str) -> Answer {
    let path = path_of(asked);
    if let Some(answer) = refused(world, user, &path) {
        return answer;
    }
    if !world.files.is_folder(&path) {
        // A notebook lists itself.
        return match world.files.get(&path) {
            Some(node) => Answer::ok(&json!({ "objects": [to_json(&path, node)] })),
            None => missing(&path),
        };
    }
    let after = asked.param("notebooks_modified_after").and_then(|text| text.parse::<i64>().ok());
    let children = world.files.children(&path).into_iter().filter(|(path, node)| {
        let recent = node.object_type != "NOTEBOOK" || after.is_none_or(|after| node.modified >= after);
        recent && refused(world, user, path).is_none()
    });
    let objects: Vec<Value> = children.map(|(path, node)| to_json(path, node)).collect();
    Answer::ok(&if objects.is_empty() { json!({}) } else { json!({ "objects": objects }) })
}

fn status(world: &World, asked: &Asked, user: &str) -> Answer {
    let path = path_of(asked);
    if let Some(answer) = refused(world, user, &path) {
        return answer;
    }
    match world.files.get(&path) {
        Some(node) => Answer::ok(&to_json(&path, node)),
        None if path == "/" => {
            Answer::ok(&json!({ "path": "/", "object_type": "DIRECTORY", "object_id": 0 }))
        }
        None => missing(&path),
    }
}

fn mkdirs(world: &mut World, body: &Value, user: &str) -> Answer {
    let path = clean(body["path"].as_str().unwrap_or_default());
    if let Some(answer) = refused(world, user, &path) {
        return answer;
    }
    match world.files.make_folder(&path, world.now).filter(|_| path != "/") {
        Some(taken) => {
            let text = format!("{taken} is not a directory");
            error(400, "RESOURCE_ALREADY_EXISTS", &text)
        }
        None => Answer::done(),
    }
}

fn delete(world: &mut World, body: &Value, user: &str) -> Answer {
    let path = clean(body["path"].as_str().unwrap_or_default());
    if let Some(answer) = refused(world, user, &path) {
        return answer;
    }
    if path == "/" || world.files.get(&path).is_none() {
        return missing(&path);
    }
    let home_of = path.strip_prefix("/Users/").filter(|name| !name.contains('/'));
    let protected = matches!(path.as_str(), "/Users" | "/Shared" | "/Repos")
        || home_of.is_some_and(|name| world.directory.user(name).is_some());
    if protected {
        let text = format!("Cannot delete {path}: the folder is protected");
        return error(400, "INVALID_PARAMETER_VALUE", &text);
    }
    if body["recursive"] != true && !world.files.children(&path).is_empty() {
        let text = format!("Folder ({path}) is not empty");
        return error(400, "DIRECTORY_NOT_EMPTY", &text);
    }
    world.files.remove(&path);
    Answer::done()
}
