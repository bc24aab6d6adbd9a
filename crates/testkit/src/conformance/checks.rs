//! What nodes found when they looked at tasks. That somebody looks is the engine's matter.

use crate::Installing as _;

use roundsman_model::{Finding, TaskDefinition};
use roundsman_store::{CheckRow, PruneOrder};

use super::{Stage, Verdict, at, definition};

fn check(task: &TaskDefinition, node: &str, at_secs: i64, findings: Vec<Finding>) -> CheckRow {
    CheckRow {
        task: task.name.clone(),
        definition: task.hash(),
        node: node.to_owned(),
        at: at(at_secs),
        findings,
    }
}

/// One row for a task and a node: a later look takes the place of an earlier one, whatever it found.
pub async fn the_last_look_of_each_node_is_kept(stage: Stage) -> Verdict {
    let (one, two) = (definition("one"), definition("two"));
    stage.install(&[one.clone(), two.clone()]).await?;
    let bad = Finding::failure(
        "reach https://netbox.example.com",
        "no answer – \"größer\" \u{1f980}",
        "ask for it",
    );
    let good = Finding::ok("reach https://netbox.example.com", "answered").about_credential("netbox");
    let store = &stage.store;
    assert_eq!(store.checks().await?, []);
    let from_b = check(&two, "b", 10, Vec::new());
    let first = check(&one, "a", 20, vec![bad, good.clone()]);
    assert!(store.record_check(from_b.clone()).await?);
    assert!(store.record_check(first.clone()).await?);
    assert_eq!(store.checks().await?, [first, from_b.clone()]);
    let mut changed = one.clone();
    changed.about = Some("changed".to_owned());
    let (second, other_node) =
        (check(&changed, "a", 5, vec![good.clone()]), check(&one, "c", 30, vec![good]));
    assert!(store.record_check(second.clone()).await?);
    assert!(store.record_check(second.clone()).await?, "the same again is one");
    assert!(store.record_check(other_node.clone()).await?);
    assert_eq!(store.checks().await?, [second, other_node, from_b]);
    Ok(())
}

/// Those of a task that leaves go, what comes after that is refused, and those that nobody renewed go in time.
pub async fn a_task_that_leaves_takes_its_checks_along(stage: Stage) -> Verdict {
    let (stays, leaves) = (definition("stays"), definition("leaves"));
    stage.install(&[stays.clone(), leaves.clone()]).await?;
    let of = |task: &TaskDefinition, seconds| check(task, "a", seconds, Vec::new());
    let store = &stage.store;
    assert!(store.record_check(of(&stays, 10)).await?);
    assert!(store.record_check(of(&leaves, 10)).await?);
    store.install_tasks(std::slice::from_ref(&stays), at(20)).await?;
    assert_eq!(store.checks().await?, [of(&stays, 10)]);
    assert!(!store.record_check(of(&leaves, 30)).await?);
    assert!(!store.record_check(of(&definition("never-was"), 30)).await?);
    assert_eq!(store.checks().await?, [of(&stays, 10)]);
    let order = |limit| PruneOrder {
        older_than: at(0),
        runs_per_task: 100,
        bytes: u64::MAX,
        ledger_older_than: at(limit),
        changes_older_than: at(0),
        removed_before: at(0),
        batch: 100,
        dry_run: false,
        from: roundsman_store::PruneCursor::default(),
    };
    for (limit, left) in [(10, 1), (11, 0)] {
        let mut next = Some(order(limit));
        while let Some(order) = next.take() {
            let from = store.prune(&order).await?.next;
            next = from.map(|from| PruneOrder { from, ..order });
        }
        assert_eq!(store.checks().await?.len(), left, "{limit}");
    }
    Ok(())
}
