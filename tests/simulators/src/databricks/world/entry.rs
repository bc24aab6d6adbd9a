//! What the list and `clusters/get` say of a cluster at an instant. It decides nothing: all follows from the life.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    World,
    cluster::Cluster,
    life::{End, Millis, Run, State},
};

impl World {
    /// What the list says of a cluster.
    pub(crate) fn entry(&self, cluster: &Cluster) -> Map<String, Value> {
        let now = self.now;
        let state = cluster.life.state(now);
        let mut entry = cluster.spec.clone();
        let mut put = |key: &str, value: Value| drop(entry.insert(key.to_owned(), value));
        put("cluster_id", cluster.id.as_str().into());
        put("cluster_source", cluster.source.as_str().into());
        put("default_tags", default_tags(cluster));
        // This is when the cluster was asked for, never when it last started.
        put("start_time", cluster.life.created.into());
        let word = cluster.odd_state.as_deref().unwrap_or_else(|| state.word());
        put("state", word.into());
        put("state_message", message(cluster, state, now).into());
        if self.directory.user(&cluster.creator).is_some() {
            put("creator_user_name", cluster.creator.as_str().into());
        }
        if let Some(by) = &cluster.pinned_by {
            put("pinned_by_user_name", by.as_str().into());
        }
        if let Some(running) = cluster.life.last_running(now) {
            put("last_restarted_time", running.into());
            put("last_state_loss_time", running.into());
            put("spark_context_id", context_id(&cluster.id, running).into());
        }
        if let Some(run) = cluster.life.run(now) {
            entry.extend(of_run(cluster, run, state, now));
        }
        if let Some(autoscale) = entry.get_mut("autoscale").and_then(Value::as_object_mut) {
            let target = autoscale.get("min_workers").cloned().unwrap_or(Value::from(1));
            autoscale.insert("target_workers".to_owned(), target);
        }
        entry
    }

    /// What `clusters/get` says of a cluster: the same, and what was asked for.
    pub(crate) fn details(&self, cluster: &Cluster) -> Value {
        let mut entry = self.entry(cluster);
        entry.insert("spec".to_owned(), Value::Object(cluster.spec.clone()));
        Value::Object(entry)
    }
}

fn of_run(cluster: &Cluster, run: &Run, state: State, now: Millis) -> Map<String, Value> {
    let mut told = Map::new();
    let is_up = !matches!(state, State::Terminating | State::Terminated);
    if is_up && run.driver <= now {
        told.insert("driver".to_owned(), node(cluster, run, 0));
        told.insert("executors".to_owned(), executors(cluster, run, now));
    }
    if let Some(running) = run.ran_by(now) {
        let active = match run.end_by(now) {
            Some(end) => end.at(),
            None => now - (now - running) % 60_000,
        };
        told.insert("last_activity_time".to_owned(), active.into());
    }
    if let Some(End::Terminated { gone, reason, .. }) = run.end_by(now) {
        told.insert(
            "termination_reason".to_owned(),
            json!({ "code": reason.code, "type": reason.class, "parameters": reason.parameters }),
        );
        if *gone <= now {
            told.insert("terminated_time".to_owned(), (*gone).into());
        }
    }
    told
}

fn executors(cluster: &Cluster, run: &Run, now: Millis) -> Value {
    let launched = executor_launch(run);
    let count = if launched <= now { cluster.first_workers() } else { 0 };
    (1..=count).map(|number| node(cluster, run, number)).collect()
}

/// Workers follow the driver within the same wait.
fn executor_launch(run: &Run) -> Millis {
    run.running.map_or(run.driver, |running| run.driver + (running - run.driver) / 3)
}

fn node(cluster: &Cluster, run: &Run, number: i64) -> Value {
    let digest = digest(&format!("{}/{}/{number}", cluster.id, run.requested));
    let id: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "node_id": id,
        "instance_id": format!("i-{id}"),
        "private_ip": format!("192.0.2.{}", digest[8]),
        "start_timestamp": if number == 0 { run.driver } else { executor_launch(run) },
    })
}

fn default_tags(cluster: &Cluster) -> Value {
    json!({
        "Vendor": "Databricks",
        "Creator": cluster.creator,
        "ClusterName": cluster.name(),
        "ClusterId": cluster.id,
    })
}

fn message(cluster: &Cluster, state: State, now: Millis) -> String {
    match state {
        State::Pending | State::Restarting => {
            "Finding instances for new nodes, acquiring more instances if necessary".to_owned()
        }
        State::Terminating | State::Terminated => {
            let end = cluster.life.run(now).and_then(|run| run.end_by(now));
            match end {
                Some(End::Terminated { reason, .. }) if reason.code == "INACTIVITY" => {
                    let minutes = reason.parameters.get("inactivity_duration_min");
                    let minutes = minutes.map_or("some", String::as_str);
                    format!("Inactive cluster terminated (inactive for {minutes} minutes).")
                }
                Some(End::Terminated { by: Some(by), .. }) => format!("Terminated by {by}"),
                _ => String::new(),
            }
        }
        State::Running | State::Resizing => String::new(),
    }
}

/// A number that no float can hold, the same for the same run.
fn context_id(id: &str, running: Millis) -> i64 {
    let digest = digest(&format!("{id}/{running}"));
    let bytes = digest.first_chunk::<8>().copied().unwrap_or_default();
    (i64::from_be_bytes(bytes) & 0x3fff_ffff_ffff_ffff) | 0x2000_0000_0000_0001
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
