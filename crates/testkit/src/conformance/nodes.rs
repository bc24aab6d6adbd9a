//! Nodes and the renewal of leases.

use roundsman_model::BootId;
use roundsman_store::{Holder, NodeEntry, RunLease};

use super::{Stage, Verdict, at, holder};

fn entry(name: &str) -> NodeEntry {
    NodeEntry {
        holder: holder(name),
        name: format!("{name}.example.com"),
        one_shot: name == "shot",
        pid: 4711,
        version: "0.1.0".to_owned(),
        listen: Some("127.0.0.1:9464".to_owned()),
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    }
}

/// Nodes are listed while they are there and for a day after they left.
pub async fn nodes_enter_beat_and_leave(stage: Stage) -> Verdict {
    let (a, shot) = (entry("a"), entry("shot"));
    stage.store.enter(&a, at(0)).await?;
    stage.store.enter(&shot, at(1)).await?;
    stage.store.beat(&a.holder, &[], at(10)).await?;
    let rows = stage.store.nodes(at(10)).await?;
    assert_eq!(rows.iter().map(|row| &row.entry).collect::<Vec<_>>(), [&a, &shot]);
    assert_eq!((rows[0].beats, rows[0].beat_at, rows[0].ended_at), (2, at(10), None));
    stage.store.leave(&shot.holder, at(20)).await?;
    assert_eq!(stage.store.nodes(at(21)).await?[1].ended_at, Some(at(20)));
    assert_eq!(stage.store.nodes(at(20 + 86_401)).await?.len(), 1);

    let reborn =
        NodeEntry { holder: Holder { boot: BootId::new("a-boot-2"), ..a.holder.clone() }, ..a.clone() };
    stage.store.enter(&reborn, at(30)).await?;
    stage.store.beat(&a.holder, &[], at(40)).await?;
    stage.store.leave(&a.holder, at(41)).await?;
    let row = stage.store.nodes(at(50)).await?.into_iter().find(|row| row.entry.holder.node == a.holder.node);
    let row = row.expect("the node is listed");
    assert_eq!((row.entry.holder, row.beat_at, row.ended_at), (reborn.holder, at(30), None));
    assert!(row.beats > 2, "whoever counts beats sees the node come back");
    Ok(())
}

/// A node learns from its heartbeat which runs it may go on with.
pub async fn renewing_tells_what_is_still_ours(stage: Stage) -> Verdict {
    let shot = entry("shot");
    stage.store.enter(&shot, at(0)).await?;
    let task = super::definition("held");
    stage.install(std::slice::from_ref(&task)).await?;
    let run = stage.queue(&task, 60).await?;
    let (_, lease) = stage.claim_one("shot", 60).await?;
    let before = stage.store.held().await?.remove(0);
    assert_eq!((before.run.id, &before.lease, before.one_shot), (run, &lease, true));
    let stale = RunLease { attempt: 2, ..lease.clone() };
    let stranger = RunLease { holder: holder("b"), ..lease.clone() };
    assert_eq!(stage.store.beat(&shot.holder, &[stale, lease.clone()], at(61)).await?, [run]);
    assert_eq!(stage.store.beat(&holder("b"), &[stranger], at(62)).await?, []);
    let after = stage.store.held().await?.remove(0);
    assert_eq!(after.renewals, before.renewals + 1);
    stage.succeed(&lease, 70).await?;
    assert_eq!(stage.store.beat(&shot.holder, &[lease], at(71)).await?, []);
    Ok(())
}
