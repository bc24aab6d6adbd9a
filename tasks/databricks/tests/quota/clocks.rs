//! Clocks that go wrong: behind, or days ahead for a while, and what they noted meanwhile.

use chrono::TimeDelta;
use roundsman_simulators::{Level, Principal, RunSetup, Scenario};
use serde_json::json;

use crate::stage::{CLUSTER, Stage, instant};

fn lab(runs: Vec<RunSetup>) -> Scenario {
    Scenario::at("2026-11-16 08:00").lab(7, &["s1@example.edu"], runs)
}

#[tokio::test]
async fn a_clock_that_falls_back_is_not_believed() {
    let mut stage = Stage::of(lab(vec![RunSetup::from("08:30")])).await;
    stage.go_to("09:30");
    stage.poll_well().await;
    stage.clock.set(instant("09:30") - TimeDelta::minutes(40));
    let outcome = stage.poll_well().await;
    assert_eq!(stage.used_secs("cluster_07"), 60 * 60, "time does not go back");
    let told = outcome.detail["warnings"][0].as_str().unwrap().to_owned();
    assert!(told.contains("2400 s behind the last poll"), "{told}");
    assert_eq!(stage.workspace()["last_poll_ms"], instant("09:30").timestamp_millis());
    stage.clock.set(instant("09:45"));
    stage.poll_well().await;
    assert_eq!(stage.used_secs("cluster_07"), 75 * 60);
}

#[tokio::test]
async fn a_clock_that_was_days_ahead_is_forgotten() {
    let mut stage = Stage::of(lab(vec![RunSetup::from("08:30")])).await;
    stage.go_to("09:30");
    stage.poll_well().await;
    let mut row = stage.workspace();
    row["last_poll_ms"] = json!(instant("20 09:30").timestamp_millis());
    stage.test.cx().documents_in("databricks", "workspace").put("state", row, None).await.unwrap();
    stage.go_to("09:45");
    assert_eq!(stage.poll_well().await.detail["stopped"], 0);
    assert_eq!(stage.used_secs("cluster_07"), 75 * 60);
    assert_eq!(stage.workspace()["last_poll_ms"], instant("09:45").timestamp_millis());
}

#[tokio::test]
async fn what_a_clock_that_was_days_ahead_noted_is_put_right() {
    let runs = ["16 08:30 09:15", "16 10:01 10:07", "17 10:01 10:07"].map(|run| {
        let [from, until] = [&run[3..8], &run[9..]].map(|time| format!("2026-11-{} {time}", &run[..2]));
        RunSetup::between(from.as_str(), until.as_str()).requested(from.as_str())
    });
    let mut stage = Stage::of(lab(runs.to_vec())).await;
    stage.go_to("09:30");
    stage.poll_well().await;
    // For one poll it was the evening of the 20th: days were closed, a cluster was blocked, its events were read.
    let ahead_ms = instant("20 21:00").timestamp_millis();
    let cx = stage.test.cx().clone();
    let put = async |collection: &str, key: &str, value: serde_json::Value| {
        cx.documents_in("databricks", collection).put(key, value, None).await.unwrap();
    };
    let mut row = stage.workspace();
    (row["last_poll_ms"], row["last_closed"]) = (json!(ahead_ms), json!("2026-11-19"));
    put("workspace", "state", row).await;
    for day in ["16", "17", "18", "19"] {
        for step in ["restore", "finalize", "report", "purge"] {
            let done = json!({ "state": "done", "attempts": 1, "done_ms": ahead_ms });
            put("closing", &format!("2026-11-{day}/{step}"), done).await;
        }
    }
    let (_, mut cluster) = stage.documents("clusters").remove(0);
    (cluster["cursor_ms"], cluster["looked_at_ms"]) = (json!(ahead_ms), json!(ahead_ms));
    put("clusters", CLUSTER, cluster).await;
    let group = Principal::Group("group_07".to_owned());
    stage.sim.world(|world| world.grant(CLUSTER, group.clone(), None).unwrap());
    let snapshot = json!({ "direct_acl": [], "group_level": "CAN_RESTART", "lowered": [] });
    let block = json!({
        "day": "2026-11-20", "seq": 0, "group": "group_07", "name": "cluster_07", "since_ms": ahead_ms,
        "snapshot": snapshot,
    });
    put("blocks", CLUSTER, block).await;

    stage.go_to("10:15");
    let outcome = stage.poll_well().await;
    let level = stage.sim.world(|world| world.granted(CLUSTER, &group));
    assert_eq!(
        (level, &outcome.detail["blocked"]),
        (Some(Level::CanRestart), &json!(0)),
        "its day never came"
    );
    assert_eq!(stage.used_secs("cluster_07"), (45 + 6) * 60, "a run between two polls is not missed");
    assert_eq!(stage.workspace()["last_closed"], "2026-11-15");
    stage.go_to("17 10:15");
    stage.poll_well().await;
    assert_eq!(stage.workspace()["last_closed"], "2026-11-16");
    let done =
        stage.documents("closing").into_iter().find(|(key, _)| key == "2026-11-16/finalize").unwrap().1;
    assert!(done["done_ms"].as_i64().unwrap() < ahead_ms, "{done}");
    assert_eq!(stage.used_secs("cluster_07"), 6 * 60);
}

#[tokio::test]
async fn a_night_believes_no_clock_that_was_days_ahead() {
    let mut stage = Stage::of(lab(vec![RunSetup::between("08:30", "09:15")])).await;
    stage.go_to("09:30");
    stage.poll_well().await;
    let mut row = stage.workspace();
    row["last_poll_ms"] = json!(instant("20 09:30").timestamp_millis());
    stage.test.cx().documents_in("databricks", "workspace").put("state", row, None).await.unwrap();
    stage.go_to("17 00:07");
    stage.run("databricks-end-of-day").await.unwrap();
    assert_eq!(stage.workspace()["last_closed"], "2026-11-16", "the others are not over");
}
