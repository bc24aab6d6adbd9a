//! Libraries: pending while the cluster is off, installed when it is on, gone after a restart.

use roundsman_simulators::{RunSetup, Scenario};
use serde_json::{Value, json};

use crate::caller::Caller;

const ID: &str = "1116-060000-lab00007";

fn body(libraries: Value) -> Value {
    json!({ "cluster_id": ID, "libraries": libraries })
}

impl Caller {
    /// `PACKAGE STATUS` of each library.
    async fn libraries(&self) -> Vec<String> {
        let (status, body) = self.get(&format!("/api/2.0/libraries/cluster-status?cluster_id={ID}")).await;
        assert_eq!((status, &body["cluster_id"]), (200, &json!(ID)));
        let statuses = body["library_statuses"].as_array().map(Vec::as_slice).unwrap_or_default();
        let told = |own: &Value| {
            let name = own["library"]["pypi"]["package"].as_str().unwrap_or("other");
            format!("{name} {}", own["status"].as_str().unwrap())
        };
        statuses.iter().map(told).collect()
    }
}

#[tokio::test]
async fn libraries_wait_for_the_cluster_and_go_with_a_restart() {
    let runs = vec![RunSetup::between("08:30", "09:30"), RunSetup::between("10:00", "11:00")];
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &[], runs);
    let caller =
        Caller::new(scenario.set(|settings| settings.failing_libraries = vec!["nonsense".to_owned()])).await;
    let (_, all) = caller.get("/api/2.0/libraries/all-cluster-statuses").await;
    assert_eq!(all, json!({}), "none, no list");
    let wanted = json!([{ "pypi": { "package": "nltk==3.9.1" } }, { "pypi": { "package": "nonsense" } }]);
    assert_eq!(caller.post("/api/2.0/libraries/install", body(wanted.clone())).await, (200, json!({})));
    assert_eq!(caller.libraries().await, ["nltk==3.9.1 PENDING", "nonsense PENDING"]);
    caller.minutes(30);
    assert_eq!(caller.libraries().await, ["nltk==3.9.1 PENDING", "nonsense PENDING"]);
    caller.clock.advance(std::time::Duration::from_secs(15));
    assert_eq!(caller.libraries().await[0], "nltk==3.9.1 RESOLVING");
    caller.clock.advance(std::time::Duration::from_secs(15));
    assert_eq!(caller.libraries().await[0], "nltk==3.9.1 INSTALLING");
    caller.minutes(1);
    assert_eq!(caller.libraries().await, ["nltk==3.9.1 INSTALLED", "nonsense FAILED"]);
    let (_, all) = caller.get("/api/2.0/libraries/all-cluster-statuses").await;
    let failed = &all["statuses"][0]["library_statuses"][1];
    assert!(failed["messages"][0].as_str().unwrap().contains("pypi:nonsense"));
    let gone = json!([{ "pypi": { "package": "nonsense", "repo": "https://pypi.example.com" } }]);
    assert_eq!(caller.post("/api/2.0/libraries/uninstall", body(gone)).await.0, 200);
    assert_eq!(caller.libraries().await[1], "nonsense UNINSTALL_ON_RESTART");
    caller.minutes(120);
    assert_eq!(caller.libraries().await, ["nltk==3.9.1 INSTALLED"], "after the next start");
    assert_eq!(caller.post("/api/2.0/libraries/install", body(wanted)).await.0, 200, "repeating is harmless");
    assert_eq!(caller.libraries().await.len(), 2);
}

#[tokio::test]
async fn every_kind_of_library_is_known_and_others_are_not() {
    let caller = Caller::new(Scenario::at("2026-11-16 08:00").lab(7, &[], Vec::new())).await;
    let all = json!([
        { "pypi": { "package": "a", "repo": "https://pypi.org/simple" } },
        { "maven": { "coordinates": "g:a:1.0", "repo": "https://maven.example", "exclusions": ["x:y"] } },
        { "jar": "/Volumes/a.jar" }, { "whl": "/Workspace/a.whl" }, { "cran": { "package": "p" } },
        { "requirements": "/Workspace/requirements.txt" },
    ]);
    assert_eq!(caller.post("/api/2.0/libraries/install", body(all)).await.0, 200);
    assert_eq!(caller.libraries().await.len(), 6);
    let (status, _) = caller.post("/api/2.0/libraries/install", body(json!([{ "npm": "left-pad" }]))).await;
    assert_eq!(status, 400);
    let missing = caller.get("/api/2.0/libraries/cluster-status?cluster_id=nobody").await;
    assert_eq!((missing.0, &missing.1["message"]), (400, &json!("Cluster nobody does not exist")));
}
