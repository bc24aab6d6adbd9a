//! What is kept and read again: keys in order, only the asked-for time, nothing in a dry run.

use roundsman_task::DocumentWrite;
use roundsman_testkit::TestContext;

use super::{ClusterRow, SPACE, State, batches};
use crate::uptime::{Event, EventKind};

fn event(at_ms: i64, kind: EventKind) -> Event {
    Event { at_ms, kind, user: None, reason: None }
}

#[tokio::test]
async fn events_are_kept_once_and_read_from_an_instant_on() {
    let test = TestContext::default();
    let state = State::new(test.cx(), false);
    let events = [event(1_000, EventKind::Starting), event(2_000, EventKind::Running)];
    state.put_events("c1", &events).await.unwrap();
    state.put_events("c1", &events[1..]).await.unwrap();
    state.put_events("c10", &[event(2_500, EventKind::Running)]).await.unwrap();
    assert_eq!(state.events("c1", 0).await.unwrap(), events);
    assert_eq!(state.events("c1", 2_000).await.unwrap(), events[1..], "the instant itself counts");
    state.forget_before("c1", 2_000).await.unwrap();
    assert_eq!(state.events("c1", 0).await.unwrap(), events[1..]);
    assert_eq!(state.events("c10", 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn more_clusters_than_a_page_are_read_whole_and_a_dry_run_keeps_none() {
    let test = TestContext::default();
    let rows: std::collections::BTreeMap<_, _> =
        (0..2_300).map(|number| (format!("c{number:05}"), ClusterRow::default())).collect();
    State::new(test.cx(), true).put_clusters(&rows).await.unwrap();
    assert!(test.documents_in(SPACE, "clusters").is_empty());
    let state = State::new(test.cx(), false);
    state.put_clusters(&rows).await.unwrap();
    assert_eq!(state.clusters().await.unwrap(), rows);
}

#[test]
fn large_rows_travel_in_small_batches() {
    let write = |bytes: usize| DocumentWrite::Put {
        key: "c".to_owned(),
        value: "x".repeat(bytes).into(),
        if_version: None,
    };
    let sizes = |writes: Vec<DocumentWrite>| batches(writes).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes(Vec::new()), [0; 0]);
    assert_eq!(sizes(vec![write(10); 2_300]), [1_000, 1_000, 300]);
    assert_eq!(sizes(vec![write(1_000_000); 20]), [8, 8, 4], "a message has 24 MiB");
    assert_eq!(sizes(vec![write(9_000_000), write(1), write(2)]), [1, 2]);
}
