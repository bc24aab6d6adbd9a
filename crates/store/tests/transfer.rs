//! Export and import between the two databases, interrupted, damaged and refused.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use roundsman_testkit::Installing as _;
use std::{
    io::{BufReader, Read},
    sync::Arc,
    time::Duration,
};

use roundsman_model::{
    Artifact, AttemptEnd, DocumentOp, DocumentWrite, History, Outcome, Overlap, Pause, RunState,
    TaskDefinition, TaskError, Transition,
};
use roundsman_store::{
    Claimer, LogChunk, NodeEntry, OpenOptions, PruneCursor, PruneOrder, Role, RunFilter, RunLease,
    Settlement, Store, StoreError, StoreResult, open,
};
use roundsman_testkit::{
    PostgresCluster,
    conformance::{Stage, at, definition, holder, slot},
};
use tempfile::TempDir;

/// Two databases, made when they are opened.
struct Places {
    folder: TempDir,
}

impl Places {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> String {
        format!("sqlite:{}", self.folder.path().join(name).display())
    }
}

async fn opened(url: &str, role: Role) -> StoreResult<Arc<dyn Store>> {
    open(url, OpenOptions::for_role(role)).await
}

async fn exported(url: &str) -> Vec<u8> {
    let store = opened(url, Role::Reader).await.unwrap();
    let mut bytes = Vec::new();
    let rows = store.export(&mut bytes, at(0)).await.unwrap();
    store.close().await;
    let lines = std::str::from_utf8(&bytes).unwrap().lines().count();
    assert_eq!(lines as u64, rows + 2 * 19 + 2);
    // What nodes keep secretly stays with them, and what only looks alike does not.
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(!text.contains("gAAAA"), "a sealed document is in the export");
    bytes
}

async fn imported(url: &str, from: impl Read + Send) -> StoreResult<u64> {
    let store = opened(url, Role::Importer).await?;
    let imported = store.import(&mut BufReader::new(from)).await;
    store.close().await;
    imported
}

/// Everything but the first line, in which name and time of the export are.
fn body(export: &[u8]) -> &str {
    std::str::from_utf8(export).unwrap().split_once('\n').unwrap().1
}

/// A store with something in every table.
async fn full(url: String) -> String {
    let stage = Stage::open(url.clone(), ()).await;
    let store = stage.store.clone();
    let several = TaskDefinition {
        overlap: Overlap::Allow(20),
        history: History::Changes,
        leases: vec!["one".parse().unwrap()],
        ..definition("several-tasks")
    };
    let (a, b) = (definition("a_task"), definition("a-task"));
    store.install_tasks(&[several.clone(), a.clone(), b.clone()], at(0)).await.unwrap();
    let rate = roundsman_model::BudgetRule::parse("5/s", None).unwrap();
    store
        .install_limits(&[("netbox".parse().unwrap(), 2)], &[("api".parse().unwrap(), rate.clone())])
        .await
        .unwrap();
    store.draw(&"api".parse().unwrap(), &rate, 3, at(1)).await.unwrap();
    let pause =
        Pause { from: at(1), until: None, by: "ops".to_owned(), reason: Some("\"quoted\", ü\n".to_owned()) };
    assert!(store.pause(&b.name, &pause).await.unwrap());
    for minute in 1..=9 {
        one_run(&stage, &several, minute).await;
    }
    let order = PruneOrder {
        older_than: at(-60),
        runs_per_task: 1000,
        bytes: u64::MAX,
        ledger_older_than: at(-60),
        changes_older_than: at(360),
        removed_before: at(-60),
        batch: 200,
        dry_run: false,
        from: PruneCursor::default(),
    };
    assert!(store.prune(&order).await.unwrap().repeats > 0);
    stage.queue(&a, 600).await.unwrap();
    let (_, running) = stage.claim_one("a", 600).await.unwrap();
    let write = DocumentWrite::Put {
        key: "ключ/é".to_owned(),
        value: serde_json::json!({"a": [1, null]}),
        if_version: None,
    };
    let sealed = DocumentWrite::Put {
        key: "session".to_owned(),
        value: serde_json::json!({"$sealed": "gAAAAABkZW1vbnN0cmF0aW9u"}),
        if_version: None,
    };
    let op = DocumentOp::Write { writes: vec![write, sealed] };
    store.document(&running, "space", "seen", op, at(601)).await.unwrap();
    store.close().await;
    url
}

async fn one_run(stage: &Stage, task: &TaskDefinition, minute: i64) {
    let store = &stage.store;
    let now = minute * 60;
    let firing = stage.firing(task, now, vec![slot(now)]).await.unwrap();
    store.fire(vec![firing], None, at(now)).await.unwrap();
    let me = holder("a");
    let run = store.claim(&Claimer::of(me.clone()), 1, at(now)).await.unwrap().runs.pop().unwrap();
    let lease = RunLease { run: run.id, attempt: 1, holder: me };
    let lines = format!("{{\"text\":\"minute {minute} \\u0007 ✓\"}}\n");
    store.append_log(LogChunk { run: run.id, attempt: 1, seq: 7, lines }).await.unwrap();
    let bytes: Vec<u8> = (0..minute * 100_000).map(|byte| (byte % 251) as u8).collect();
    let artifact = Artifact {
        name: format!("Plan {minute}"),
        media_type: "application/octet-stream".to_owned(),
        size: bytes.len() as u64,
        sha256: "0".repeat(64),
    };
    assert!(store.put_artifact(&lease, &artifact, bytes, at(now)).await.unwrap());
    let (end, transition) = if minute == 7 {
        let error = TaskError::Permanent { cause: "no".to_owned() };
        let cause = Some("no\ttabs".to_owned());
        (AttemptEnd::Erred { error }, Transition::End { state: RunState::Failed, cause, outcome: None })
    } else {
        let outcome = Outcome::success("as before");
        let end = AttemptEnd::Finished { outcome: outcome.clone() };
        (end, Transition::End { state: RunState::Succeeded, cause: None, outcome: Some(outcome) })
    };
    let settlement = Settlement {
        lease,
        end,
        transition,
        metrics: Vec::new(),
        cpu_ms: Some(3),
        max_rss: None,
        wake_at: (minute == 9).then(|| at(5000)),
        at: at(now + 2),
    };
    store.settle(settlement).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_again_everything_is_the_same() {
    let places = Places::new();
    let first = full(places.file("first.db")).await;
    let export = exported(&first).await;
    let there = PostgresCluster::shared().database();
    let rows = imported(&there, &export[..]).await.unwrap();
    let on_postgres = exported(&there).await;
    assert_eq!(body(&on_postgres), body(&export));
    let back = places.file("back.db");
    assert_eq!(imported(&back, &on_postgres[..]).await.unwrap(), rows);
    assert_eq!(body(&exported(&back).await), body(&export));
    for table in [
        "runs",
        "slots",
        "artifact_chunks",
        "documents",
        "pauses",
        "wakes",
        "roll_ups",
        "budgets",
        "controls",
    ] {
        let empty = format!("{{\"end\":\"{table}\",\"rows\":0,");
        assert!(!body(&export).contains(&empty), "{table} is not put to the test");
    }
    let (before, after) =
        (opened(&first, Role::Reader).await.unwrap(), opened(&there, Role::Daemon).await.unwrap());
    assert_eq!(before.id(), after.id());
    let all = RunFilter { limit: 100, ..RunFilter::default() };
    assert_eq!(before.runs(&all).await.unwrap(), after.runs(&all).await.unwrap());
    assert_eq!(before.totals().await.unwrap(), after.totals().await.unwrap());
    assert_eq!(after.held().await.unwrap().len(), 1, "a run under way comes along, to be found lost");
    let next = Stage::open(there, ()).await;
    let run = next.queue(&definition("a-task"), 1200).await;
    assert!(run.is_err() || run.unwrap() > before.runs(&all).await.unwrap()[0].id, "numbers go on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_import_keeps_everybody_out_and_is_repeated() {
    let places = Places::new();
    let export = exported(&full(places.file("first.db")).await).await;
    for url in [places.file("second.db"), PostgresCluster::shared().database()] {
        for part in [export.len() / 3, export.len() * 9 / 10, export.len() - 3] {
            let error = imported(&url, &export[..part]).await.unwrap_err();
            assert!(matches!(error, StoreError::BadExport { .. }), "{error}");
            for role in [Role::Daemon, Role::OneShot, Role::Reader] {
                let error = opened(&url, role).await.err().unwrap();
                assert!(matches!(error, StoreError::HalfImported { .. }), "{error}");
            }
        }
        imported(&url, &export[..]).await.unwrap();
        assert_eq!(body(&exported(&url).await), body(&export));
        let error = imported(&url, &export[..]).await.unwrap_err();
        assert!(matches!(error, StoreError::NotEmpty { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_export_is_refused_wherever_the_damage_is() {
    let places = Places::new();
    let url = full(places.file("first.db")).await;
    let export = exported(&url).await;
    let target = places.file("second.db");
    let lines: Vec<usize> =
        export.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    // One place in each line, and the ends of some.
    let within = lines.windows(2).enumerate().map(|(n, pair)| pair[0] + 1 + n * 7 % (pair[1] - pair[0]));
    for place in within.chain([3, 40, 90, 150, lines[0] - 3, export.len() - 1]) {
        let mut damaged = export.clone();
        damaged[place] ^= 1;
        let error = imported(&target, &damaged[..]).await.unwrap_err();
        let found = matches!(error, StoreError::BadExport { .. } | StoreError::ForeignExport { .. });
        assert!(found, "byte {place} of {}: {error}", export.len());
    }
    let mut longer = export.clone();
    longer.extend_from_slice(b"[]\n");
    assert!(matches!(imported(&target, &longer[..]).await, Err(StoreError::BadExport { .. })));
    imported(&target, &export[..]).await.unwrap();
}

#[tokio::test]
async fn an_export_of_another_schema_is_refused() {
    let places = Places::new();
    let export = exported(&full(places.file("first.db")).await).await;
    let text = String::from_utf8(export).unwrap();
    let schema = text.find("\"schema\":").unwrap();
    let newer = format!("{}\"schema\":99{}", &text[..schema], &text[schema + 10..]);
    let error = imported(&places.file("second.db"), newer.as_bytes()).await.unwrap_err();
    assert!(matches!(error, StoreError::ForeignExport { found: 99, .. }), "{error}");
    let nonsense = imported(&places.file("second.db"), &b"hello\n"[..]).await.unwrap_err();
    assert!(matches!(nonsense, StoreError::BadExport { line: 1, .. }), "{nonsense}");
    assert!(opened(&places.file("second.db"), Role::Daemon).await.is_ok(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_a_daemon_takes_no_import() {
    let places = Places::new();
    let export = exported(&full(places.file("first.db")).await).await;
    let busy = places.file("busy.db");
    let daemon = opened(&busy, Role::Daemon).await.unwrap();
    assert!(matches!(imported(&busy, &export[..]).await, Err(StoreError::Held { .. })));
    daemon.close().await;
    let url = PostgresCluster::shared().database();
    let daemon = opened(&url, Role::Daemon).await.unwrap();
    let entry = NodeEntry {
        holder: holder("a"),
        name: "rounds-1".to_owned(),
        one_shot: false,
        pid: 1,
        version: "0".to_owned(),
        listen: None,
        labels: Vec::new(),
        kinds: Vec::new(),
        configuration: None,
    };
    daemon.enter(&entry, at(0)).await.unwrap();
    let beating = async {
        loop {
            daemon.beat(&holder("a"), &[], at(1)).await.unwrap();
            // sleep: a heartbeat has a rhythm
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let error = tokio::select! {
        error = imported(&url, &export[..]) => error.unwrap_err(),
        never = beating => never,
    };
    assert!(matches!(&error, StoreError::InUse { who, .. } if who.contains("rounds-1")), "{error}");
    daemon.leave(&holder("a"), at(2)).await.unwrap();
    imported(&url, &export[..]).await.unwrap();
}
