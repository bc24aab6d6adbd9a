//! Logs, listings and totals.

use roundsman_store::Claimer;
use std::slice::from_ref;

use roundsman_model::{Outcome, Reason, RunId, RunState, TaskName, Transition, Verdict as SlotVerdict};
use roundsman_store::{LogChunk, RunFilter, RunLease};

use super::{Stage, Verdict, at, definition, holder};

/// By attempt, then by number, whatever the order of arrival; the same piece twice is one.
pub async fn a_log_is_read_in_order_and_in_pages(stage: Stage) -> Verdict {
    let (run, _) = stage.running("log").await?;
    let chunk = |attempt, seq| LogChunk {
        run: run.id,
        attempt,
        seq,
        lines: format!("{{\"a\":{attempt},\"s\":{seq}}}\n"),
    };
    for (attempt, seq) in [(2, 5), (1, 2), (1, 1), (2, 4), (1, 3), (1, 2)] {
        stage.store.append_log(chunk(attempt, seq)).await?;
    }
    let all = stage.store.log(run.id, None, 9).await?;
    assert_eq!(all, [chunk(1, 1), chunk(1, 2), chunk(1, 3), chunk(2, 4), chunk(2, 5)]);
    assert_eq!(stage.store.log(run.id, Some((1, 2)), 2).await?, [chunk(1, 3), chunk(2, 4)]);
    assert_eq!(stage.store.log(RunId(999), None, 9).await?, []);
    Ok(())
}

/// Newest first, filtered and paged.
pub async fn runs_are_listed_newest_first(stage: Stage) -> Verdict {
    let (a, b) = (definition("a"), definition("b"));
    stage.install(&[a.clone(), b.clone()]).await?;
    let mut ids = Vec::new();
    for minute in 1..=6 {
        let task = if minute % 2 == 0 { &a } else { &b };
        ids.push(stage.queue(task, minute * 60).await?);
        let (_, lease) = stage.claim_one("n", minute * 60).await?;
        let state = if minute % 3 == 0 { RunState::Failed } else { RunState::Succeeded };
        stage.settle(&lease, Transition::End { state, cause: None, outcome: None }, minute * 60 + 1).await?;
    }
    ids.reverse();
    let base = RunFilter { limit: 9, ..RunFilter::default() };
    let list = async |filter: RunFilter| -> anyhow::Result<Vec<RunId>> {
        Ok(stage.store.runs(&filter).await?.into_iter().map(|run| run.id).collect())
    };
    assert_eq!(list(base.clone()).await?, ids);
    assert_eq!(list(RunFilter { limit: 2, ..base.clone() }).await?, ids[..2]);
    assert_eq!(list(RunFilter { before: Some(ids[1]), limit: 2, ..base.clone() }).await?, ids[2..4]);
    assert_eq!(
        list(RunFilter { task: Some(a.name.clone()), ..base.clone() }).await?,
        [ids[0], ids[2], ids[4]]
    );
    assert_eq!(list(RunFilter { since: Some(at(241)), ..base.clone() }).await?, ids[..2]);
    assert_eq!(list(RunFilter { since: Some(at(9999)), ..base.clone() }).await?, []);
    let failed = RunFilter { states: vec![RunState::Failed], ..base.clone() };
    assert_eq!(list(failed.clone()).await?, [ids[0], ids[3]]);
    assert_eq!(list(RunFilter { task: Some(b.name.clone()), ..failed }).await?, [ids[3]]);
    let both = RunFilter { states: vec![RunState::Failed, RunState::Succeeded], limit: 3, ..base };
    assert_eq!(list(both).await?, ids[..3]);
    assert_eq!(stage.store.run(RunId(999)).await?, None);
    Ok(())
}

/// What metrics are made from equals what listings show.
pub async fn totals_add_up(stage: Stage) -> Verdict {
    let (busy, idle) = (definition("busy"), definition("idle"));
    stage.install(&[busy.clone(), idle.clone()]).await?;
    for minute in 1..=3 {
        stage.queue(&busy, minute * 60).await?;
        let (_, lease) = stage.claim_one("n", minute * 60).await?;
        stage.fire(&busy, minute * 60 + 30).await?;
        stage.succeed(&lease, minute * 60 + 40).await?;
    }
    stage.queue(&busy, 400).await?;
    let totals = stage.store.totals().await?;
    let names: Vec<&TaskName> = totals.iter().map(|(name, _)| name).collect();
    assert_eq!(names, [&busy.name, &idle.name]);
    let busy = &totals[0].1;
    assert_eq!(busy.runs, [(RunState::Succeeded, 3)]);
    let skipped = (SlotVerdict::Skipped, Some(Reason::Overlap), 3);
    assert_eq!(busy.slots, [(SlotVerdict::Fired, None, 1), (SlotVerdict::Ran, None, 3), skipped]);
    assert_eq!(busy.active, [(RunState::Queued, 1)]);
    assert_eq!(busy.queued, [(None, 1)]);
    assert_eq!(busy.last_success, Some(at(220)));
    assert_eq!(totals[1].1, roundsman_store::TaskTotals::default());
    Ok(())
}

/// What tasks and the world come up with: quotes, other scripts, emoji, and NUL, which one database cannot keep.
pub async fn texts_of_every_kind_survive(stage: Stage) -> Verdict {
    let task = definition("texts");
    stage.install(from_ref(&task)).await?;
    for (number, text) in
        ["it's \"so\"; --", "$1 ? % _ \\", "日本語 🚒 e\u{301}", "line\nline\ttab", ""].iter().enumerate()
    {
        let secs = 60 * (number as i64 + 1);
        let run = stage.queue(&task, secs).await?;
        stage.store.claim(&Claimer::of(holder("n")), 1, at(secs)).await?;
        let lease = RunLease { run, attempt: 1, holder: holder("n") };
        let outcome = Some(Outcome::success(*text).with_detail(*text));
        let end = Transition::End {
            state: RunState::Partial,
            cause: Some((*text).to_owned()),
            outcome: outcome.clone(),
        };
        stage.settle(&lease, end, secs).await?;
        let found = stage.run(run).await?;
        assert_eq!((found.cause.as_deref(), found.outcome), (Some(*text), outcome));
    }
    let run = stage.queue(&task, 600).await?;
    assert!(stage.store.give_up(run, RunState::Cancelled, "a\0b", at(601)).await?);
    assert_eq!(stage.run(run).await?.cause.as_deref(), Some("a\u{fffd}b"));
    let chunk = LogChunk { run, attempt: 1, seq: 1, lines: "{\"text\":\"a\\u0000b\"}".to_owned() };
    stage.store.append_log(chunk.clone()).await?;
    assert_eq!(stage.store.log(run, None, 1).await?, [chunk]);
    Ok(())
}
