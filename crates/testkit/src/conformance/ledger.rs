//! The ledger answers for any slot.

use std::slice::from_ref;

use roundsman_model::{Reason, SlotRange, Verdict as SlotVerdict};

use super::{Stage, Verdict, at, definition, firing_of, slot};

/// A range answers for each of its slots and for nothing beside it.
pub async fn ranges_answer_for_every_instant_in_them(stage: Stage) -> Verdict {
    let task = definition("ranges");
    stage.install(from_ref(&task)).await?;
    let range = SlotRange {
        task: task.name.clone(),
        first: at(60),
        last: at(600),
        count: 10,
        verdict: SlotVerdict::Skipped,
        reason: Some(Reason::Paused),
        detail: None,
        run: None,
        decided_at: at(660),
    };
    let mut firing = firing_of(&task, Some(at(0)), 660, vec![slot(660)]);
    firing.passed.push(range.clone());
    stage.store.fire(vec![firing], None, at(660)).await?;
    for inside in [60, 61, 300, 600] {
        assert_eq!(stage.store.slot(&task.name, at(inside)).await?.as_ref(), Some(&range), "{inside}");
    }
    for outside in [0, 59, 601, 661, 7200] {
        assert_eq!(stage.store.slot(&task.name, at(outside)).await?, None, "{outside}");
    }
    let other = definition("other").name;
    assert_eq!(stage.store.slot(&other, at(60)).await?, None);
    let skipped = (SlotVerdict::Skipped, Some(Reason::Paused), 10);
    assert_eq!(stage.store.totals().await?[0].1.slots, [(SlotVerdict::Fired, None, 1), skipped]);
    Ok(())
}

/// Newest first, each page ending where the one before began.
pub async fn pages_go_back_in_time(stage: Stage) -> Verdict {
    let task = definition("pages");
    stage.install(from_ref(&task)).await?;
    for minute in 1..=7 {
        stage.fire(&task, minute * 60).await?;
    }
    let first: Vec<_> = stage.store.slots(&task.name, None, 3).await?.iter().map(|row| row.last).collect();
    assert_eq!(first, [at(420), at(360), at(300)]);
    let second = stage.store.slots(&task.name, Some(at(299)), 3).await?;
    assert_eq!(second.iter().map(|row| row.last).collect::<Vec<_>>(), [at(240), at(180), at(120)]);
    assert_eq!(stage.store.slots(&task.name, Some(at(120)), 9).await?.len(), 2);
    Ok(())
}
