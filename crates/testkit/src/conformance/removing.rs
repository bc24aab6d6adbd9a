//! Tasks that leave the configuration while something of theirs is under way: it ends, and nothing new begins. How a task
//! is removed is asked elsewhere.

use crate::Installing as _;
use std::slice::from_ref;

use roundsman_model::{RunState, StopOrder, Transition};
use roundsman_store::{Claimer, Follow, Requested};

use super::{
    Stage, Verdict, at, definition,
    following::{ended_root, follower},
    holder,
    requests::request,
};

const REMOVED: &str = "the task was removed from the configuration";

fn wait() -> Transition {
    Transition::Wait { due_at: at(300), cause: "no answer".to_owned(), counted: true }
}

/// Whoever decided that it follows had not heard of it. Its own followers learn that it does not run.
pub async fn a_removed_follower_is_skipped(stage: Stage) -> Verdict {
    let (root, gone, known) = (definition("root"), definition("gone"), definition("known"));
    stage.install(&[root.clone(), gone.clone(), known.clone()]).await?;
    let ended = ended_root(&stage, &root, RunState::Succeeded).await?;
    stage.store.install_tasks(&[root, known.clone()], at(70)).await?;
    let followers = [Follow::Run(follower(&gone)), Follow::Run(follower(&known))];
    let recorded = stage.store.follow(ended, &followers, None, at(71)).await?.expect("no epoch is over");
    let skipped = stage.run(recorded[0]).await?;
    assert_eq!((skipped.task, skipped.state, skipped.ended_at), (gone.name, RunState::Skipped, Some(at(71))));
    assert_eq!(skipped.cause.as_deref(), Some(REMOVED));
    assert_eq!(stage.claim_one("a", 80).await?.0.task, known.name);
    let unfollowed = stage.store.unfollowed(None, 9).await?;
    assert_eq!(unfollowed.iter().map(|run| run.id).collect::<Vec<_>>(), recorded[..1]);
    Ok(())
}

/// It is said since when it is gone, and nothing is written, not even what it would have been. A task that no daemon ever
/// installed is not gone, and one that comes back runs again.
pub async fn a_removed_task_is_not_run_on_request(stage: Stage) -> Verdict {
    let (gone, stranger) = (definition("gone"), definition("stranger"));
    stage.install(from_ref(&gone)).await?;
    stage.store.install_tasks(&[], at(10)).await?;
    let me = Claimer::of(holder("one-shot"));
    let mut other = gone.clone();
    other.about = Some("other".to_owned());
    for (definition, claimer) in [(&gone, None), (&gone, Some(&me)), (&other, Some(&me))] {
        let asked = stage.store.request(request(definition), claimer, at(20)).await?;
        assert_eq!(asked, Requested::Removed(at(10)));
    }
    assert_eq!(stage.store.last_runs().await?, []);
    assert_eq!(stage.store.definition(&gone.name, &other.hash()).await?, None);
    for second in [20, 21] {
        let asked = stage.store.request(request(&stranger), Some(&me), at(second)).await?;
        let Requested::Run(run) = asked else { panic!("{asked:?}") };
        assert_eq!(run.state, RunState::Running);
        let lease = roundsman_store::RunLease { run: run.id, attempt: 1, holder: holder("one-shot") };
        stage.succeed(&lease, second).await?;
    }
    stage.store.install_tasks(from_ref(&gone), at(30)).await?;
    assert!(matches!(stage.store.request(request(&gone), None, at(31)).await?, Requested::Run(_)));
    Ok(())
}

/// It finishes, but is neither tried again nor given back; who was asked to stop it is still told so.
pub async fn a_run_of_a_removed_task_does_not_go_on(stage: Stage) -> Verdict {
    let names = ["fails", "drained", "stopped", "works"];
    let tasks = names.map(definition);
    stage.install(&tasks).await?;
    let mut leases = Vec::new();
    for task in &tasks {
        stage.queue(task, 60).await?;
        leases.push(stage.claim_one("a", 60).await?.1);
    }
    stage.store.install_tasks(&[], at(70)).await?;
    let order = StopOrder { by: "erika".to_owned(), reason: None, at: at(71), replaced_by: None };
    stage.store.stop(leases[2].run, &order).await?;
    stage.settle(&leases[0], wait(), 80).await?;
    stage.settle(&leases[1], Transition::Release { cause: "interrupted".to_owned() }, 80).await?;
    stage.settle(&leases[2], wait(), 80).await?;
    stage.succeed(&leases[3], 80).await?;
    let expected = [
        (RunState::Cancelled, Some(REMOVED.to_owned())),
        (RunState::Cancelled, Some(REMOVED.to_owned())),
        (RunState::Cancelled, Some(order.to_string())),
        (RunState::Succeeded, None),
    ];
    for (lease, (state, cause)) in leases.iter().zip(expected) {
        let run = stage.run(lease.run).await?;
        assert_eq!((run.state, run.cause, run.ended_at), (state, cause, Some(at(80))), "{}", run.task);
    }
    assert_eq!(stage.next_due().await?, None);
    for (task, totals) in stage.store.totals().await? {
        assert_eq!(totals.runs.iter().map(|count| count.1).sum::<u64>(), 1, "{task}");
    }
    Ok(())
}

/// While one removes the task its run goes to wait: in either order nothing of it is left.
pub async fn removing_and_settling_exclude_each_other(stage: Stage) -> Verdict {
    let other = stage.other_node().await?;
    for round in 0..20 {
        let task = definition(&format!("race-{round}"));
        stage.install(from_ref(&task)).await?;
        let run = stage.queue(&task, 60).await?;
        let (_, lease) = stage.claim_one("a", 60).await?;
        let (removed, settled) =
            tokio::join!(other.install_tasks(&[], at(70)), stage.settle(&lease, wait(), 70));
        removed?;
        settled?;
        let run = stage.run(run).await?;
        assert_eq!((run.state, run.cause.as_deref()), (RunState::Cancelled, Some(REMOVED)), "round {round}");
    }
    other.close().await;
    Ok(())
}
