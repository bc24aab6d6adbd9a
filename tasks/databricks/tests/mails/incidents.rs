//! Polls that fail and work again, as the poll tells it day after day. When a poll counts as failed is its own matter.

use roundsman_databricks::{mails::Incident, state::WorkspaceRow};

use crate::stage::{MINUTE, Stage};

async fn fails(stage: &Stage, row: &mut WorkspaceRow, is_refused: bool) -> bool {
    row.failures += 1;
    row.failing_since_ms.get_or_insert(stage.now_ms());
    row.last_error = Some("no connection".to_owned());
    let incident = Incident { class: "unreachable".to_owned(), is_refused, over_limit: Vec::new() };
    let told = stage.post().failing(row, &incident, stage.now_ms()).await.unwrap();
    stage.drain().await;
    told
}

async fn works(stage: &Stage, row: &mut WorkspaceRow) {
    assert!(stage.post().recovered(row, stage.now_ms()).await.unwrap());
    (row.failures, row.failing_since_ms) = (0, None);
    stage.drain().await;
}

#[tokio::test]
async fn a_mail_after_the_third_failure_one_each_day_and_one_when_it_is_over() {
    let (mut stage, mut row) = (Stage::new().await, WorkspaceRow::default());
    let since = stage.now_ms();
    for poll in 1..=100 {
        let told = fails(&stage, &mut row, false).await;
        assert_eq!(told, poll >= 3, "poll {poll}");
        stage.later(15);
    }
    works(&stage, &mut row).await;
    works(&stage, &mut row).await;
    let since_local = "2026-11-16 14:00 +02:00";
    assert_eq!(
        stage.subjects(),
        [
            format!("[demo] Quota polling failing since {since_local}"),
            format!("[demo] Quota polling failing since {since_local}"),
            format!("[demo] Quota polling recovered, after failing since {since_local}"),
        ]
    );
    let sent: Vec<_> = stage.sim.mails().iter().map(|mail| (mail.at - since) / MINUTE).collect();
    assert_eq!(sent, [30, 30 + 24 * 60, 1_500]);
    assert!(stage.sim.mails().iter().all(|mail| mail.to == ["admin@example.edu"] && mail.cc.is_empty()));
}

#[tokio::test]
async fn two_failures_are_nothing_and_each_incident_has_mails_of_its_own() {
    let (mut stage, mut row) = (Stage::new().await, WorkspaceRow::default());
    for _ in 0..3 {
        fails(&stage, &mut row, false).await;
        fails(&stage, &mut row, false).await;
        works(&stage, &mut row).await;
        stage.later(15);
    }
    assert!(stage.sim.mails().is_empty());
    for _ in 0..2 {
        assert!(fails(&stage, &mut row, true).await, "who is not let in says so at once");
        works(&stage, &mut row).await;
        stage.later(15);
    }
    assert_eq!(stage.sim.mails().len(), 4);
    assert_eq!(
        row,
        WorkspaceRow { incident_seq: 4, last_error: row.last_error.clone(), ..WorkspaceRow::default() }
    );
}

#[tokio::test]
async fn what_was_told_and_not_kept_is_not_told_twice() {
    let (stage, mut row) = (Stage::new().await, WorkspaceRow::default());
    row.failures = 7;
    row.failing_since_ms = Some(stage.now_ms() - 600 * MINUTE);
    for _ in 0..3 {
        // The run that told it ended before it kept the row.
        let mut lost = row.clone();
        assert!(fails(&stage, &mut lost, false).await);
        assert!(lost.incident_told_ms.is_some());
    }
    assert_eq!(stage.sim.mails().len(), 1);
}
