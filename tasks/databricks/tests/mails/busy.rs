//! Days on which more is to be told than may be sent: what goes first, what is kept free, and what admins get instead of
//! copies.

use std::time::Duration;

use roundsman_databricks::mails::MailKind;
use roundsman_simulators::Entry;

use crate::stage::{MANAGED, SEND, Stage};

fn most_within(entries: &[Entry], window: Duration) -> usize {
    let within = |last: &Entry| {
        entries.iter().filter(|entry| entry.at <= last.at && entry.at + window > last.at).count()
    };
    entries.iter().map(within).max().unwrap_or(0)
}

/// Drains as polls do, until nothing waits; returns after how many minutes.
async fn drain_all(stage: &mut Stage) -> u64 {
    for poll in 0..96 {
        if stage.drain().await.waiting == 0 {
            return poll * 15;
        }
        stage.later(15);
    }
    panic!("mails wait for ever");
}

#[tokio::test]
async fn a_busy_day_with_a_managed_sender() {
    let mut stage = Stage::new().await.set("acs_sender", MANAGED);
    // 19 clusters: 18 warnings, then 19 stops.
    for number in 1..=18 {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    let first = stage.drain().await;
    assert_eq!((first.sent, first.waiting), (5, 14), "the warnings that fit, and a digest");
    stage.later(15);
    for number in 1..=19 {
        stage.post().stop(&stage.about(number, 210)).await.unwrap();
    }
    drain_all(&mut stage).await;
    let sends = stage.sim.asked(SEND);
    assert!(sends.iter().all(|entry| entry.status == 202), "the service never had to refuse");
    assert!(most_within(&sends, Duration::from_mins(1)) <= 5);
    assert!(most_within(&sends, Duration::from_hours(1)) <= 10);
    let subjects = stage.subjects();
    let is_stop = |subject: &String| subject.contains("cluster stopped");
    assert_eq!(subjects.iter().filter(|subject| is_stop(subject)).count(), 19);
    let last_stop = subjects.iter().rposition(is_stop).unwrap();
    let late_warning =
        subjects.iter().skip(5).position(|subject| subject.contains("most of today's running time is used"));
    assert!(late_warning.is_none_or(|at| at + 5 > last_stop), "stops come before warnings: {subjects:#?}");
    let warned = subjects.iter().filter(|subject| subject.contains("running time is used")).count();
    assert_eq!(warned, 18, "no student is forgotten");
    assert_eq!(subjects.iter().filter(|subject| subject.contains("clusters have used")).count(), 1);
}

#[tokio::test]
async fn one_place_in_the_hour_is_kept_for_stops() {
    let mut stage = Stage::new().await.set("acs_sender", MANAGED).set("digest_threshold", 100);
    for number in 1..=12 {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    stage.drain().await;
    stage.later(15);
    stage.drain().await;
    stage.later(15);
    let full = stage.drain().await;
    assert_eq!((full.sent, stage.sim.mails().len()), (0, 9));
    let left =
        |window| stage.test.metric("roundsman_databricks_mail_budget_remaining", &[("window", window)]);
    assert_eq!((left("hour"), left("minute")), (Some(1.0), Some(5.0)));
    stage.post().stop(&stage.about(1, 210)).await.unwrap();
    assert_eq!(stage.drain().await.sent, 1);
    stage.post().stop(&stage.about(2, 210)).await.unwrap();
    assert_eq!(stage.drain().await.sent, 0, "one place, not more");
}

#[tokio::test]
async fn limits_can_be_set() {
    let stage =
        Stage::new().await.set("mail_per_min", 2).set("mail_per_hour", 4).set("digest_threshold", 100);
    for number in 1..=6 {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    assert_eq!(stage.drain().await.sent, 2);
    stage.clock.advance(Duration::from_mins(2));
    assert_eq!(stage.drain().await.sent, 1, "the fourth is kept for a stop");
    stage.post().stop(&stage.about(1, 210)).await.unwrap();
    assert_eq!(stage.drain().await.sent, 1);
}

#[tokio::test]
async fn questions_for_the_fate_of_mails_can_be_limited() {
    let mut stage = Stage::new().await.set("status_per_hour", 4);
    for number in 1..=8 {
        stage.post().stop(&stage.about(number, 210)).await.unwrap();
    }
    assert_eq!(stage.drain().await.sent, 8);
    stage.later(15);
    stage.drain().await;
    let asked = stage.sim.asked("GET /emails/operations/*").len();
    assert!((1..=4).contains(&asked), "{asked}");
}

#[tokio::test]
async fn late_warnings_lose_their_copies_and_admins_get_one_digest() {
    let mut stage = Stage::new().await.set("acs_sender", MANAGED);
    for number in 1..=20 {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    stage.drain().await;
    // Five now, four after a quarter of an hour; the others later than half an hour.
    let with_copies = |open: &[(_, roundsman_notify::Record)]| {
        open.iter().filter(|(_, record)| record.kind == "warn" && !record.mail.cc.is_empty()).count()
    };
    let open = stage.open().await;
    let queued: Vec<_> = open.into_iter().filter(|(_, record)| record.handed_at.is_none()).collect();
    assert_eq!((queued.len(), with_copies(&queued)), (16, 4));
    let digest = queued.iter().find(|(_, record)| record.kind == MailKind::Digest.as_str()).unwrap();
    assert_eq!(digest.1.mail.to.len(), 1);
    assert_eq!(digest.1.mail.text.matches("\n- cluster_").count(), 11);
    assert!(digest.1.mail.subject.starts_with("[demo] 11 clusters"), "{}", digest.1.mail.subject);
    assert!(digest.1.mail.html.as_deref().unwrap().matches("<li").count() == 11);
    // More come: the digest that waits takes them in.
    stage.later(1);
    for number in 21..=22 {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    stage.drain().await;
    let digests: Vec<_> =
        stage.open().await.into_iter().filter(|(_, record)| record.kind == "digest").collect();
    assert_eq!(digests.len(), 1);
    assert_eq!(digests[0].1.mail.text.matches("\n- cluster_").count(), 13);
    drain_all(&mut stage).await;
    let mails = stage.sim.mails();
    assert_eq!(mails.iter().filter(|mail| mail.subject.contains("clusters have used")).count(), 1);
    let alone = mails.iter().filter(|mail| mail.to[0].starts_with('s') && mail.cc.is_empty());
    assert_eq!(alone.count(), 13);
    let all: std::collections::BTreeSet<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    assert_eq!(all.len(), 45, "44 students and the admin");
}

#[tokio::test]
async fn few_late_warnings_keep_their_copies() {
    let stage = Stage::new().await.set("acs_sender", MANAGED);
    for number in 1..=14 {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    stage.drain().await;
    let open = stage.open().await;
    assert!(open.iter().all(|(_, record)| record.kind == "warn" && record.mail.cc.len() == 1));
}
