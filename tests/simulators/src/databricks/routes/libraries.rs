//! `/libraries/*`. How an installation goes on is the world's.

use serde_json::{Map, Value, json};

use super::{missing_cluster, no_such_call, refuse};
use crate::{
    databricks::world::{
        Level, Refused, World,
        cluster::Cluster,
        libraries::{Library, identity},
    },
    exchange::{Answer, Asked},
};

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, call: &str) -> Answer {
    match (asked.method.as_str(), call) {
        ("GET", "all-cluster-statuses") => {
            let rights = world.rights_of(user);
            let sees =
                |cluster: &&Cluster| rights.as_ref().is_some_and(|rights| rights.on(cluster).is_some());
            let seen = world.clusters.iter().filter(sees);
            let statuses: Vec<Value> =
                seen.filter(|cluster| !cluster.libraries.is_empty()).map(|own| status(world, own)).collect();
            let body = if statuses.is_empty() { json!({}) } else { json!({ "statuses": statuses }) };
            Answer::ok(&body)
        }
        ("GET", "cluster-status") => {
            let id = asked.param("cluster_id").unwrap_or_default();
            match world.by_id(&id) {
                Some(cluster) => Answer::ok(&status(world, cluster)),
                None => missing_cluster(world, &id),
            }
        }
        ("POST", "install" | "uninstall") => {
            let body = asked.json();
            let id = body["cluster_id"].as_str().unwrap_or_default().to_owned();
            if world.by_id(&id).is_none() {
                return missing_cluster(world, &id);
            }
            match change(world, &id, &body, user, call == "install") {
                Ok(()) => Answer::done(),
                Err(refused) => refuse(world, &refused),
            }
        }
        _ => no_such_call(asked),
    }
}

fn status(world: &World, cluster: &Cluster) -> Value {
    let mut body = Map::new();
    body.insert("cluster_id".to_owned(), cluster.id.as_str().into());
    let there = cluster.libraries.iter().filter(|library| library.is_there(&cluster.life, world.now));
    let told: Vec<Value> =
        there.map(|library| library.to_json(&cluster.life, world.now, &world.settings)).collect();
    if !told.is_empty() {
        body.insert("library_statuses".to_owned(), told.into());
    }
    Value::Object(body)
}

fn change(world: &mut World, id: &str, body: &Value, user: &str, installs: bool) -> Result<(), Refused> {
    world.require(user, world.find(id)?, Level::CanManage)?;
    let specs = body["libraries"].as_array().filter(|specs| !specs.is_empty());
    let specs = specs.ok_or_else(|| Refused::Invalid("No libraries were given".to_owned()))?;
    let names = specs
        .iter()
        .map(|spec| identity(spec).ok_or_else(|| Refused::Invalid(format!("Invalid library {spec}"))));
    let names = names.collect::<Result<Vec<String>, Refused>>()?;
    let now = world.now;
    let cluster = world.find_mut(id)?;
    let life = cluster.life.clone();
    cluster.libraries.retain(|library| library.is_there(&life, now));
    for (spec, name) in specs.iter().zip(names) {
        let known = cluster.libraries.iter_mut().find(|own| identity(&own.spec).as_ref() == Some(&name));
        match known {
            Some(library) if installs => library.unwanted = None,
            Some(library) => library.unwanted = library.unwanted.or(Some(now)),
            None if installs => cluster.libraries.push(Library::new(spec.clone(), now)),
            None => {}
        }
    }
    Ok(())
}
