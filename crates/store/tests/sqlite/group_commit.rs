//! Group commit: what queues behind one commit is one transaction, in which one refusal leaves the neighbours alone.

use roundsman_model::RunId;
use roundsman_store::{LogChunk, StoreError};
use roundsman_testkit::conformance::Stage;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

struct Blocked {
    stage: Stage,
    run: RunId,
    /// Holds the file's write lock.
    other: SqliteConnection,
}

/// A store whose writer has to wait until somebody else has finished writing, so that commands queue.
async fn blocked() -> Blocked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roundsman.db");
    let stage = Stage::open(format!("sqlite:{}", path.display()), folder).await;
    let run = stage.running("log").await.unwrap().0.id;
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    Blocked { stage, run, other }
}

fn chunk(run: RunId, seq: i64) -> LogChunk {
    LogChunk { run, attempt: 1, seq, lines: "{}".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_command_leaves_its_neighbours_alone() {
    let Blocked { stage, run, mut other } = blocked().await;
    let writes = (0..100).map(|seq| {
        let run = if seq % 10 == 3 { RunId(run.0 + 999) } else { run };
        stage.store.append_log(chunk(run, seq))
    });
    let release = async {
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(writes), release);
    for (seq, answer) in answers.iter().enumerate() {
        match answer {
            Ok(()) => assert!(seq % 10 != 3, "{seq} was taken"),
            Err(error) => {
                assert!(seq % 10 == 3 && matches!(error, StoreError::Refused { .. }), "{seq}: {error}");
            }
        }
    }
    assert_eq!(stage.store.log(run, None, 999).await.unwrap().len(), 90);
}

/// Nobody is answered before the commit: a second connection, which sees only what is committed, sees each acknowledged
/// piece at once.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_means_committed() {
    let Blocked { stage, run, mut other } = blocked().await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    let other = tokio::sync::Mutex::new(other);
    let writes = (0..200).map(async |seq| {
        stage.store.append_log(chunk(run, seq)).await.unwrap();
        let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM log_chunks WHERE seq = $1")
            .bind(seq)
            .fetch_one(&mut *other.lock().await)
            .await
            .unwrap();
        assert_eq!(found, 1, "piece {seq} was acknowledged and is not there");
    });
    futures::future::join_all(writes).await;
}
