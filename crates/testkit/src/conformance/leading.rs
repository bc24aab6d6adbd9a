//! The lead: one has it, and whoever lost it writes nothing any more. When to take it is not the store's matter.

use std::slice::from_ref;

use roundsman_model::{HumanDuration, RunState, TaskDefinition, Timestamp};
use roundsman_store::{Fired, Follow, Leader, SlotFate, Store};

use super::{
    Stage, Verdict, at, definition,
    following::{ended_root, follower},
    holder, slot,
};

async fn seen(store: &dyn Store) -> anyhow::Result<Leader> {
    Ok(store.leader().await?.expect("somebody led once"))
}

fn leader(node: &str, epoch: i64, renewals: i64, since: Timestamp) -> Leader {
    Leader { holder: Some(holder(node)), epoch, renewals, since }
}

/// At first nobody leads, later a leader that stands still is replaced: of ten who see the same, one gets it.
pub async fn of_ten_who_take_the_lead_one_has_it(stage: Stage) -> Verdict {
    let other = stage.other_node().await?;
    let nodes: Vec<_> = (0..10).map(|n| holder(&format!("n{n}"))).collect();
    assert_eq!(stage.store.leader().await?, None);
    for round in 1..=5_i64 {
        let before = stage.store.leader().await?;
        let tries = nodes.iter().enumerate().map(|(n, me)| {
            let store = if n % 2 == 0 { &stage.store } else { &other };
            store.take_lead(me, before.as_ref(), at(round))
        });
        let epochs = futures::future::try_join_all(tries).await?;
        let mut taken = epochs.iter().zip(&nodes).filter_map(|(epoch, me)| Some(((*epoch)?, me)));
        let (epoch, me) = taken.next().expect("one has it");
        assert_eq!(taken.next(), None, "in round {round} two have it");
        assert_eq!(epoch, round);
        let now = seen(&*other).await?;
        assert_eq!((now.holder.as_ref(), now.epoch, now.since), (Some(me), round, at(round)));
    }
    other.close().await;
    Ok(())
}

/// A leader that renews is not replaced by who saw it before; one that resigns may be replaced at once.
pub async fn the_lead_is_kept_and_given_up(stage: Stage) -> Verdict {
    let (a, b, store) = (holder("a"), holder("b"), &*stage.store);
    assert_eq!(store.take_lead(&a, None, at(1)).await?, Some(1));
    assert_eq!(store.take_lead(&b, None, at(2)).await?, None);
    let before = seen(store).await?;
    assert_eq!(before, leader("a", 1, 0, at(1)));
    assert!(store.keep_lead(&a, 1).await?);
    assert_eq!(seen(store).await?, leader("a", 1, 1, at(1)));
    assert_eq!(store.take_lead(&b, Some(&before), at(3)).await?, None);
    assert!(!store.keep_lead(&b, 1).await? && !store.keep_lead(&a, 2).await?);

    // Giving up what one does not have changes nothing.
    store.resign(&b, 1).await?;
    let still = seen(store).await?;
    assert_eq!(still, leader("a", 1, 1, at(1)));
    store.resign(&a, 1).await?;
    let vacant = seen(store).await?;
    assert_eq!((&vacant.holder, vacant.epoch), (&None, 1));
    assert!(!store.keep_lead(&a, 1).await?);
    assert_eq!(store.take_lead(&b, Some(&vacant), at(4)).await?, Some(2));
    assert_eq!(store.take_lead(&a, Some(&vacant), at(5)).await?, None);
    // The same node after a restart, which finds itself as the leader of old.
    let own = seen(store).await?;
    assert_eq!(store.take_lead(&b, Some(&own), at(6)).await?, Some(3));
    assert!(!store.keep_lead(&b, 2).await?);
    Ok(())
}

/// Under an epoch that is over, or was given up, nothing of a batch is written.
pub async fn a_deposed_leader_fires_nothing(stage: Stage) -> Verdict {
    let (one, two) = (definition("one"), definition("two"));
    stage.install(&[one.clone(), two.clone()]).await?;
    let (a, b, store) = (holder("a"), holder("b"), &*stage.store);
    store.take_lead(&a, None, at(0)).await?;
    let batch =
        vec![stage.firing(&one, 60, vec![slot(60)]).await?, stage.firing(&two, 60, vec![slot(60)]).await?];
    let deposed = [Fired::Deposed, Fired::Deposed];
    store.take_lead(&b, Some(&seen(store).await?), at(1)).await?;
    assert_eq!(store.fire(batch.clone(), Some(1), at(60)).await?, deposed);
    assert_eq!(store.fire(batch.clone(), Some(3), at(60)).await?, deposed);
    store.resign(&b, 2).await?;
    assert_eq!(store.fire(batch.clone(), Some(2), at(60)).await?, deposed);
    for task in [&one, &two] {
        assert_eq!(store.slots(&task.name, None, 9).await?, []);
        assert_eq!(stage.task(&task.name).await?.ledger_until, Some(at(0)));
    }
    assert_eq!(stage.next_due().await?, None, "no run was queued");
    store.take_lead(&b, Some(&seen(store).await?), at(2)).await?;
    let fired = store.fire(batch, Some(3), at(60)).await?;
    assert!(fired.iter().all(|fired| matches!(fired, Fired::Done(_))), "{fired:?}");
    Ok(())
}

/// Nor does it take anything back, let a task follow, or give a run up.
pub async fn a_deposed_leader_writes_nothing_else_either(stage: Stage) -> Verdict {
    let (root, next) = (definition("root"), definition("next"));
    let late = TaskDefinition { start_within: Some(HumanDuration::from_secs(60)), ..definition("late") };
    stage.install(&[root.clone(), next.clone(), late.clone()]).await?;
    let store = &*stage.store;
    let ended = ended_root(&stage, &root, RunState::Succeeded).await?;
    let waits = stage.queue(&late, 60).await?;
    store.take_lead(&holder("a"), None, at(0)).await?;
    store.take_lead(&holder("b"), Some(&seen(store).await?), at(1)).await?;
    let followers = [Follow::Run(follower(&next))];
    assert_eq!(store.withdraw(&late.name, at(30), Some(1)).await?, None);
    assert_eq!(store.follow(ended, &followers, Some(1), at(130)).await?, None);
    assert_eq!(store.expire(&[waits], Some(1), at(130)).await?, None);
    assert_eq!(stage.run(waits).await?.state, RunState::Queued);
    assert_eq!(stage.task(&late.name).await?.ledger_until, Some(at(60)));
    assert_eq!(store.unfollowed(None, 9).await?.len(), 1);
    assert_eq!(store.follow(ended, &followers, Some(2), at(130)).await?.map(|runs| runs.len()), Some(1));
    assert_eq!(store.expire(&[waits], Some(2), at(130)).await?.map(|runs| runs.len()), Some(1));
    assert_eq!(store.withdraw(&late.name, at(30), Some(2)).await?, Some(1));
    Ok(())
}

/// While one takes the lead the other fires: either it was before, or it is refused. Nothing comes after.
pub async fn firing_and_taking_the_lead_exclude_each_other(stage: Stage) -> Verdict {
    let task = definition("race");
    stage.install(from_ref(&task)).await?;
    let other = stage.other_node().await?;
    stage.store.take_lead(&holder("a"), None, at(0)).await?;
    for round in 1..=20_i64 {
        let minute = round * 60;
        let old = seen(&*stage.store).await?;
        let firing = stage.firing(&task, minute, vec![slot(minute)]).await?;
        let me = holder(if round % 2 == 0 { "a" } else { "b" });
        let (fired, epoch) = tokio::join!(
            stage.store.fire(vec![firing.clone()], Some(old.epoch), at(minute)),
            other.take_lead(&me, Some(&old), at(minute))
        );
        let epoch = epoch?.expect("nobody else takes it");
        // Whatever came of it: the old epoch is over, and the new one knows from the ledger whether the slot was fired.
        let again = stage.store.fire(vec![firing.clone()], Some(old.epoch), at(minute)).await?;
        assert_eq!(again, [Fired::Deposed]);
        let ours = other.fire(vec![firing], Some(epoch), at(minute)).await?;
        match (&fired?[..], &ours[..]) {
            ([Fired::Done(_)], [Fired::Moved]) => {}
            ([Fired::Deposed], [Fired::Done(fates)]) => {
                assert!(!fates.contains(&SlotFate::Recorded), "round {round}");
            }
            both => panic!("round {round}: {both:?}"),
        }
        assert_eq!(stage.store.slots(&task.name, None, 99).await?.len() as i64, round);
    }
    other.close().await;
    Ok(())
}
