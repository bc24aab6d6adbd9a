//! The ledger answers for any slot.

use crate::Installing as _;
use std::slice::from_ref;

use roundsman_model::{HumanDuration, Reason, SlotRange, TaskDefinition, Verdict as SlotVerdict};
use roundsman_store::{Fired, SlotFate};

use super::{Stage, Verdict, at, definition, firing_of, passed, slot};

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

/// A paused task that runs often has one row, not one for each slot, and the counts are those of the slots.
pub async fn a_row_grows_as_long_as_nothing_changes(stage: Stage) -> Verdict {
    let task = definition("grows");
    stage.install(from_ref(&task)).await?;
    for slots in [&[60][..], &[120], &[180, 240, 300], &[360]] {
        stage.pass(&task, slots, Reason::Paused).await?;
    }
    let grown = SlotRange { decided_at: at(360), ..passed(&task, 60, 360, 6, Reason::Paused) };
    assert_eq!(stage.store.slots(&task.name, None, 9).await?, from_ref(&grown));
    assert_eq!(stage.store.slot(&task.name, at(240)).await?, Some(grown));
    assert_eq!(stage.task(&task.name).await?.ledger_until, Some(at(360)));
    // A part of a firing that goes on, and a part that does not.
    let mut firing = stage.firing(&task, 600, vec![slot(600)]).await?;
    firing.passed.push(passed(&task, 420, 480, 2, Reason::Paused));
    firing.passed.push(passed(&task, 540, 540, 1, Reason::Blackout));
    stage.store.fire(vec![firing], None, at(600)).await?;
    let rows = stage.store.slots(&task.name, None, 9).await?;
    assert_eq!(
        rows.iter().map(|row| (row.first, row.last, row.count)).collect::<Vec<_>>(),
        [(at(600), at(600), 1), (at(540), at(540), 1), (at(60), at(480), 8)]
    );
    let skipped = |reason, count| (SlotVerdict::Skipped, Some(reason), count);
    let totals = stage.store.totals().await?.remove(0).1.slots;
    let fired = (SlotVerdict::Fired, None, 1);
    assert_eq!(totals, [fired, skipped(Reason::Blackout, 1), skipped(Reason::Paused, 8)]);
    Ok(())
}

/// Another reason, other words, a run, another definition, a time away: each begins a row of its own.
pub async fn a_row_does_not_grow_over_what_lies_between(stage: Stage) -> Verdict {
    let task = definition("between");
    stage.install(from_ref(&task)).await?;
    stage.pass(&task, &[60], Reason::Paused).await?;
    stage.pass(&task, &[120], Reason::Disabled).await?;
    stage.pass(&task, &[180], Reason::Paused).await?;
    let mut other_words = stage.firing(&task, 240, Vec::new()).await?;
    let words = Some("by somebody else".to_owned());
    other_words.passed.push(SlotRange { detail: words, ..passed(&task, 240, 240, 1, Reason::Paused) });
    stage.store.fire(vec![other_words], None, at(240)).await?;
    stage.pass(&task, &[300], Reason::Paused).await?;
    stage.queue(&task, 360).await?;
    stage.pass(&task, &[420], Reason::Paused).await?;
    // A run in the same firing, before the slots that are passed over.
    let mut mixed = stage.firing(&task, 540, vec![slot(480)]).await?;
    mixed.passed.push(passed(&task, 540, 540, 1, Reason::Paused));
    stage.store.fire(vec![mixed], None, at(540)).await?;
    let changed = TaskDefinition { timeout: HumanDuration::from_secs(99), ..task.clone() };
    stage.store.install_tasks(from_ref(&changed), at(550)).await?;
    stage.pass(&changed, &[600], Reason::Paused).await?;
    stage.pass(&changed, &[660], Reason::Paused).await?;
    stage.store.install_tasks(&[], at(700)).await?;
    stage.store.install_tasks(from_ref(&changed), at(5000)).await?;
    stage.pass(&changed, &[5040], Reason::Paused).await?;
    let mut rows = stage.store.slots(&task.name, None, 99).await?;
    rows.reverse();
    let spans: Vec<_> = rows.iter().map(|row| (row.first, row.count)).collect();
    let single = [60, 120, 180, 240, 300, 360, 420, 480, 540].map(|secs| (at(secs), 1));
    assert_eq!(spans, [&single[..], &[(at(600), 2), (at(5040), 1)]].concat());
    assert_eq!(stage.store.slot(&task.name, at(3000)).await?, None);
    Ok(())
}

/// Rows of a task never overlap: a range that would is refused, its neighbours in the batch are not; a slot inside a
/// recorded range is not fired.
pub async fn a_range_over_recorded_slots_is_refused(stage: Stage) -> Verdict {
    let (task, other) = (definition("crossed"), definition("other"));
    stage.install(&[task.clone(), other.clone()]).await?;
    stage.queue(&task, 180).await?;
    stage.claim_one("a", 180).await?;
    assert_eq!(stage.store.withdraw(&task.name, at(30), None).await?, Some(0));
    assert_eq!(stage.task(&task.name).await?.ledger_until, Some(at(30)));
    let mut crossing = stage.firing(&task, 300, vec![slot(300)]).await?;
    crossing.passed.push(passed(&task, 60, 240, 4, Reason::Paused));
    let beside = stage.firing(&other, 60, vec![slot(60)]).await?;
    let fired = stage.store.fire(vec![crossing, beside], None, at(300)).await?;
    assert_eq!(fired[0], Fired::Moved);
    assert!(matches!(&fired[1], Fired::Done(fates) if fates.len() == 1), "{fired:?}");
    stage.pass(&task, &[60, 120], Reason::Paused).await?;
    assert_eq!(stage.fire(&task, 180).await?, SlotFate::Recorded);
    stage.pass(&task, &[240, 300], Reason::Paused).await?;
    let spans: Vec<_> =
        stage.store.slots(&task.name, None, 9).await?.iter().map(|row| (row.first, row.count)).collect();
    assert_eq!(spans, [(at(240), 2), (at(180), 1), (at(60), 2)]);
    Ok(())
}
