//! Documents of tasks that left the configuration: kept for a while in case they come back, then taken out. How a sweep
//! goes about it is asked elsewhere.

use crate::Installing as _;

use roundsman_model::{
    DocumentOp, DocumentReply, DocumentWrite, TaskDefinition,
    document::{MAX_BATCH, own_space, shared_space},
};
use roundsman_store::{PruneOrder, RunLease};
use serde_json::json;

use super::{
    Stage, Verdict, at, definition,
    prune::{nothing, sweep_as_foretold},
};

async fn write(stage: &Stage, lease: &RunLease, space: &str, collection: &str, count: usize) -> Verdict {
    let keys: Vec<String> = (0..count).map(|at| format!("k{at:05}")).collect();
    for batch in keys.chunks(MAX_BATCH) {
        let writes = batch.iter().map(|key| DocumentWrite::Insert { key: key.clone(), value: json!(1) });
        let op = DocumentOp::Write { writes: writes.collect() };
        stage.store.document(lease, space, collection, op, at(61)).await?;
    }
    Ok(())
}

async fn count(stage: &Stage, lease: &RunLease, space: &str, collection: &str) -> anyhow::Result<u64> {
    let op = DocumentOp::Count { prefix: String::new() };
    match stage.store.document(lease, space, collection, op, at(90)).await? {
        DocumentReply::Count { count } => Ok(count),
        other => panic!("{other:?}"),
    }
}

/// All of a removed task's own go, however many, after their time and not before; those of a task that came back, of one
/// whose name begins alike, and of shared spaces stay.
pub async fn documents_of_removed_tasks_go_in_their_time(stage: Stage) -> Verdict {
    let tasks = ["gone", "gone-not", "back"].map(definition);
    stage.install(&tasks).await?;
    let mut leases = Vec::new();
    for task in &tasks {
        stage.queue(task, 60).await?;
        leases.push(stage.claim_one("a", 60).await?.1);
    }
    let own = |task: &TaskDefinition| own_space(&task.name);
    let shared = shared_space("lab", "gone").expect("it is a name");
    write(&stage, &leases[0], &own(&tasks[0]), "many", 2500).await?;
    write(&stage, &leases[0], &own(&tasks[0]), "more", 2).await?;
    write(&stage, &leases[0], &shared, "many", 3).await?;
    write(&stage, &leases[1], &own(&tasks[1]), "many", 4).await?;
    write(&stage, &leases[2], &own(&tasks[2]), "many", 5).await?;
    stage.store.install_tasks(&tasks[1..2], at(70)).await?;
    stage.store.install_tasks(&tasks[1..], at(80)).await?;
    let order = |before| PruneOrder { removed_before: at(before), ..nothing() };
    assert_eq!(sweep_as_foretold(&stage, &order(70)).await?.documents, 0);
    assert_eq!(count(&stage, &leases[0], &own(&tasks[0]), "many").await?, 2500);
    assert_eq!(sweep_as_foretold(&stage, &order(71)).await?.documents, 2502);
    for (space, collection, left) in [
        (own(&tasks[0]), "many", 0),
        (own(&tasks[0]), "more", 0),
        (shared, "many", 3),
        (own(&tasks[1]), "many", 4),
        (own(&tasks[2]), "many", 5),
    ] {
        assert_eq!(count(&stage, &leases[1], &space, collection).await?, left, "{space} {collection}");
    }
    Ok(())
}
