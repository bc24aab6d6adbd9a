//! What is expected of exports, and limits of the server: an export that is whole by its form and still not published.

use std::time::Duration;

use roundsman_simulators::{
    At, Damage, Ending, Fault, Stall,
    metabase::{CardSetup, MetabaseScenario, Release, Rows},
};
use roundsman_task::TaskError;
use serde_json::{Value, json};

use super::stage::*;

/// What is told of question 12 with so many rows, of which this is expected; empty if it is published.
async fn told(rows: u64, expected: Value) -> String {
    let stage = Stage::of_rows(rows).await.set_item(expected);
    match stage.run(&stage.builder().build()).await {
        Ok(_) => String::new(),
        Err(error) => {
            assert!(matches!(error, TaskError::Permanent { .. }), "{error:?}");
            assert_eq!(stage.files(), Vec::<String>::new());
            error.to_string()
        }
    }
}

#[tokio::test]
async fn expectations() {
    assert_eq!(told(10, json!({ "min_rows": 10, "max_rows": 10 })).await, "");
    assert!(told(10, json!({ "min_rows": 11 })).await.contains("min_rows = 11"));
    assert!(told(10, json!({ "max_rows": 9 })).await.contains("max_rows = 9"));
    assert_eq!(told(0, json!({})).await, "");
    assert!(told(0, json!({ "allow_empty": false })).await.contains("no rows"));
    let columns = Stage::of_rows(1).await.sim.truth(12, "csv");
    let header = String::from_utf8(columns).unwrap().lines().next().unwrap().to_owned();
    let mut titles: Vec<&str> = header.split(',').collect();
    assert_eq!(told(10, json!({ "expect_columns": titles, "expect_order": true })).await, "");
    titles.reverse();
    assert_eq!(told(10, json!({ "expect_columns": titles })).await, "");
    assert!(
        told(10, json!({ "expect_columns": titles, "expect_order": true })).await.contains("in this order")
    );
    assert!(told(10, json!({ "expect_columns": ["nothing"] })).await.contains("missing: \"nothing\""));
    let more = told(10, json!({ "expect_columns": &titles[1..] })).await;
    assert!(more.contains("not expected") && !more.contains("missing"), "{more}");
    titles.push(titles[0]);
    let twice = told(10, json!({ "expect_columns": titles })).await;
    assert!(twice.contains("of one name"), "{twice}");
}

#[tokio::test]
async fn a_drop_since_the_last_good_run() {
    let stage = Stage::of_rows(100).await.set_item(json!({ "max_drop_percent": 50 }));
    let (first, _) = stage.good().await;
    stage.sim.set_rows(12, Rows::plain(49));
    let forced = first.next_action("export", json!({ "force": true }));
    let error = stage.run(&forced).await.unwrap_err();
    assert!(error.to_string().contains("51.0 % fewer than the 100"), "{error}");
    // What was refused is not what the next one is held against.
    stage.sim.set_rows(12, Rows::plain(50));
    let forced = forced.next_action("export", json!({ "force": true }));
    stage.run(&forced).await.unwrap();
    stage.sim.set_rows(12, Rows::plain(25));
    stage.run(&forced.next_action("export", json!({ "force": true }))).await.unwrap();
}

#[tokio::test]
async fn rows_are_counted_before_and_after() {
    let rows = Rows::plain(100).growing(1);
    let card = CardSetup::built(12, "Orders").rows(rows);
    let scenario = MetabaseScenario::new(Release::V56).card(card);
    let items = json!([{ "name": "orders", "card": 12, "verify": "count" }]);
    let stage = Stage::new(scenario, items.clone()).await;
    stage.good().await;
    assert_eq!(stage.manifest()["units"][0]["verification"]["count"], "ok");
    assert_eq!(stage.sim.asked("POST /api/dataset").len(), 2);

    // The way ends the answer early, and nothing but the count tells.
    let stage = Stage::of_rows(100).await.set_item(json!({ "verify": "count" }));
    let early = Fault::on("POST /api/card/12/query/csv");
    stage.sim.fault(early.body(Damage::End(At::Row(60), Ending::Clean)).body(Damage::NotPacked));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(error.to_string().contains("it has 60 rows; a count gave 100 before and 100 after"), "{error}");
    assert_eq!(stage.sim.asked("POST /api/card/12/query/csv").len(), 3);
}

/// The server's own time limit ends an answer as if it were whole.
#[tokio::test]
async fn ten_minutes_without_a_trailer() {
    for (secs, packed, good) in
        [(600, false, false), (600, true, true), (300, false, true), (1_200, false, false)]
    {
        let stage = Stage::of_rows(100).await.set(json!({ "retry": { "max_attempts": 1 } }));
        let slow = Fault::on("POST /api/card/12/query/csv");
        let slow = slow.body(Damage::Stall(At::Row(50), Stall::OnItsClock(Duration::from_secs(secs))));
        let slow = if packed { slow } else { slow.body(Damage::NotPacked) };
        let handle = stage.sim.fault(slow);
        let test = stage.builder().build();
        let waits = async {
            handle.stalled(1).await;
            stage.clock.advance(Duration::from_secs(secs));
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! { ended = stage.run(&test) => ended, () = waits => unreachable!() };
        assert_eq!(ended.is_ok(), good, "{secs} s, packed: {packed}: {ended:?}");
        if let Err(error) = ended {
            assert!(error.to_string().contains("time limit"), "{error}");
        } else {
            assert_eq!(stage.manifest()["units"][0]["verification"]["weak_transport_check"], !packed);
        }
    }
}

#[tokio::test]
async fn as_many_rows_as_the_server_gives_at_most() {
    let card = CardSetup::native(12, "Orders").rows(Rows::repeated(1_100_000));
    let scenario = MetabaseScenario::new(Release::V56).card(card);
    let stage = Stage::new(scenario, json!([{ "name": "orders", "card": 12 }])).await;
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(error.to_string().contains("1048575") && error.to_string().contains("on_cap"), "{error}");
    assert!(!stage.folder().exists(), "an empty folder is not left");
    let stage = stage.set(json!({ "on_cap": "warn" }));
    stage.good().await;
    assert_eq!(stage.manifest()["units"][0]["verification"]["truncated_by_cap"], 1_048_575);
}

/// M-13: what the interactive endpoint would cut is never asked of it.
#[tokio::test]
async fn exports_come_from_the_endpoint_of_files() {
    let stage = Stage::of_rows(2_500).await;
    stage.good().await;
    assert_eq!(stage.manifest()["units"][0]["rows"], 2_500);
    assert!(stage.sim.asked("POST /api/card/12/query").is_empty());
}
