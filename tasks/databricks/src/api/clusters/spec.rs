//! What a cluster is asked to be. Keys that are not known here are kept, so that a specification can be sent back whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::lenient;

/// The specification of a cluster, as it is sent and as it comes back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub cluster_name: String,
    /// Its runtime.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub spark_version: String,
    /// The machines of its workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_type_id: Option<String>,
    /// Its first machine's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_node_type_id: Option<String>,
    /// How many workers, where that changes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
    /// How many workers, where that is fixed.
    #[serde(default, deserialize_with = "lenient::i64_opt", skip_serializing_if = "Option::is_none")]
    pub num_workers: Option<i64>,
    /// After how long without use it ends by itself; zero for never, else 10 to 10,000.
    #[serde(default, deserialize_with = "lenient::i64_opt", skip_serializing_if = "Option::is_none")]
    pub autotermination_minutes: Option<i64>,
    /// The policy it is under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<String>,
    /// Settings of Spark.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub spark_conf: BTreeMap<String, String>,
    /// The environment of its processes.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub spark_env_vars: BTreeMap<String, String>,
    /// Tags; at most 45.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_tags: BTreeMap<String, String>,
    /// Everything else.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// How many workers a cluster has, where that changes by itself. What it is at just now is not sent back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autoscale {
    /// At least.
    #[serde(default, deserialize_with = "lenient::i64")]
    pub min_workers: i64,
    /// At most.
    #[serde(default, deserialize_with = "lenient::i64")]
    pub max_workers: i64,
}

impl ClusterSpec {
    /// The same with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.more.insert(key.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_goes_back_but_for_what_is_only_shown() {
        let sent = json!({
            "cluster_name": "cluster_07", "spark_version": "15.4.x", "autotermination_minutes": "20",
            "autoscale": { "min_workers": 1, "max_workers": 6, "target_workers": 2 },
            "azure_attributes": { "availability": "ON_DEMAND_AZURE", "spot_bid_max_price": -1.0 },
            "spark_conf": null, "custom_tags": { "lab_group": "07" }, "large": 612_345_678_901_234_567_i64,
        });
        let spec: ClusterSpec = serde_json::from_value(sent).unwrap();
        let expected = json!({
            "cluster_name": "cluster_07", "spark_version": "15.4.x", "autotermination_minutes": 20,
            "autoscale": { "min_workers": 1, "max_workers": 6 },
            "azure_attributes": { "availability": "ON_DEMAND_AZURE", "spot_bid_max_price": -1.0 },
            "custom_tags": { "lab_group": "07" }, "large": 612_345_678_901_234_567_i64,
        });
        assert_eq!(serde_json::to_value(spec).unwrap(), expected);
    }
}
