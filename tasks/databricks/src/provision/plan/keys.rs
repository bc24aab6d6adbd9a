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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::clusters::{Autoscale, Cluster};

    fn there(spec: Option<Value>) -> ActualCluster {
        let number = crate::numbering::GroupNumber::all().next().unwrap();
        let spec: Option<ClusterSpec> = spec.map(|spec| serde_json::from_value(spec).unwrap());
        let cluster = Cluster { spark_version: "15".to_owned(), num_workers: Some(2), ..Cluster::default() };
        ActualCluster { number, cluster, spec, grants: Vec::new(), libraries: Vec::new() }
    }

    fn check(wanted: &ClusterSpec, spec: Option<Value>, expected: Value) {
        assert_eq!(Value::Object(changes(wanted, &there(spec))), expected);
    }

    #[test]
    fn only_what_is_wanted_and_not_there_changes() {
        let wanted = ClusterSpec {
            spark_version: "15".to_owned(),
            node_type_id: Some("n".to_owned()),
            driver_node_type_id: Some("n".to_owned()),
            autoscale: Some(Autoscale { min_workers: 1, max_workers: 6 }),
            custom_tags: [("origin".to_owned(), "roundsman".to_owned())].into(),
            ..ClusterSpec::default()
        };
        let wanted = wanted.with("azure_attributes", json!({ "spot_bid_max_price": -1 }));
        let same = json!({
            "cluster_name": "another", "spark_version": "15", "node_type_id": "n", "more": 1,
            "autoscale": { "min_workers": 1, "max_workers": 6, "target_workers": 3 },
            "custom_tags": { "origin": "roundsman", "theirs": "x" },
            "azure_attributes": { "spot_bid_max_price": -1.0, "first_on_demand": 1 },
        });
        check(&wanted, Some(same.clone()), json!({}));

        let mut other = same;
        other["autoscale"].take();
        other["num_workers"] = 2.into();
        other["custom_tags"]["origin"] = "terraform".into();
        let size = json!({ "min_workers": 1, "max_workers": 6 });
        let tags = json!({ "origin": "roundsman", "theirs": "x" });
        check(&wanted, Some(other), json!({ "autoscale": size, "num_workers": null, "custom_tags": tags }));
        // A list tells less: what it does not tell is not taken for different.
        let tags = json!({ "origin": "roundsman" });
        check(
            &wanted,
            None,
            json!({
                "node_type_id": "n", "driver_node_type_id": "n", "autoscale": size, "num_workers": null,
                "custom_tags": tags,
            }),
        );
    }
}
