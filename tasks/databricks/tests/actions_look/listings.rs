//! Clusters, groups, users, who is where.

use roundsman_simulators::{ClusterSetup, Scenario};
use serde_json::json;

use super::stage::Stage;

fn lab() -> Scenario {
    Scenario::at("2026-11-16 08:00")
        .set(|settings| settings.clusters_page_size = 2)
        .lab(10, &["s10@example.edu"], Vec::new())
        .lab(7, &["s2@example.edu", "s1@example.edu"], Vec::new())
        .cluster(ClusterSetup::new("Staff shared compute").id("ui-1"))
        .cluster(ClusterSetup::new("").id("nameless"))
        .group("group_7", &["s1@example.edu"])
        .group("teachers", &["t@example.edu"])
}

#[tokio::test]
async fn clusters_come_by_number_and_each_has_its_quota() {
    let overrides = json!({ "overrides": { "cluster_07": { "exempt": true }, "group_10": { "soft": 10, "hard": 20.5 } } });
    let stage = Stage::with(lab(), overrides, |builder| builder).await;
    let printed = stage.printed("clusters", json!({})).await;
    let shown: Vec<_> = printed.iter().map(|row| row.rsplit_once(" | ").unwrap().0).collect();
    assert_eq!(
        shown,
        [
            "cluster_07 | 1116-060000-lab00007 | exempt | TERMINATED",
            "cluster_10 | 1116-060000-lab00010 | 10/20.5 min | TERMINATED",
            " | nameless | null | TERMINATED",
            "Staff shared compute | ui-1 | null | TERMINATED",
        ]
    );
}

#[tokio::test]
async fn names_are_sorted_and_groups_of_students_come_by_number() {
    let stage = Stage::of(lab()).await;
    let groups = stage.printed("groups", json!({})).await;
    assert!(groups.is_sorted() && groups.contains(&"teachers".to_owned()), "{groups:?}");
    let users = stage.printed("users", json!({})).await;
    assert!(users.is_sorted() && users.contains(&"s10@example.edu".to_owned()), "{users:?}");
    // `group_7` is none of ours: numbers have two digits.
    assert_eq!(stage.printed("user-groups", json!({})).await, ["group_07 | s1  s2", "group_10 | s10"]);
    let full = stage.printed("user-groups", json!({ "full": true })).await;
    assert_eq!(full[0], "group_07 | s1@example.edu  s2@example.edu");
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn the_allocation_finds_the_group_of_each_cluster() {
    let stage = Stage::of(lab()).await;
    let printed = stage.printed("allocation", json!({})).await;
    assert_eq!(
        printed,
        ["cluster_07 | group_07 | CAN_RESTART | s1 : s2", "cluster_10 | group_10 | CAN_RESTART | s10"]
    );
}

#[tokio::test]
async fn a_check_tells_what_is_missing() {
    let stage = Stage::of(lab()).await;
    let outcome = stage.ask("check", json!({})).await.unwrap();
    assert!(outcome.summary.contains("0 failures"), "{}", outcome.summary);
    let poor = lab().scoped_token("dapi-poor", "admin@example.edu", &["clusters"]);
    let poor = Stage::of(poor).await;
    let error = poor.ask("check", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1"), "{error}");
    assert!(!error.contains("dapi-poor"), "{error}");
}
