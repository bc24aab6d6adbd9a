//! A past for the tests of the command line, as a daemon would have written it. No worker ran for it.

use roundsman_model::{
    AttemptEnd, BootId, Counts, NodeId, Outcome, Overlap, Reason, Run, SlotRange, TaskDefinition, TaskError,
    Transition, Verdict,
};
use roundsman_store::Claimer;
use roundsman_store::{Firing, Holder, LogChunk, NodeEntry, RunLease, Settlement, SlotToRun, Store};
use roundsman_testkit::Installing as _;

use crate::stage::at;

fn me() -> Holder {
    Holder { node: NodeId::new("node-a"), boot: BootId::new("boot-1") }
}

/// One good run, an outage, one failed run, and one that is running.
pub(crate) async fn past(store: &dyn Store, tasks: &[TaskDefinition]) {
    let begun = at("2026-11-20T20:00:00Z");
    let node = NodeEntry {
        holder: me(),
        name: "host-a".to_owned(),
        one_shot: false,
        pid: 4711,
        version: "0.1.0".to_owned(),
        listen: Some("127.0.0.1:9464".to_owned()),
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    };
    store.enter(&node, begun).await.unwrap();
    store.install_tasks(tasks, begun).await.unwrap();
    let [backup, five] = tasks else { panic!("two tasks are configured") };
    let run = slot(store, backup, "2026-11-21T01:00:00Z", Vec::new()).await;
    leave_things(store, &run).await;
    let counts = Counts { processed: 3, ok: 3, ..Counts::default() };
    let outcome = Outcome::success("dumped 3 databases").with_counts(counts);
    end(store, &run, AttemptEnd::Finished { outcome }).await;
    let outage = SlotRange {
        task: five.name.clone(),
        first: at("2026-11-21T02:05:00Z"),
        last: at("2026-11-21T09:00:00Z"),
        count: 84,
        verdict: Verdict::Missed,
        reason: Some(Reason::Down),
        detail: Some("daemon down from 03:01 to 10:02".to_owned()),
        run: None,
        decided_at: at("2026-11-21T09:02:00Z"),
    };
    let run = slot(store, five, "2026-11-21T12:40:00Z", vec![outage]).await;
    end(store, &run, AttemptEnd::Erred { error: TaskError::permanent("exit code 1") }).await;
    slot(store, five, "2026-11-21T12:45:00Z", Vec::new()).await;
    store.beat(&me(), &[], at("2026-11-21T12:47:58Z")).await.unwrap();
}

/// A good run for one more slot of a task.
pub(crate) async fn another(store: &dyn Store, task: &TaskDefinition, at: &str) {
    let run = slot(store, task, at, Vec::new()).await;
    end(store, &run, AttemptEnd::Finished { outcome: Outcome::success("dumped 3 databases") }).await;
}

/// Fires a slot and begins its run.
async fn slot(store: &dyn Store, task: &TaskDefinition, slot: &str, passed: Vec<SlotRange>) -> Run {
    let slot = at(slot);
    let rows = store.tasks().await.unwrap();
    let row = rows.iter().find(|row| row.definition.name == task.name).unwrap();
    let firing = Firing {
        task: task.name.clone(),
        kind: task.kind.clone(),
        definition: task.hash(),
        overlap: Overlap::Skip,
        terms: task.terms(),
        followed: false,
        revision: row.revision,
        ledger_was: row.ledger_until,
        ledger_until: slot,
        passed,
        run: vec![SlotToRun { slot: Some(slot), due_at: slot, extra: roundsman_store::Extra::default() }],
    };
    store.fire(vec![firing], None, slot).await.unwrap();
    let started = slot + chrono::TimeDelta::milliseconds(40);
    store
        .claim(&Claimer::of(me()), 10, started)
        .await
        .unwrap()
        .runs
        .pop()
        .expect("the run that was just queued")
}

fn lease(run: &Run) -> RunLease {
    RunLease { run: run.id, attempt: run.attempt, holder: me() }
}

/// Adds a line to the log of a run.
pub(crate) async fn log(store: &dyn Store, run: &Run, seq: i64, at: &str, stream: &str, text: &str) {
    let line = serde_json::json!({ "at": at, "stream": stream, "level": "info", "text": text });
    let chunk = LogChunk { run: run.id, attempt: run.attempt, seq, lines: line.to_string() };
    store.append_log(chunk).await.unwrap();
}

async fn leave_things(store: &dyn Store, run: &Run) {
    log(store, run, 1, "2026-11-21T01:00:00.100Z", "log", "begins").await;
    log(store, run, 2, "2026-11-21T01:00:00.200Z", "stdout", "hello").await;
    let bytes = b"dumped\n".to_vec();
    let artifact = roundsman_model::Artifact {
        name: "dump.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        size: bytes.len() as u64,
        sha256: "68adce0b4ab1e8ee1d3dcd9ff6bd5c0e2ba5bb5c6b9f8d2b6a2f7a4b7b7e0d11".to_owned(),
    };
    assert!(store.put_artifact(&lease(run), &artifact, bytes, run.started_at.unwrap()).await.unwrap());
}

/// Ends a run.
pub(crate) async fn end(store: &dyn Store, run: &Run, end: AttemptEnd) {
    let at = run.started_at.unwrap() + chrono::TimeDelta::milliseconds(1200);
    let transition: Transition =
        roundsman_model::settle(run, end.clone(), &roundsman_model::RetryPolicy::never(), at, 0.5);
    let settlement = Settlement {
        wake_at: None,
        lease: lease(run),
        end,
        transition,
        metrics: Vec::new(),
        cpu_ms: Some(3),
        max_rss: None,
        at,
    };
    store.settle(settlement).await.unwrap();
}
