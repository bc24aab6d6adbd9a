//! Files of results: written whole, read back, in order of time.

use roundsman_model::{AttemptEnd, BootId, NodeId, Outcome, RunState, Transition};
use roundsman_store::{Holder, RunLease};

use super::*;

fn settlement(at: &str, run: i64) -> Settlement {
    let holder = Holder { node: NodeId::new("node-1"), boot: BootId::new("a") };
    Settlement {
        lease: RunLease { run: RunId(run), attempt: 1, holder },
        end: AttemptEnd::Finished { outcome: Outcome::success("done") },
        transition: Transition::End {
            state: RunState::Succeeded,
            cause: None,
            outcome: Some(Outcome::success("done")),
        },
        metrics: Vec::new(),
        cpu_ms: Some(3),
        max_rss: None,
        wake_at: None,
        at: at.parse().unwrap(),
    }
}

fn spool(folder: &Path) -> Spool {
    Spool::new(Some(folder.join("spool")), StoreId::new("store-1"))
}

#[tokio::test]
async fn a_result_is_in_a_file_until_the_store_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    let kept = settlement("2026-11-20T02:00:00Z", 41);
    let waiting = spool.keep(&kept).await;
    assert!(waiting.is_in_a_file());
    let files = file::list(&folder.path().join("spool")).await.unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(file::read(&files[0]).await.unwrap().settlement, kept);
    waiting.taken().await;
    assert!(file::list(&folder.path().join("spool")).await.unwrap().is_empty());
    assert!(spool.is_empty());
}

#[tokio::test]
async fn only_the_oldest_is_tried() {
    let spool = Spool::new(None, StoreId::new("store-1"));
    let younger = spool.keep(&settlement("2026-11-20T02:00:01Z", 40)).await;
    let older = spool.keep(&settlement("2026-11-20T02:00:00Z", 41)).await;
    older.turn().await;
    let mut turn = std::pin::pin!(younger.turn());
    assert!(futures::poll!(&mut turn).is_pending());
    drop(older);
    turn.await;
}

#[tokio::test]
async fn an_unfinished_file_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1-1-1.new"), "{").unwrap();
    std::fs::write(folder.path().join("2-1-1.json"), "{").unwrap();
    let files = file::list(folder.path()).await.unwrap();
    assert_eq!(files, [folder.path().join("2-1-1.json")]);
    assert!(file::read(&files[0]).await.is_err());
    assert!(!folder.path().join("1-1-1.new").exists());
}

#[test]
fn pauses_grow_to_half_a_minute() {
    let pauses: Vec<_> = (0..12).map(away_pause).collect();
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert_eq!(pauses.last(), Some(&Duration::from_secs(30)));
    assert!(pauses[0] >= Duration::from_millis(100));
}
