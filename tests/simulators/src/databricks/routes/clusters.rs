//! `/clusters/*`: what there is, in pages, and which change a call means.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{cluster_changes, cluster_events, missing_cluster, no_such_call, refuse};
use crate::{
    databricks::world::{Level, World, cluster::Cluster},
    exchange::{Answer, Asked},
    faults::shape::error,
};

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, call: &str) -> Answer {
    match (asked.method.as_str(), call) {
        ("GET", "list") => list(world, asked, user),
        ("GET", "get") => get(world, asked, user),
        ("GET", "spark-versions") => Answer::ok(&spark_versions()),
        ("GET", "list-node-types") => Answer::ok(&node_types()),
        ("POST", "events") => cluster_events::answer(world, asked, user),
        ("POST", _) => cluster_changes::answer(world, asked, user, call),
        _ => no_such_call(asked),
    }
}

fn get(world: &World, asked: &Asked, user: &str) -> Answer {
    let id = asked.param("cluster_id").unwrap_or_default();
    match world.by_id(&id) {
        None => missing_cluster(world, &id),
        Some(cluster) => match world.require(user, cluster, Level::CanAttachTo) {
            Ok(()) => Answer::ok(&world.details(cluster)),
            Err(refused) => refuse(world, &refused),
        },
    }
}

fn list(world: &World, asked: &Asked, user: &str) -> Answer {
    let found = filtered(world, asked, user);
    if asked.path.starts_with("/api/2.0/") {
        // Version 2.0 knows no pages.
        let all: Vec<Value> = found.iter().map(|cluster| Value::Object(world.entry(cluster))).collect();
        return Answer::ok(&if all.is_empty() { json!({}) } else { json!({ "clusters": all }) });
    }
    let wanted = asked.param("page_size").and_then(|size| size.parse().ok()).unwrap_or(20_usize);
    let size = wanted.clamp(1, world.settings.clusters_page_size);
    let Some(place) = Place::of(asked.param("page_token").as_deref()) else {
        return error(400, "INVALID_PARAMETER_VALUE", "Invalid page token");
    };
    let mut body = Map::new();
    let end = if place.empty { place.offset } else { (place.offset + size).min(found.len()) };
    let page = found.get(place.offset..end).unwrap_or_default();
    if !page.is_empty() {
        let entries = page.iter().map(|cluster| Value::Object(world.entry(cluster)));
        body.insert("clusters".to_owned(), entries.collect());
    }
    let more = end < found.len();
    let next = Place { offset: end, empty: world.settings.empty_pages && !place.empty };
    body.insert("next_page_token".to_owned(), if more { next.token() } else { String::new() }.into());
    let before = Place { offset: place.offset.saturating_sub(size), empty: false };
    body.insert(
        "prev_page_token".to_owned(),
        if place.offset > 0 { before.token() } else { String::new() }.into(),
    );
    Answer::ok(&Value::Object(body))
}

/// Where a page begins, and whether it is one with nothing on it.
struct Place {
    offset: usize,
    empty: bool,
}

impl Place {
    fn of(token: Option<&str>) -> Option<Self> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Some(Self { offset: 0, empty: false });
        };
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (offset, empty) = text.strip_prefix("clusters/")?.split_once('/')?;
        Some(Self { offset: offset.parse().ok()?, empty: empty == "empty" })
    }

    fn token(&self) -> String {
        let empty = if self.empty { "empty" } else { "full" };
        BASE64_URL_SAFE_NO_PAD.encode(format!("clusters/{}/{empty}", self.offset))
    }
}

fn filtered<'a>(world: &'a World, asked: &Asked, user: &str) -> Vec<&'a Cluster> {
    let states = asked.params("filter_by.cluster_states");
    let sources = asked.params("filter_by.cluster_sources");
    let pinned = asked.param("filter_by.is_pinned").map(|word| word == "true");
    let policy = asked.param("filter_by.policy_id");
    let rights = world.rights_of(user);
    let meant = |cluster: &&Cluster| {
        let state = cluster.odd_state.as_deref().unwrap_or_else(|| cluster.life.state(world.now).word());
        world.is_listed(cluster)
            && rights.as_ref().is_some_and(|rights| rights.on(cluster).is_some())
            && (states.is_empty() || states.iter().any(|word| word == state))
            && (sources.is_empty() || sources.contains(&cluster.source))
            && pinned.is_none_or(|pinned| pinned == cluster.pinned_by.is_some())
            && policy.as_ref().is_none_or(|policy| cluster.text("policy_id") == policy)
    };
    let mut found: Vec<&Cluster> = world.clusters.iter().filter(meant).collect();
    if asked.param("sort_by.field").as_deref() == Some("CLUSTER_NAME") {
        found.sort_by(|a, b| a.name().cmp(b.name()));
    }
    if asked.param("sort_by.direction").as_deref() == Some("DESC") {
        found.reverse();
    }
    found
}

/// What may be asked for.
const SPARK_VERSIONS: [(&str, &str); 4] = [
    ("16.4.x-scala2.12", "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("15.4.x-scala2.12", "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("15.4.x-cpu-ml-scala2.12", "15.4 LTS ML (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("14.3.x-scala2.12", "14.3 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
];

/// Machines: name, cores, memory.
const NODE_TYPES: [(&str, u32, u32); 4] = [
    ("Standard_DS3_v2", 4, 14_336),
    ("Standard_DS4_v2", 8, 28_672),
    ("Standard_D4s_v3", 4, 16_384),
    ("Standard_F4", 4, 8_192),
];

fn spark_versions() -> Value {
    let versions = SPARK_VERSIONS.map(|(key, name)| json!({ "key": key, "name": name }));
    json!({ "versions": versions })
}

fn node_types() -> Value {
    let machines = NODE_TYPES.map(|(id, cores, memory)| {
        json!({
            "node_type_id": id, "num_cores": cores, "memory_mb": memory, "is_deprecated": false,
            "description": id, "category": "General Purpose",
        })
    });
    json!({ "node_types": machines })
}

/// Why a specification cannot be used, if it cannot.
pub(super) fn complain(spec: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| spec.get(key).and_then(Value::as_str);
    let minutes = spec.get("autotermination_minutes").and_then(super::integer).unwrap_or(0);
    let tags = spec.get("custom_tags").and_then(Value::as_object).map_or(0, Map::len);
    let sized = spec.contains_key("autoscale") || spec.contains_key("num_workers");
    let node = text("node_type_id");
    match text("spark_version") {
        None => return Some("Missing required field: spark_version".to_owned()),
        Some(version) if SPARK_VERSIONS.iter().all(|(key, _)| *key != version) => {
            return Some(format!("Invalid spark version {version}."));
        }
        Some(_) => {}
    }
    if let Some(node) = node.filter(|node| NODE_TYPES.iter().all(|(id, _, _)| id != node)) {
        return Some(format!("Node type {node} is not supported."));
    }
    if node.is_none() && !spec.contains_key("instance_pool_id") {
        return Some("Missing required field: node_type_id".to_owned());
    }
    if !sized {
        return Some("Missing required field: size (num_workers or autoscale)".to_owned());
    }
    if minutes != 0 && !(10..=10_000).contains(&minutes) {
        return Some(
            "The cluster autotermination time must be 0, or between 10 and 10000 minutes".to_owned(),
        );
    }
    (tags > 45).then(|| format!("Too many custom tags: {tags}. At most 45 are allowed."))
}
