//! The events of a cluster up to an instant, as they follow from its life. There is none for TERMINATED: a run's last one
//! is TERMINATING. Windows, orders and pages are the routes'.

use serde_json::{Map, Value, json};

use super::{
    cluster::Cluster,
    life::{End, How, Millis, Run},
};

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) at: Millis,
    pub(crate) name: &'static str,
    pub(crate) details: Value,
}

impl Event {
    pub(crate) fn to_json(&self, cluster_id: &str) -> Value {
        json!({ "cluster_id": cluster_id, "timestamp": self.at, "type": self.name, "details": self.details })
    }
}

/// How long after RUNNING the driver is found healthy.
const HEALTHY_AFTER: Millis = 5_000;

/// All events of a cluster up to an instant, oldest first.
pub(crate) fn events(cluster: &Cluster, now: Millis) -> Vec<Event> {
    let mut events: Vec<Event> =
        cluster.life.runs.iter().flat_map(|run| of_run(run, cluster.first_workers())).collect();
    events.extend(cluster.notes.iter().map(|note| Event {
        at: note.at,
        name: note.event,
        details: note.details.clone(),
    }));
    events.retain(|event| event.at <= now);
    events.sort_by_key(|event| event.at);
    events
}

fn of_run(run: &Run, workers: i64) -> Vec<Event> {
    let (name, details) = match run.how {
        How::Created => ("CREATING", user(run.by.as_ref())),
        How::Started => ("STARTING", user(run.by.as_ref())),
        How::Restarted => ("RESTARTING", user(run.by.as_ref())),
    };
    let mut events = vec![Event { at: run.requested, name, details }];
    let until = run.end.as_ref().map_or(Millis::MAX, End::at);
    if let Some(running) = run.running {
        let sizes = json!({ "current_num_workers": workers, "target_num_workers": workers });
        events.push(Event { at: running, name: "RUNNING", details: sizes });
        if running + HEALTHY_AFTER < until {
            events.push(Event { at: running + HEALTHY_AFTER, name: "DRIVER_HEALTHY", details: json!({}) });
        }
    }
    for (from, to) in &run.resizing {
        let sizes = json!({
            "current_num_workers": workers, "target_num_workers": workers + 1, "cause": "AUTOSCALE",
        });
        events.push(Event { at: *from, name: "RESIZING", details: sizes });
        if *to < until {
            let sizes = json!({ "current_num_workers": workers + 1, "target_num_workers": workers + 1 });
            events.push(Event { at: *to, name: "UPSIZE_COMPLETED", details: sizes });
        }
    }
    if let Some(End::Terminated { at, reason, by, .. }) = &run.end {
        let told = json!({ "code": reason.code, "type": reason.class, "parameters": reason.parameters });
        let mut details = user(by.as_ref());
        details["reason"] = told;
        events.push(Event { at: *at, name: "TERMINATING", details });
    }
    events
}

/// The control plane acts as nobody.
fn user(by: Option<&String>) -> Value {
    let user = by.map(|by| ("user".to_owned(), Value::from(by.as_str())));
    Value::Object(user.into_iter().collect::<Map<_, _>>())
}
