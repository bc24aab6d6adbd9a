//! Stopping runs in each of their states. How a node ends a worker is not the store's matter.

use roundsman_model::{
    Reason, RunId, RunState, SlotRange, StopOrder, TaskDefinition, Transition, Verdict as SlotVerdict,
};
use roundsman_store::{Claimer, Control, Stopped};

use super::{Stage, Verdict, at, definition, holder};

fn order(by: &str, secs: i64, reason: Option<&str>) -> StopOrder {
    StopOrder { by: by.to_owned(), reason: reason.map(ToOwned::to_owned), at: at(secs), replaced_by: None }
}

/// A queued run ends and its slot is skipped; one that waits for a retry ends and its slot did run.
pub async fn what_has_not_started_ends_at_once(stage: Stage) -> Verdict {
    let (queued, waiting) = (definition("queued"), definition("waiting"));
    stage.install(&[queued.clone(), waiting.clone()]).await?;
    let waits = stage.queue(&waiting, 60).await?;
    let (_, lease) = stage.claim_one("a", 60).await?;
    let wait = Transition::Wait { due_at: at(900), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease, wait, 70).await?;
    let run = stage.queue(&queued, 60).await?;
    for (run, order) in [(run, order("alice", 80, Some("not now"))), (waits, order("bob", 81, None))] {
        assert_eq!(stage.store.stop(run, &order).await?, Stopped::Ended);
        let ended = stage.run(run).await?;
        assert_eq!((ended.state, ended.ended_at), (RunState::Cancelled, Some(order.at)));
        assert_eq!(ended.cause, Some(order.to_string()));
    }
    let slot = async |task: &TaskDefinition| -> anyhow::Result<SlotRange> {
        Ok(stage.store.slot(&task.name, at(60)).await?.expect("the slot is accounted for"))
    };
    let skipped = slot(&queued).await?;
    assert_eq!((skipped.verdict, skipped.reason), (SlotVerdict::Skipped, Some(Reason::Cancelled)));
    assert_eq!(skipped.detail.as_deref(), Some("cancelled by alice: not now"));
    assert_eq!(slot(&waiting).await?.verdict, SlotVerdict::Ran);
    assert_eq!(stage.store.claim(&Claimer::of(holder("b")), 9, at(900)).await?.runs, []);
    let totals = stage.store.totals().await?;
    assert!(totals.iter().all(|(_, totals)| totals.runs == [(RunState::Cancelled, 1)]), "{totals:?}");
    assert_eq!(totals[0].1.slots, [(SlotVerdict::Skipped, Some(Reason::Cancelled), 1)]);
    // Their places are free.
    stage.queue(&queued, 960).await?;
    stage.queue(&waiting, 960).await?;
    Ok(())
}

/// The node that runs it is named and finds the order; a second one changes nothing.
pub async fn a_running_run_gets_one_order(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("runs").await?;
    let (first, second) = (order("alice", 70, Some("wrong host")), order("bob", 71, None));
    assert_eq!(stage.store.stop_orders(&holder("a")).await?, []);
    assert_eq!(stage.store.stop(run.id, &first).await?, Stopped::Asked(holder("a")));
    assert_eq!(stage.store.stop(run.id, &second).await?, Stopped::Asked(holder("a")));
    assert_eq!(stage.store.stop_orders(&holder("a")).await?, [(run.id, first.clone())]);
    assert_eq!(stage.store.stop_orders(&holder("b")).await?, []);
    let running = stage.run(run.id).await?;
    assert_eq!((running.state, running.stop), (RunState::Running, Some(first)));
    let control = |by: &str, secs, detail: Option<&str>| Control {
        at: at(secs),
        by: by.to_owned(),
        what: "cancel".to_owned(),
        task: Some(run.task.clone()),
        run: Some(run.id),
        detail: detail.map(ToOwned::to_owned),
    };
    let controls = stage.store.controls(Some(&run.task), 9).await?;
    assert_eq!(controls, [control("bob", 71, None), control("alice", 70, Some("wrong host"))]);
    stage.succeed(&lease, 80).await?;
    assert_eq!(stage.store.stop_orders(&holder("a")).await?, []);
    Ok(())
}

/// A run that has ended stays as it is; a number that no run has is said to be unknown.
pub async fn what_is_over_or_unknown_is_told(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("over").await?;
    stage.succeed(&lease, 70).await?;
    let before = stage.run(run.id).await?;
    let stopped = stage.store.stop(run.id, &order("alice", 80, None)).await?;
    assert_eq!(stopped, Stopped::Over(RunState::Succeeded));
    assert_eq!(stage.run(run.id).await?, before);
    assert_eq!(stage.store.stop(RunId(999), &order("alice", 80, None)).await?, Stopped::Unknown);
    assert_eq!(stage.store.controls(None, 9).await?, []);
    Ok(())
}

/// While one claims a run another stops it: either it never starts, or its node gets the order.
pub async fn stopping_and_claiming_exclude_each_other(stage: Stage) -> Verdict {
    let task = definition("race");
    stage.install(std::slice::from_ref(&task)).await?;
    let (me, other) = (Claimer::of(holder("a")), stage.other_node().await?);
    for round in 1..=20_i64 {
        let minute = round * 60;
        let run = stage.queue(&task, minute).await?;
        let wish = order("alice", minute, None);
        let (claimed, stopped) = tokio::join!(stage.store.claim(&me, 9, at(minute)), other.stop(run, &wish));
        let (claimed, now) = (claimed?.runs, stage.run(run).await?);
        let verdict = stage.store.slot(&task.name, at(minute)).await?.map(|slot| slot.verdict);
        match stopped? {
            Stopped::Ended => {
                assert_eq!(claimed, [], "round {round}");
                assert_eq!((now.state, verdict), (RunState::Cancelled, Some(SlotVerdict::Skipped)));
            }
            Stopped::Asked(by) => {
                assert_eq!((by, claimed.len()), (holder("a"), 1), "round {round}");
                assert_eq!((now.stop, verdict), (Some(wish), Some(SlotVerdict::Ran)));
                let lease = roundsman_store::RunLease { run, attempt: 1, holder: holder("a") };
                stage.succeed(&lease, minute + 1).await?;
            }
            neither => panic!("round {round}: {neither:?}"),
        }
    }
    other.close().await;
    Ok(())
}
