//! Which keys of a cluster that is there differ from what is wanted. Only those that a course sets count; whatever else
//! people set stays as it is.

use serde_json::{Map, Value, json};

use super::super::ActualCluster;
use crate::api::clusters::ClusterSpec;

/// Keys that hold settings of others besides ours, of which only ours count.
const SHARED: [&str; 4] = ["custom_tags", "spark_conf", "spark_env_vars", "azure_attributes"];

/// What must change so that the cluster is as it is wanted.
pub(super) fn changes(wanted: &ClusterSpec, there: &ActualCluster) -> Map<String, Value> {
    let (wanted, is_whole) = (object(wanted), there.spec.is_some());
    let have = there.spec.as_ref().map_or_else(|| listed(there), object);
    let mut changes = Map::new();
    for (key, value) in wanted {
        let own = have.get(&key).unwrap_or(&Value::Null);
        let unknown = own.is_null() && !is_whole && !LISTED.contains(&key.as_str());
        if key == "cluster_name" || unknown || contains(own, &value) {
            continue;
        }
        // Where nothing is said of it, the first machine is as the others.
        if key == "driver_node_type_id" && own.is_null() && have.get("node_type_id") == Some(&value) {
            continue;
        }
        let value = if SHARED.contains(&key.as_str()) { merged(own, value) } else { value };
        changes.insert(key, value);
    }
    if changes.contains_key("autoscale") && have.get("num_workers").is_some_and(|fixed| !fixed.is_null()) {
        changes.insert("num_workers".to_owned(), Value::Null);
    }
    changes
}

/// The keys that a list tells too.
const LISTED: [&str; 7] = [
    "spark_version",
    "node_type_id",
    "driver_node_type_id",
    "autoscale",
    "autotermination_minutes",
    "policy_id",
    "custom_tags",
];

/// What the list tells of the specification.
fn listed(there: &ActualCluster) -> Map<String, Value> {
    let cluster = &there.cluster;
    object(&ClusterSpec {
        cluster_name: cluster.cluster_name.clone(),
        spark_version: cluster.spark_version.clone(),
        node_type_id: cluster.node_type_id.clone(),
        driver_node_type_id: cluster.driver_node_type_id.clone(),
        autoscale: cluster.autoscale,
        num_workers: cluster.num_workers,
        autotermination_minutes: cluster.autotermination_minutes,
        policy_id: cluster.policy_id.clone(),
        custom_tags: cluster.custom_tags.clone(),
        ..ClusterSpec::default()
    })
}

fn object(spec: &ClusterSpec) -> Map<String, Value> {
    match json!(spec) {
        Value::Object(keys) => keys,
        _ => Map::new(),
    }
}

/// Whether everything that is wanted is there; more may be.
fn contains(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| there.get(key).is_some_and(|own| contains(own, value)))
        }
        // -1 comes back as -1.0.
        (Value::Number(there), Value::Number(wanted)) => there == wanted || there.as_f64() == wanted.as_f64(),
        (there, wanted) => there == wanted,
    }
}

/// What is there with ours in it: such keys can only be set as a whole.
fn merged(there: &Value, wanted: Value) -> Value {
    match (there.clone(), wanted) {
        (Value::Object(mut there), Value::Object(wanted)) => {
            there.extend(wanted);
            Value::Object(there)
        }
        (_, wanted) => wanted,
    }
}
