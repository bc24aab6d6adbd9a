//! Files: who may open them, what is wrong with them, and that what was acknowledged is in them.

use roundsman_testkit::Installing as _;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use roundsman_model::RunState;
use roundsman_store::{MigrationReport, OpenOptions, Role, RunFilter, Store, StoreError, migrate, open};
use roundsman_testkit::conformance::{Stage, at, definition};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A folder for a store.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("roundsman.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    async fn open(&self, role: Role) -> Result<Arc<dyn Store>, StoreError> {
        open(&self.url(), OpenOptions::for_role(role)).await
    }

    async fn refused(&self, role: Role) -> StoreError {
        self.open(role).await.err().unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut raw(&self.path()).await).await.unwrap();
    }
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn the_second_daemon_is_refused_and_told_by_whom() {
    let place = Place::new();
    let first = place.open(Role::Daemon).await.unwrap();
    let error = place.refused(Role::Daemon).await;
    assert!(
        matches!(&error, StoreError::Held { pid, .. } if *pid == std::process::id().to_string()),
        "{error}"
    );
    assert!(matches!(migrate(&place.url()).await, Err(StoreError::Held { .. })));
    for role in [Role::OneShot, Role::Reader] {
        let beside = place.open(role).await.unwrap();
        assert_eq!(beside.id(), first.id());
        beside.close().await;
    }
    first.close().await;
    let second = place.open(Role::Daemon).await.unwrap();
    assert_eq!(second.id(), first.id());
}

#[tokio::test]
async fn reading_creates_nothing() {
    let place = Place::new();
    let error = place.refused(Role::Reader).await;
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_new_store_is_private_and_migrating_it_again_changes_nothing() {
    let place = Place::new();
    assert_eq!(migrate(&place.url()).await.unwrap(), MigrationReport { from: 0, to: 4 });
    assert_eq!(migrate(&place.url()).await.unwrap(), MigrationReport { from: 4, to: 4 });
    assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_no_database_is_left_as_it_is() {
    let place = Place::new();
    let letter =
        b"Dear diary, this is no database at all, but longer than the head of one would be. Yours.".repeat(9);
    fs::write(place.path(), &letter).unwrap();
    for role in [Role::Daemon, Role::OneShot, Role::Reader] {
        let error = place.refused(role).await;
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    assert_eq!(fs::read(place.path()).unwrap(), letter);
}

#[tokio::test]
async fn a_damaged_file_is_called_so() {
    let place = Place::new();
    place.open(Role::Daemon).await.unwrap().close().await;
    let mut bytes = fs::read(place.path()).unwrap();
    bytes[4096..].fill(0xee);
    fs::write(place.path(), bytes).unwrap();
    let error = place.refused(Role::Daemon).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("move it away to start afresh"), "{error}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    for url in ["sqlite:/nowhere/at/all/roundsman.db", "sqlite:/proc/roundsman.db", "sqlite:/dev/full/x.db"] {
        for role in [Role::Daemon, Role::OneShot] {
            let error = open(url, OpenOptions::for_role(role)).await.err().unwrap();
            assert!(matches!(error, StoreError::Unwritable { .. }), "{error:?}");
            assert!(error.to_string().contains("check that the folder exists"), "{error}");
        }
    }
}

#[tokio::test]
async fn somebody_elses_database_is_refused() {
    let place = Place::new();
    place.execute("CREATE TABLE bookmarks (url TEXT)").await;
    let error = place.refused(Role::Daemon).await;
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_newer_store_is_used_only_if_it_allows_that() {
    let place = Place::new();
    place.open(Role::Daemon).await.unwrap().close().await;
    place.execute("UPDATE meta SET value = '7' WHERE key = 'schema'").await;
    place.open(Role::Daemon).await.unwrap().close().await;
    place.execute("UPDATE meta SET value = '6' WHERE key = 'min_reader'").await;
    for role in [Role::Daemon, Role::OneShot, Role::Reader] {
        let error = place.refused(role).await;
        assert!(matches!(error, StoreError::TooNew { found: 6, ours: 4, .. }), "{error}");
    }
}

/// A copy of the files at this moment is what a power cut would leave.
#[tokio::test]
async fn what_was_acknowledged_is_in_the_files() {
    let (place, copy) = (Place::new(), Place::new());
    let stage = Stage::open(place.url(), ()).await;
    let (run, lease) = stage.running("durable").await.unwrap();
    stage.succeed(&lease, 70).await.unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("roundsman.db{suffix}");
        fs::copy(place.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    let store = copy.open(Role::Daemon).await.unwrap();
    assert_eq!(store.run(run.id).await.unwrap().unwrap().state, RunState::Succeeded);
}

/// The writer waits for another program, but not for ever, and what was given up is not written afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_locked_elsewhere_is_slow_not_lost() {
    let place = Place::new();
    let options = OpenOptions { time_limit: Duration::from_millis(400), ..OpenOptions::default() };
    let store = open(&place.url(), options).await.unwrap();
    let mut other = raw(&place.path()).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = store.install_tasks(&[definition("t")], at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Slow { .. }) && error.is_passing(), "{error}");
    assert_eq!(store.tasks().await.unwrap(), [], "reading goes on");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.install_tasks(&[definition("u")], at(0)).await.unwrap();
    let names: Vec<_> = store.tasks().await.unwrap().into_iter().map(|task| task.definition.name).collect();
    assert_eq!(names, [definition("u").name]);
}

#[tokio::test]
async fn a_closed_store_answers_without_a_panic() {
    let place = Place::new();
    let store = place.open(Role::Daemon).await.unwrap();
    store.close().await;
    store.close().await;
    assert!(matches!(store.install_tasks(&[], at(0)).await, Err(StoreError::Away { .. })));
    assert!(matches!(store.tasks().await, Err(StoreError::Away { .. })));
}

/// The file was made by the first release's schema. To make it anew (never after a release): delete it and run this test
/// with `UPDATE_FIXTURES=1`.
#[tokio::test]
async fn a_store_of_the_first_migration_opens() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/first-migration.db");
    if std::env::var_os("UPDATE_FIXTURES").is_some() && !fixture.exists() {
        make_first(&fixture).await;
    }
    let place = Place::new();
    fs::copy(&fixture, place.path()).unwrap();
    let store = place.open(Role::Daemon).await.unwrap();
    let runs = store.runs(&RunFilter { limit: 9, ..RunFilter::default() }).await.unwrap();
    let states: Vec<_> = runs.iter().map(|run| (run.task.as_str(), run.state, run.attempt)).collect();
    assert_eq!(states, [("second", RunState::Queued, 0), ("first", RunState::Succeeded, 1)]);
    assert_eq!(store.attempts(runs[1].id).await.unwrap().len(), 1);
    assert_eq!(store.log(runs[1].id, None, 9).await.unwrap().len(), 1);
    assert_eq!(store.tasks().await.unwrap()[0].definition, definition("first"));
    assert_eq!(store.totals().await.unwrap()[0].1.runs, [(RunState::Succeeded, 1)]);
    assert!(store.slot(&definition("first").name, at(60)).await.unwrap().is_some());
    store.close().await;
    let integrity: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut raw(&place.path()).await).await.unwrap();
    assert_eq!(integrity, "ok");
}

async fn make_first(fixture: &Path) {
    let place = Place::new();
    let stage = Stage::open(place.url(), ()).await;
    let (run, lease) = stage.running("first").await.unwrap();
    let lines = "{\"text\":\"hello\"}".to_owned();
    let chunk = roundsman_store::LogChunk { run: run.id, attempt: 1, seq: 1, lines };
    stage.store.append_log(chunk).await.unwrap();
    stage.succeed(&lease, 70).await.unwrap();
    stage.install(&[definition("first"), definition("second")]).await.unwrap();
    stage.queue(&definition("second"), 60).await.unwrap();
    stage.store.close().await;
    let mut connection = raw(&place.path()).await;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA journal_mode = DELETE")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    fs::copy(place.path(), fixture).unwrap();
}
