//! What is old is forgotten, but never what clusters used, and never what an open day still needs.

use roundsman_simulators::{Fault, RunSetup, Scenario};
use serde_json::json;

use crate::{
    night::{id, staged},
    stage::{Stage, ZONE},
};

/// Two clusters that ran an hour on the 16th, one of them on the 20th too; events are kept for two days.
async fn lab() -> Stage {
    let first = || RunSetup::between("09:00", "10:00").requested("08:57");
    let second = RunSetup::between("2026-11-20 09:00", "2026-11-20 10:00").requested("2026-11-20 08:57");
    let scenario = Scenario::at("2026-11-16 08:00").lab(1, &["s1@example.edu"], vec![first(), second]).lab(
        2,
        &["s2@example.edu"],
        vec![first()],
    );
    let mut stage = staged("2026-11-16 08:00", scenario, json!({ "retention_days": 2 }), ZONE).await;
    stage.poll_well().await;
    stage.go_to("17 00:07");
    stage.night().await;
    stage
}

/// How many documents of a cluster there are.
fn count(stage: &Stage, collection: &str, number: u32) -> usize {
    let keys = stage.documents(collection).into_iter().map(|(key, _)| key);
    keys.filter(|key| key.starts_with(&id(number))).count()
}

#[tokio::test]
async fn events_and_intervals_go_and_what_was_used_stays() {
    let mut stage = lab().await;
    assert_eq!((count(&stage, "events", 1), count(&stage, "events", 2)), (3, 3));
    stage.sim.world(|world| world.forget(&id(2)).unwrap());
    for day in ["18", "19", "20", "21", "22"] {
        stage.go_to(&format!("{day} 00:07"));
        stage.night().await;
    }
    assert_eq!(count(&stage, "events", 1), 3, "only those of the 20th");
    assert_eq!((count(&stage, "events", 2), count(&stage, "intervals", 2)), (0, 0));
    assert_eq!((count(&stage, "clusters", 1), count(&stage, "clusters", 2)), (1, 0), "deleted long since");
    assert_eq!(stage.day("2026-11-16").len(), 2);
    assert_eq!(stage.day("2026-11-20"), [("cluster_01".to_owned(), 60)]);
}

#[tokio::test]
async fn measures_steps_and_mails_are_kept_for_a_year() {
    let mut stage = lab().await;
    let row = json!({
        "day": "2025-11-17", "cluster_id": id(1), "kind": "warn_mail", "seq": 0, "state": "done", "attempts": 1,
        "asked_ms": 0
    });
    for day in ["2025-11-16", "2025-11-17"] {
        for (collection, key) in
            [("measures", format!("{day}/{}/warn_mail/000", id(1))), ("closing", format!("{day}/report"))]
        {
            let documents = stage.test.cx().documents_in("databricks", collection);
            documents.put(&key, &row, None).await.unwrap();
        }
        let usage = stage.test.cx().documents_in("databricks", "usage");
        usage
            .put(&format!("{day}/{}", id(1)), json!({ "usage": { "used_ms": 1, "sessions": 1 } }), None)
            .await
            .unwrap();
    }
    stage.go_to("18 00:07");
    stage.night().await;
    for collection in ["measures", "closing"] {
        let years = stage.documents(collection).into_iter().filter(|(key, _)| key.starts_with("2025"));
        let keys: Vec<_> = years.map(|(key, _)| key[..10].to_owned()).collect();
        assert_eq!(keys, ["2025-11-17"], "{collection}");
    }
    assert_eq!((stage.day("2025-11-16").len(), stage.day("2025-11-17").len()), (1, 1));
    stage.go_to("18 00:30");
    stage.night().await;
    let before = stage.documents("mail").len();
    stage.go_to("2027-11-20 00:07");
    stage.night().await;
    let old = stage
        .documents("mail")
        .into_iter()
        .filter(|(_, row)| row["queued_at"].as_str().is_some_and(|at| at < "2027"));
    assert_eq!((old.count(), before > 0), (0, true));
}

#[tokio::test]
async fn what_an_open_day_needs_is_not_old() {
    let mut stage = lab().await;
    stage.sim.fault(Fault::on("GET /api/2.1/clusters/list").status(400));
    for day in ["18", "19", "20", "21", "22"] {
        stage.go_to(&format!("{day} 00:07"));
        stage.try_night().await.unwrap_err();
    }
    stage.sim.clear_faults();
    stage.go_to("22 14:00");
    stage.night().await;
    assert_eq!(stage.last_closed(), "2026-11-21");
    assert_eq!(stage.day("2026-11-20"), [("cluster_01".to_owned(), 60)]);
    assert_eq!(stage.reports().len(), 6);
}
