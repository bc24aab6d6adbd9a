//! `clusters/list` and `clusters/get`: fields that mislead, fields that are not there, and pages.

use roundsman_simulators::{ClusterSetup, Principal, RunSetup, Scenario};
use serde_json::{Value, json};

use crate::caller::{Caller, texts};

const LIST: &str = "/api/2.1/clusters/list?page_size=100";
const MINUTE: i64 = 60_000;
/// 2026-11-16 08:00 in Jerusalem.
const EIGHT: i64 = 1_794_808_800_000;

async fn only(caller: &Caller) -> Value {
    let (status, body) = caller.get(LIST).await;
    assert_eq!(status, 200, "{body}");
    body["clusters"][0].clone()
}

#[tokio::test]
async fn an_entry_follows_the_cluster_through_its_day() {
    let caller = Caller::new(Scenario::named("day").unwrap()).await;
    let entry = only(&caller).await;
    assert_eq!(entry["state"], "PENDING");
    assert_eq!(entry["start_time"], 1_761_900_000_000_i64, "the creation, not the start");
    assert_eq!(entry.get("driver"), None, "its node is not launched yet");
    assert_eq!(entry.get("last_restarted_time"), None);

    caller.minutes(2);
    let entry = only(&caller).await;
    assert_eq!(entry["state"], "PENDING");
    assert_eq!(entry["driver"]["start_timestamp"], EIGHT + 105_000, "between the request and RUNNING");

    caller.minutes(18);
    let entry = only(&caller).await;
    assert_eq!(entry["state"], "RUNNING");
    assert_eq!(entry["start_time"], 1_761_900_000_000_i64);
    assert_eq!(entry["last_restarted_time"], EIGHT + 3 * MINUTE);
    assert_eq!(entry["last_state_loss_time"], EIGHT + 3 * MINUTE);
    assert_eq!(entry["driver"]["start_timestamp"], EIGHT + 105_000);
    assert_eq!(entry["executors"][0]["start_timestamp"], EIGHT + 130_000);
    assert_eq!(entry["autoscale"]["target_workers"], 1, "read only");
    assert_eq!(entry["pinned_by_user_name"], "4321", "an id, whatever it is called");
    assert!(entry["spark_context_id"].as_i64().unwrap() > 1 << 53);
    assert_eq!(entry.get("termination_reason"), None);
    assert_eq!(entry["default_tags"]["ClusterName"], "cluster_07");

    caller.minutes(50);
    let entry = only(&caller).await;
    assert_eq!(entry["state"], "TERMINATING");
    assert_eq!(entry.get("driver"), None);
    assert_eq!(entry.get("terminated_time"), None, "it is not off yet");
    assert_eq!(entry["termination_reason"]["code"], "INACTIVITY");

    caller.minutes(1);
    let entry = only(&caller).await;
    assert_eq!(entry["state"], "TERMINATED");
    assert_eq!(entry["terminated_time"], EIGHT + 70 * MINUTE + 30_000);
    let reason =
        json!({ "code": "INACTIVITY", "type": "SUCCESS", "parameters": { "inactivity_duration_min": "20" } });
    assert_eq!(entry["termination_reason"], reason);
    assert_eq!(entry.get("executors"), None);
    assert_eq!(entry["last_restarted_time"], EIGHT + 3 * MINUTE, "it still says when it last came up");
}

#[tokio::test]
async fn get_tells_more_and_misses_politely() {
    let caller = Caller::new(Scenario::named("day").unwrap()).await;
    let (status, body) = caller.get("/api/2.1/clusters/get?cluster_id=1116-060000-lab00007").await;
    assert_eq!(status, 200);
    assert_eq!(body["spec"]["autoscale"], json!({ "min_workers": 1, "max_workers": 4 }));
    let missing = "/api/2.1/clusters/get?cluster_id=nobody";
    let (status, body) = caller.get(missing).await;
    assert_eq!((status, &body["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")));
    assert_eq!(body["message"], "Cluster nobody does not exist");
    caller.sim.world(|world| world.settings.missing_cluster_status = 404);
    let (status, body) = caller.get(missing).await;
    assert_eq!((status, &body["error_code"]), (404, &json!("RESOURCE_DOES_NOT_EXIST")));
}

fn five() -> Scenario {
    (1..=5).fold(Scenario::at("2026-11-16 08:00"), |scenario, number| scenario.lab(number, &[], Vec::new()))
}

/// All names of a list in pages, and how long each page was.
async fn pages(caller: &Caller) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut lengths, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let (_, body) = caller.get(&format!("{LIST}&page_token={token}")).await;
        names.extend(texts(&body["clusters"], "cluster_name").into_iter().map(str::to_owned));
        lengths.push(body["clusters"].as_array().map_or(0, Vec::len));
        let next = body["next_page_token"].as_str().unwrap();
        if next.is_empty() {
            return (names, lengths);
        }
        assert_ne!(next, token, "a token is never repeated");
        next.clone_into(&mut token);
    }
}

#[tokio::test]
async fn lists_come_in_pages_some_of_them_empty() {
    let caller = Caller::new(five().set(|settings| settings.clusters_page_size = 2)).await;
    let all = ["cluster_01", "cluster_02", "cluster_03", "cluster_04", "cluster_05"];
    assert_eq!(pages(&caller).await, (all.map(str::to_owned).to_vec(), vec![2, 2, 1]));
    caller.sim.world(|world| world.settings.empty_pages = true);
    assert_eq!(pages(&caller).await, (all.map(str::to_owned).to_vec(), vec![2, 0, 2, 0, 1]));
    let (status, _) = caller.get(&format!("{LIST}&page_token=nonsense")).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn version_two_point_zero_knows_no_pages() {
    let caller = Caller::new(five().set(|settings| settings.clusters_page_size = 2)).await;
    let (_, body) = caller.get("/api/2.0/clusters/list?page_size=2").await;
    assert_eq!((body["clusters"].as_array().unwrap().len(), body.get("next_page_token")), (5, None));
}

#[tokio::test]
async fn an_empty_list_is_absent() {
    let caller = Caller::new(Scenario::at("2026-11-16 08:00")).await;
    assert_eq!(caller.get(LIST).await, (200, json!({ "next_page_token": "", "prev_page_token": "" })));
}

#[tokio::test]
async fn lists_are_filtered_and_sorted() {
    let scenario = five()
        .lab(6, &[], vec![RunSetup::from("07:00")])
        .cluster(ClusterSetup::new("job").source("JOB").run(RunSetup::from("07:00")));
    let caller = Caller::new(scenario).await;
    let named = async |query: &str| {
        let (_, body) = caller.get(&format!("{LIST}&{query}")).await;
        texts(&body["clusters"], "cluster_name").join(" ")
    };
    assert_eq!(named("filter_by.cluster_states=RUNNING").await, "cluster_06 job");
    assert_eq!(named("filter_by.cluster_states=RUNNING&filter_by.cluster_sources=JOB").await, "job");
    assert_eq!(named("filter_by.is_pinned=false").await, "job");
    assert!(named("sort_by.field=CLUSTER_NAME&sort_by.direction=DESC").await.starts_with("job cluster_06"));
    let both = "filter_by.cluster_states=RUNNING&filter_by.cluster_states=TERMINATED";
    assert_eq!(named(both).await.split(' ').count(), 7, "repeated keys are a list");
}

#[tokio::test]
async fn old_clusters_leave_the_list_unless_they_are_pinned() {
    let old = ClusterSetup::new("old").id("old").created("-40d");
    let caller =
        Caller::new(Scenario::at("2026-11-16 08:00").cluster(old.clone()).cluster(old.id("kept").pinned()))
            .await;
    let (_, body) = caller.get(LIST).await;
    assert_eq!(texts(&body["clusters"], "cluster_id"), ["kept"]);
    assert_eq!(caller.get("/api/2.1/clusters/get?cluster_id=old").await.0, 200, "sixty days by id");
    caller.minutes(21 * 1_440);
    assert_eq!(caller.get("/api/2.1/clusters/get?cluster_id=old").await.0, 400, "then it is gone");
}

#[tokio::test]
async fn large_numbers_may_be_text() {
    let scenario = Scenario::named("day").unwrap().set(|settings| settings.int64_as_text = true);
    let caller = Caller::at("2026-11-16T06:30:00Z", scenario).await;
    let entry = only(&caller).await;
    assert_eq!(entry["start_time"], "1761900000000");
    assert_eq!(entry["driver"]["start_timestamp"], "1794808905000");
    assert!(entry["spark_context_id"].is_string());
    assert_eq!(entry["autotermination_minutes"], 20, "small ones stay numbers");
}

#[tokio::test]
async fn the_creator_is_absent_once_deleted() {
    let staff = ClusterSetup::new("staff").creator("staff@example.edu");
    let caller = Caller::new(Scenario::at("2026-11-16 08:00").user("staff@example.edu").cluster(staff)).await;
    assert_eq!(only(&caller).await["creator_user_name"], "staff@example.edu");
    caller.sim.world(|world| world.delete_principal("staff@example.edu"));
    let entry = only(&caller).await;
    assert_eq!(entry.get("creator_user_name"), None);
    assert_eq!(entry["default_tags"]["Creator"], "staff@example.edu");
}

#[tokio::test]
async fn people_see_what_they_may_use() {
    let scenario = five().user("s1@example.edu").token("student", "s1@example.edu").cluster(
        ClusterSetup::new("own").grant(Principal::User("s1@example.edu".to_owned()), "CAN_ATTACH_TO"),
    );
    let caller = Caller::new(scenario).await.with_token("student");
    let (_, body) = caller.get(LIST).await;
    assert_eq!(texts(&body["clusters"], "cluster_name"), ["own"]);
    let (status, _) = caller.get("/api/2.1/clusters/get?cluster_id=1116-060000-lab00001").await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn odd_states_and_names_are_listed_as_they_are() {
    let scenario = Scenario::at("2026-11-16 08:00").cluster(ClusterSetup::new("").id("odd"));
    let caller = Caller::new(scenario).await;
    caller.sim.world(|world| world.misstate("odd", Some("ERROR"))).unwrap();
    let entry = only(&caller).await;
    assert_eq!((&entry["state"], &entry["cluster_name"]), (&json!("ERROR"), &json!("")));
    let (_, body) = caller.get("/api/2.1/clusters/spark-versions").await;
    assert!(texts(&body["versions"], "key").contains(&"15.4.x-cpu-ml-scala2.12"));
    let (_, body) = caller.get("/api/2.1/clusters/list-node-types").await;
    let wanted = json!("Standard_DS3_v2");
    let machine = body["node_types"].as_array().unwrap().iter().find(|own| own["node_type_id"] == wanted);
    assert_eq!((&machine.unwrap()["num_cores"], &machine.unwrap()["memory_mb"]), (&json!(4), &json!(14_336)));
}
