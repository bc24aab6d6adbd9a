//! Calls that change clusters: what each does in which state, and what it refuses.

use roundsman_simulators::{RunSetup, Scenario, State};
use serde_json::{Value, json};

use crate::caller::Caller;

const ID: &str = "1116-060000-lab00007";
const CLUSTERS: &str = "/api/2.1/clusters";

async fn lab(runs: Vec<RunSetup>) -> Caller {
    Caller::new(Scenario::at("2026-11-16 08:00").lab(7, &["s1@example.edu"], runs)).await
}

impl Caller {
    async fn change(&self, call: &str) -> (u16, String) {
        let (status, body) = self.post(&format!("{CLUSTERS}/{call}"), json!({ "cluster_id": ID })).await;
        (status, body["error_code"].as_str().unwrap_or_default().to_owned())
    }

    fn state(&self) -> &'static str {
        self.sim.world(|world| world.state(ID).map_or("", State::word))
    }

    async fn entry(&self) -> Value {
        self.get(&format!("{CLUSTERS}/get?cluster_id={ID}")).await.1
    }
}

fn fine() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn start_and_delete_take_their_time() {
    let caller = lab(Vec::new()).await;
    assert_eq!(caller.change("delete").await, fine(), "no effect");
    assert_eq!(caller.change("start").await, fine());
    assert_eq!(caller.state(), "PENDING");
    assert_eq!(caller.change("start").await, fine(), "no effect either");
    caller.minutes(3);
    assert_eq!(caller.state(), "RUNNING");
    assert_eq!(caller.change("delete").await, fine());
    assert_eq!(caller.state(), "TERMINATING");
    assert_eq!(caller.change("start").await, (400, "INVALID_STATE".to_owned()));
    caller.minutes(1);
    let entry = caller.entry().await;
    assert_eq!(entry["state"], "TERMINATED");
    assert_eq!(entry["termination_reason"]["code"], "USER_REQUEST");
    assert_eq!(entry["termination_reason"]["parameters"]["username"], "admin@example.edu");
    assert_eq!(caller.change("fly").await.0, 404);
}

#[tokio::test]
async fn a_cluster_terminated_while_pending_never_ran() {
    let caller = lab(Vec::new()).await;
    caller.change("start").await;
    caller.minutes(1);
    caller.change("delete").await;
    caller.minutes(60);
    assert_eq!(caller.state(), "TERMINATED");
    assert_eq!(caller.sim.world(|world| world.runs(ID)), []);
    assert_eq!(caller.entry().await.get("last_restarted_time"), None);
}

#[tokio::test]
async fn restart_only_when_on() {
    let caller = lab(vec![RunSetup::between("08:03", "09:00")]).await;
    assert_eq!(caller.change("restart").await, fine(), "no effect");
    assert_eq!(caller.state(), "PENDING");
    caller.minutes(10);
    caller.change("restart").await;
    assert_eq!(caller.state(), "RESTARTING");
    caller.minutes(1);
    assert_eq!(caller.state(), "RUNNING");
    caller.minutes(60);
    assert_eq!(caller.state(), "TERMINATED", "the script still ends it");
}

#[tokio::test]
async fn starts_fail_on_command() {
    let caller = lab(Vec::new()).await;
    caller.sim.world(|world| world.fail_starts(1, "AZURE_QUOTA_EXCEEDED_EXCEPTION", "CLIENT_ERROR"));
    caller.change("start").await;
    caller.minutes(5);
    let reason = caller.entry().await["termination_reason"].clone();
    assert_eq!(
        (&reason["code"], &reason["type"]),
        (&json!("AZURE_QUOTA_EXCEEDED_EXCEPTION"), &json!("CLIENT_ERROR"))
    );
    caller.change("start").await;
    caller.minutes(5);
    assert_eq!(caller.state(), "RUNNING", "only once");
    caller.sim.world(|world| world.end_by_itself(ID, "WORKSPACE_UPDATE", "SUCCESS")).unwrap();
    assert_eq!(caller.state(), "TERMINATING");
}

fn spec() -> Value {
    json!({
        "cluster_name": "cluster_08", "spark_version": "15.4.x-cpu-ml-scala2.12",
        "node_type_id": "Standard_DS3_v2", "autoscale": { "min_workers": 1, "max_workers": 6 },
        "autotermination_minutes": 20, "custom_tags": { "lab_request": "x" },
    })
}

#[tokio::test]
async fn create_starts_and_gives_the_creator_everything() {
    let caller = lab(Vec::new()).await;
    let (status, body) = caller.post(&format!("{CLUSTERS}/create"), spec()).await;
    assert_eq!(status, 200);
    let id = body["cluster_id"].as_str().unwrap();
    let (_, entry) = caller.get(&format!("{CLUSTERS}/get?cluster_id={id}")).await;
    assert_eq!((&entry["state"], &entry["cluster_source"]), (&json!("PENDING"), &json!("API")));
    assert_eq!(entry["custom_tags"]["lab_request"], "x");
    assert_eq!(entry["spec"]["autoscale"], spec()["autoscale"], "without target_workers");
    let acl = caller.sim.world(|world| world.acl(id));
    assert_eq!(acl.len(), 1);
    let (_, again) = caller.post(&format!("{CLUSTERS}/create"), spec()).await;
    assert_ne!(again["cluster_id"], body["cluster_id"], "names are not unique");
    let (status, _) = caller.post(&format!("{CLUSTERS}/delete"), json!({ "cluster_id": id })).await;
    assert_eq!(status, 200, "at once");
    let (_, events) =
        caller.post(&format!("{CLUSTERS}/events"), json!({ "cluster_id": id, "order": "ASC" })).await;
    assert_eq!(events["events"][0]["type"], "CREATING");
}

#[tokio::test]
async fn what_cannot_be_created_is_told() {
    let caller = lab(Vec::new()).await;
    let refused = async |key: &str, value: Value| {
        let mut spec = spec();
        spec[key] = value;
        let (status, body) = caller.post(&format!("{CLUSTERS}/create"), spec).await;
        assert_eq!((status, &body["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
        body["message"].as_str().unwrap().to_owned()
    };
    assert!(refused("spark_version", json!("1.6")).await.contains("1.6"));
    assert!(refused("node_type_id", json!("Standard_Z1")).await.contains("Standard_Z1"));
    assert!(refused("autotermination_minutes", json!(9)).await.contains("between 10 and 10000"));
    assert!(refused("policy_id", json!("none")).await.contains("does not exist"));
    let tags: serde_json::Map<_, _> = (0..46).map(|number| (number.to_string(), json!("x"))).collect();
    assert!(refused("custom_tags", json!(tags)).await.contains("45"));
    let student = caller.sim.world(|world| world.add_user("s9@example.edu"));
    assert!(!student.is_empty());
}

#[tokio::test]
async fn pinned_clusters_are_few_and_stay() {
    let caller = lab(Vec::new()).await;
    caller.sim.world(|world| world.settings.pinned_limit = 1);
    let (_, body) = caller.post(&format!("{CLUSTERS}/create"), spec()).await;
    let other = json!({ "cluster_id": body["cluster_id"] });
    let (status, body) = caller.post(&format!("{CLUSTERS}/pin"), other.clone()).await;
    assert!(status == 400 && body["message"].as_str().unwrap().contains("maximum number of pinned clusters"));
    assert_eq!(caller.change("pin").await, fine(), "it is pinned already");
    let (status, body) =
        caller.post(&format!("{CLUSTERS}/permanent-delete"), json!({ "cluster_id": ID })).await;
    assert!(status == 400 && body["message"].as_str().unwrap().contains("unpin the cluster first"));
    assert_eq!(caller.change("unpin").await, fine());
    assert_eq!(caller.change("unpin").await, fine());
    assert_eq!(caller.post(&format!("{CLUSTERS}/pin"), other).await.0, 200, "there is room again");
    assert_eq!(caller.change("permanent-delete").await, fine());
    assert_eq!(caller.change("start").await.0, 400, "it is gone");
}

#[tokio::test]
async fn edit_forgets_what_is_not_sent_and_update_does_not() {
    let caller = lab(vec![RunSetup::between("09:00", "10:00")]).await;
    let update = json!({
        "cluster_id": ID, "update_mask": "autotermination_minutes,custom_tags.origin",
        "cluster": { "autotermination_minutes": 22, "custom_tags": { "origin": "test" } },
    });
    assert_eq!(caller.post(&format!("{CLUSTERS}/update"), update.clone()).await.0, 200);
    let entry = caller.entry().await;
    assert_eq!(
        (&entry["autotermination_minutes"], &entry["custom_tags"]["origin"]),
        (&json!(22), &json!("test"))
    );
    assert_eq!(entry["enable_elastic_disk"], true, "what the mask does not name stays");
    let mut full = spec();
    full["cluster_id"] = ID.into();
    assert_eq!(caller.post(&format!("{CLUSTERS}/edit"), full.clone()).await.0, 200);
    let entry = caller.entry().await;
    assert_eq!(entry.get("enable_elastic_disk"), None);
    assert_eq!(entry["cluster_name"], "cluster_08");
    caller.minutes(58);
    assert_eq!(caller.state(), "PENDING");
    let (status, body) = caller.post(&format!("{CLUSTERS}/edit"), full).await;
    assert_eq!((status, &body["error_code"]), (400, &json!("INVALID_STATE")));
    caller.minutes(10);
    assert_eq!(caller.post(&format!("{CLUSTERS}/update"), update).await.0, 200);
    assert_eq!(caller.state(), "RESTARTING", "a running one restarts");
    let blank = json!({ "cluster_id": ID, "update_mask": "a, b", "cluster": {} });
    assert_eq!(caller.post(&format!("{CLUSTERS}/update"), blank).await.0, 400);
}

#[tokio::test]
async fn idle_clusters_end_where_the_scenario_says_so() {
    let caller = lab(Vec::new()).await;
    caller.sim.world(|world| world.settings.autoterminates = true);
    caller.change("start").await;
    caller.minutes(22);
    assert_eq!(caller.state(), "RUNNING");
    caller.minutes(1);
    assert_eq!(caller.state(), "TERMINATING");
    assert_eq!(caller.entry().await["termination_reason"]["code"], "INACTIVITY");
}
