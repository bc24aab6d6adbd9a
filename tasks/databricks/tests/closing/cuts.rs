//! A night may end after any request: the next one makes good what is missing, and nothing is there twice.

use roundsman_simulators::Level;
use serde_json::Value;

use crate::{night::blocked, stage::Stage};

/// What is there afterwards, without the instants at which it was done.
fn afterwards(stage: &Stage) -> (Vec<(String, Value)>, Vec<String>, String) {
    let mut rows = stage.documents("usage");
    for (_, row) in &mut rows {
        row["finalized_ms"] = Value::Null;
    }
    (rows, stage.steps("2026-11-16"), stage.last_closed())
}

#[tokio::test]
async fn a_night_that_ends_after_any_request_is_made_good_by_the_next() {
    let mut whole = blocked().await;
    whole.go_to("17 00:07");
    whole.sim.clear_journal();
    whole.night().await;
    let (requests, expected) = (whole.sim.journal().len(), afterwards(&whole));
    assert!(requests > 10, "{requests}");
    for cut in 1..=requests {
        let mut stage = blocked().await;
        stage.go_to("17 00:07");
        assert!(stage.night_cut_after(cut).await, "after {cut}");
        stage.go_to("17 00:12");
        stage.night().await;
        assert_eq!(afterwards(&stage), expected, "after {cut}");
        assert_eq!(stage.levels(), [Some(Level::CanRestart); 3], "after {cut}");
        stage.go_to("17 00:30");
        stage.poll_well().await;
        assert_eq!(stage.reports().len(), 1, "after {cut}");
        let mut ids: Vec<_> = stage.sim.mails().into_iter().map(|mail| mail.id).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "after {cut}");
    }
}
