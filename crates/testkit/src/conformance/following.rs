//! Rounds: what follows an ended run is recorded once, and every follower is accounted for.

use anyhow::Result;
use roundsman_model::{Origin, RunId, RunState, TaskDefinition, Transition, after::round_of_slot};
use roundsman_store::{Claimer, Fired, Firing, Follow, NewRun, Round, RunFilter, RunLease, SlotFate};

use super::{Stage, Verdict, at, definition, holder, slot};

pub(super) fn follower(task: &TaskDefinition) -> Box<NewRun> {
    Box::new(NewRun {
        definition: task.clone(),
        slot: None,
        origin: Origin::After,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Of(round_of_slot(at(60))),
        rerun_of: None,
        inputs: Vec::new(),
    })
}

/// A run of the round of second 60 that has just ended.
pub(super) async fn ended_root(stage: &Stage, root: &TaskDefinition, state: RunState) -> Result<RunId> {
    let firing = Firing { followed: true, ..stage.firing(root, 60, vec![slot(60)]).await? };
    let fired = stage.store.fire(vec![firing], None, at(60)).await?;
    let [Fired::Done(fates)] = &fired[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(run)] = fates[..] else { panic!("{fates:?}") };
    let me = Claimer::of(holder("a"));
    stage.store.claim_run(&me, run, at(60)).await?.expect("the root starts");
    assert_eq!(stage.store.unfollowed(None, 9).await?.iter().filter(|ended| ended.id == run).count(), 0);
    let lease = RunLease { run, attempt: 1, holder: holder("a") };
    stage.settle(&lease, Transition::End { state, cause: None, outcome: None }, 70).await?;
    Ok(run)
}

async fn unfollowed(stage: &Stage) -> Result<Vec<RunId>> {
    Ok(stage.store.unfollowed(None, 9).await?.iter().map(|run| run.id).collect())
}

/// One follower runs, another is skipped and its own followers learn of it; asking again changes nothing.
pub async fn following_twice_is_once(stage: Stage) -> Verdict {
    let (root, next, other) = (definition("root"), definition("next"), definition("other"));
    stage.install(&[root.clone(), next.clone(), other.clone()]).await?;
    let ended = ended_root(&stage, &root, RunState::Failed).await?;
    assert_eq!(unfollowed(&stage).await?, [ended]);
    let cause = "upstream root failed".to_owned();
    let followers = [Follow::Skip(follower(&next), cause.clone()), Follow::Run(follower(&other))];
    let recorded = stage.store.follow(ended, &followers, None, at(71)).await?.expect("no epoch is over");
    assert_eq!(recorded.len(), 2);
    assert_eq!(stage.store.follow(ended, &followers, None, at(72)).await?, Some(vec![]));
    let round = RunFilter { round: Some(round_of_slot(at(60))), limit: 9, ..RunFilter::default() };
    let runs = stage.store.runs(&round).await?;
    assert_eq!(runs.len(), 3);
    let of = |task: &TaskDefinition| runs.iter().find(|run| run.task == task.name).expect("it has a run");
    let skipped = of(&next);
    assert_eq!((skipped.state, skipped.ended_at, skipped.attempt), (RunState::Skipped, Some(at(71)), 0));
    assert_eq!((&skipped.cause, skipped.origin, skipped.slot), (&Some(cause), Origin::After, None));
    assert_eq!((of(&other).state, of(&other).origin), (RunState::Queued, Origin::After));
    // The one that was skipped is itself to be followed; the one that runs not yet.
    assert_eq!(unfollowed(&stage).await?, [skipped.id]);
    assert_eq!(stage.store.follow(skipped.id, &[], None, at(73)).await?, Some(vec![]));
    assert_eq!(unfollowed(&stage).await?, []);
    let totals = stage.store.totals().await?;
    let ended: Vec<_> = totals
        .iter()
        .flat_map(|(name, totals)| totals.runs.iter().map(move |count| (name.as_str(), *count)))
        .collect();
    assert_eq!(ended, [("next", (RunState::Skipped, 1)), ("root", (RunState::Failed, 1))]);
    let of_next = RunFilter { task: Some(next.name), states: vec![RunState::Skipped], ..round };
    assert_eq!(stage.store.runs(&of_next).await?.len(), 1);
    assert_eq!(stage.claim_one("b", 80).await?.0.task, other.name);
    Ok(())
}

/// Two upstreams end at once, and both find that the last one is ready: it gets one run.
pub async fn two_upstreams_have_one_follower(stage: Stage) -> Verdict {
    let (one, two, last) = (definition("one"), definition("two"), definition("last"));
    stage.install(&[one.clone(), two.clone(), last.clone()]).await?;
    let ended = [
        ended_root(&stage, &one, RunState::Succeeded).await?,
        ended_root(&stage, &two, RunState::Succeeded).await?,
    ];
    let other = stage.other_node().await?;
    let followers = [Follow::Run(follower(&last))];
    let (first, second) = tokio::join!(
        stage.store.follow(ended[0], &followers, None, at(71)),
        other.follow(ended[1], &followers, None, at(71))
    );
    let recorded = |runs: Option<Vec<RunId>>| runs.map_or(0, |runs| runs.len());
    assert_eq!(recorded(first?) + recorded(second?), 1);
    assert_eq!(unfollowed(&stage).await?, []);
    let of_last = RunFilter { task: Some(last.name), limit: 9, ..RunFilter::default() };
    assert_eq!(stage.store.runs(&of_last).await?.len(), 1);
    other.close().await;
    Ok(())
}

/// A follower that is still busy with another round is skipped, and accounted for.
pub async fn a_follower_obeys_the_overlap_rule(stage: Stage) -> Verdict {
    let (root, next) = (definition("root"), definition("next"));
    stage.install(&[root.clone(), next.clone()]).await?;
    let busy = stage.queue(&next, 50).await?;
    let ended = ended_root(&stage, &root, RunState::Succeeded).await?;
    let followers = [Follow::Run(follower(&next))];
    let recorded = stage.store.follow(ended, &followers, None, at(71)).await?.expect("no epoch is over");
    let skipped = stage.run(recorded[0]).await?;
    assert_eq!((skipped.state, skipped.ended_at), (RunState::Skipped, Some(at(71))));
    assert_eq!(skipped.cause, Some(format!("overlap: run {busy} was still active")));
    assert_eq!(unfollowed(&stage).await?, recorded);
    Ok(())
}

/// The newest run of each task, whatever became of it; tasks without runs are not there.
pub async fn the_last_run_of_each_task_is_found(stage: Stage) -> Verdict {
    let (a, b, never) = (definition("a"), definition("b"), definition("never"));
    stage.install(&[a.clone(), b.clone(), never]).await?;
    for minute in 1..4 {
        stage.queue(&a, minute * 60).await?;
        let (_, lease) = stage.claim_one("n", minute * 60).await?;
        stage.succeed(&lease, minute * 60 + 1).await?;
    }
    let last_of_b = stage.queue(&b, 200).await?;
    let last_of_a = stage.queue(&a, 300).await?;
    let last: Vec<_> = stage.store.last_runs().await?.iter().map(|run| run.id).collect();
    assert_eq!(last, [last_of_a, last_of_b]);
    Ok(())
}

/// However many there are, the oldest first and none twice.
pub async fn what_waits_is_read_in_pages(stage: Stage) -> Verdict {
    let roots: Vec<_> = (0..5).map(|n| definition(&format!("root-{n}"))).collect();
    stage.install(&roots).await?;
    let mut ended = Vec::new();
    for root in &roots {
        ended.push(ended_root(&stage, root, RunState::Succeeded).await?);
    }
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = stage.store.unfollowed(after, 2).await?;
        read.extend(page.iter().map(|run| run.id));
        match page.last() {
            Some(last) => after = Some(last.id),
            None => break,
        }
    }
    assert_eq!(read, ended);
    Ok(())
}
