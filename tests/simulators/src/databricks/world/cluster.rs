//! One cluster: what it is made of, whose it is, what is installed on it, and its life. It knows no other cluster.

use serde_json::{Map, Value, json};

use super::{
    access::Acl,
    libraries::Library,
    life::{Life, Millis},
};

/// A cluster.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) creator: String,
    pub(crate) source: String,
    /// What was asked for, as it was asked for.
    pub(crate) spec: Map<String, Value>,
    pub(crate) acl: Acl,
    /// The id of who pinned it.
    pub(crate) pinned_by: Option<String>,
    pub(crate) life: Life,
    /// Events that do not follow from the life.
    pub(crate) notes: Vec<Note>,
    pub(crate) libraries: Vec<Library>,
    /// What the list says instead of its state.
    pub(crate) odd_state: Option<String>,
}

/// An event that does not follow from the life: that it was edited or pinned.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) at: Millis,
    pub(crate) event: &'static str,
    pub(crate) details: Value,
}

impl Cluster {
    pub(crate) fn name(&self) -> &str {
        self.text("cluster_name")
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.spec.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// After how many minutes without use it ends; 0 for never.
    pub(crate) fn autotermination_minutes(&self) -> i64 {
        self.spec.get("autotermination_minutes").and_then(Value::as_i64).unwrap_or(0)
    }

    /// How many workers it begins with.
    pub(crate) fn first_workers(&self) -> i64 {
        let autoscale = self.spec.get("autoscale").and_then(|autoscale| autoscale["min_workers"].as_i64());
        autoscale.or_else(|| self.spec.get("num_workers").and_then(Value::as_i64)).unwrap_or(0)
    }

    pub(crate) fn note(&mut self, at: Millis, event: &'static str, user: &str) {
        self.notes.push(Note { at, event, details: json!({ "user": user }) });
    }
}

/// What a cluster of a lab is usually made of.
pub(crate) fn usual_spec(name: &str) -> Map<String, Value> {
    let spec = json!({
        "cluster_name": name,
        "spark_version": "15.4.x-cpu-ml-scala2.12",
        "node_type_id": "Standard_DS3_v2",
        "driver_node_type_id": "Standard_DS3_v2",
        "autoscale": { "min_workers": 1, "max_workers": 4 },
        "autotermination_minutes": 20,
        "enable_elastic_disk": true,
        "data_security_mode": "NONE",
        "runtime_engine": "STANDARD",
        "custom_tags": { "origin": "roundsman" },
    });
    match spec {
        Value::Object(spec) => spec,
        _ => Map::new(),
    }
}
