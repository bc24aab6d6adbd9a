//! Pauses, and the record of what people asked for. What a pause means for a slot is the model's matter.

use crate::Installing as _;
use std::slice::from_ref;

use roundsman_model::{Origin, Pause, Reason, RunId, TaskName};
use roundsman_store::{Control, Fired, NewRun, Round};

use super::{Stage, Verdict, at, definition, slot};

fn pause(from: i64, until: Option<i64>, reason: Option<&str>) -> Pause {
    Pause {
        from: at(from),
        until: until.map(at),
        by: "alice".to_owned(),
        reason: reason.map(ToOwned::to_owned),
    }
}

/// What was decided before a pause, or before its end, is refused, and the task is to be looked at again.
pub async fn a_pause_refuses_what_was_decided_before_it(stage: Stage) -> Verdict {
    let (task, other) = (definition("paused"), definition("other"));
    stage.install(&[task.clone(), other.clone()]).await?;
    let before = stage.firing(&task, 60, vec![slot(60)]).await?;
    let beside = stage.firing(&other, 60, vec![slot(60)]).await?;
    assert!(stage.store.pause(&task.name, &pause(30, None, None)).await?);
    let fired = stage.store.fire(vec![before, beside], None, at(60)).await?;
    assert!(matches!(&fired[..], [Fired::Moved, Fired::Done(_)]), "{fired:?}");
    assert_eq!(stage.store.slots(&task.name, None, 9).await?, []);
    stage.pass(&task, &[60], Reason::Paused).await?;

    let before = stage.firing(&task, 120, Vec::new()).await?;
    assert!(stage.store.resume(&task.name, "bob", at(90)).await?);
    assert_eq!(stage.store.fire(vec![before], None, at(120)).await?, [Fired::Moved]);
    stage.queue(&task, 120).await?;
    Ok(())
}

/// The newer word counts from then on; the older one ends where it begins.
pub async fn a_paused_task_is_paused_anew(stage: Stage) -> Verdict {
    let task = definition("anew");
    stage.install(from_ref(&task)).await?;
    let words = |from, until, reason| pause(from, until, Some(reason));
    stage.store.pause(&task.name, &words(30, None, "first")).await?;
    stage.store.pause(&task.name, &words(50, Some(500), "second")).await?;
    let pauses = stage.task(&task.name).await?.pauses;
    assert_eq!(pauses, [words(30, Some(50), "first"), words(50, Some(500), "second")]);
    // In the same instant the later word replaces the earlier one.
    stage.store.pause(&task.name, &words(50, Some(900), "third")).await?;
    let pauses = stage.task(&task.name).await?.pauses;
    assert_eq!(pauses, [words(30, Some(50), "first"), words(50, Some(900), "third")]);

    assert!(stage.store.resume(&task.name, "bob", at(200)).await?);
    assert!(!stage.store.resume(&task.name, "bob", at(201)).await?);
    let pauses = stage.task(&task.name).await?.pauses;
    assert_eq!(pauses, [words(30, Some(50), "first"), words(50, Some(200), "third")]);
    // One that has passed as planned is not ended again; one that a clock ahead of ours began is.
    stage.store.pause(&task.name, &words(300, Some(400), "planned")).await?;
    assert!(!stage.store.resume(&task.name, "bob", at(400)).await?);
    stage.store.pause(&task.name, &words(800, None, "ahead")).await?;
    assert!(stage.store.resume(&task.name, "bob", at(500)).await?);
    let ahead = stage.task(&task.name).await?.pauses.pop().expect("it is told");
    assert!(!ahead.covers(at(800)) && !ahead.covers(at(9000)), "{ahead:?}");
    Ok(())
}

/// A pause is told until all its slots are in the ledger.
pub async fn a_pause_is_told_as_long_as_it_matters(stage: Stage) -> Verdict {
    let (task, other) = (definition("matters"), definition("other"));
    stage.install(&[task.clone(), other.clone()]).await?;
    stage.store.pause(&task.name, &pause(30, Some(100), None)).await?;
    stage.store.pause(&task.name, &pause(150, Some(200), None)).await?;
    stage.store.pause(&task.name, &pause(250, None, None)).await?;
    let told = async || -> anyhow::Result<Vec<_>> {
        let from = |pause: &Pause| (pause.from - at(0)).num_seconds();
        Ok(stage.task(&task.name).await?.pauses.iter().map(from).collect())
    };
    assert_eq!(told().await?, [30, 150, 250]);
    stage.pass(&task, &[60], Reason::Paused).await?;
    assert_eq!(told().await?, [30, 150, 250]);
    stage.queue(&task, 120).await?;
    assert_eq!(told().await?, [150, 250]);
    stage.pass(&task, &[180, 240, 300], Reason::Paused).await?;
    assert_eq!(told().await?, [250]);
    assert_eq!(stage.task(&other.name).await?.pauses, []);
    Ok(())
}

/// A task that only `run-task` ever ran can be paused before a daemon knows it; one that nobody knows cannot.
pub async fn a_task_without_a_ledger_is_paused(stage: Stage) -> Verdict {
    let task = definition("manual");
    assert!(!stage.store.pause(&task.name, &pause(0, None, None)).await?);
    assert!(!stage.store.resume(&task.name, "bob", at(0)).await?);
    let run = NewRun {
        definition: task.clone(),
        slot: None,
        origin: Origin::Manual,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    };
    stage.store.request(run, None, at(0)).await?;
    assert!(stage.store.pause(&task.name, &pause(5, None, None)).await?);
    let row = stage.task(&task.name).await?;
    assert_eq!((row.first_seen, row.pauses), (None, vec![pause(5, None, None)]));
    stage.store.install_tasks(from_ref(&task), at(20)).await?;
    assert_eq!(stage.task(&task.name).await?.pauses, [pause(5, None, None)]);
    assert_eq!(stage.store.controls(None, 9).await?.len(), 1, "what did not happen is not recorded");
    Ok(())
}

/// Who asked for what, when and why, newest first; of one task or of all.
pub async fn what_people_asked_for_is_listed(stage: Stage) -> Verdict {
    let (one, two) = (definition("one"), definition("two"));
    stage.install(&[one.clone(), two.clone()]).await?;
    let control = |at_secs, what: &str, task: Option<&TaskName>, detail: Option<&str>| Control {
        at: at(at_secs),
        by: "alice".to_owned(),
        what: what.to_owned(),
        task: task.cloned(),
        run: None,
        detail: detail.map(ToOwned::to_owned),
    };
    let store = &stage.store;
    store.pause(&one.name, &pause(10, None, None)).await?;
    store.pause(&one.name, &pause(20, Some(86_400), Some("upgrade"))).await?;
    store.resume(&one.name, "alice", at(30)).await?;
    let reload = control(40, "reload", None, None);
    let trigger = Control { run: Some(RunId(7)), ..control(50, "trigger", Some(&two.name), Some("days=3")) };
    store.note_control(&reload).await?;
    store.note_control(&trigger).await?;
    let resume = control(30, "resume", Some(&one.name), None);
    let second = control(20, "pause", Some(&one.name), Some("upgrade, until 2026-01-06T12:00:00Z"));
    let first = control(10, "pause", Some(&one.name), None);
    assert_eq!(
        store.controls(None, 9).await?,
        [trigger.clone(), reload, resume.clone(), second.clone(), first.clone()]
    );
    assert_eq!(store.controls(Some(&one.name), 9).await?, [resume, second, first]);
    assert_eq!(store.controls(None, 1).await?, [trigger]);
    Ok(())
}
