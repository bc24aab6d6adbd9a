//! Runs that end before their end, at any request: what is done stays done and is known, and the next run does only the rest.

use std::time::Duration;

use roundsman_simulators::Fault;
use roundsman_task::TaskError;

use crate::stage::{Stage, lab, people};

#[tokio::test]
async fn a_backup_may_end_after_any_request() {
    let requests = {
        let stage = Stage::of(lab()).await;
        stage.save().await;
        stage.sim.journal().len()
    };
    assert_eq!(requests, 14);
    for at in 1..=requests {
        let mut stage = Stage::of(lab()).await;
        tokio::select! {
            biased;
            () = stage.sim.reached(at) => {}
            _ = stage.save() => {}
        }
        stage.settled().await;
        let done = stage.manifest().len();
        assert!(stage.manifest().iter().all(|line| line["status"] == "ok"));
        stage.again();
        let report = stage.save().await;
        assert_eq!((report.failed, report.unchanged), (0, done as u64), "ended at {at}");
        assert_eq!(
            (stage.exports(), stage.saved().len(), stage.manifest().len()),
            (6 - done, 6, 6),
            "ended at {at}"
        );
    }
}

#[tokio::test]
async fn a_restore_may_end_after_any_request() {
    let origin = Stage::of(lab()).await;
    origin.save().await;
    let all = Stage::of(lab()).await.there();
    for at in 1..=20 {
        let mut stage = origin.before(people()).await;
        tokio::select! {
            biased;
            () = stage.sim.reached(at) => {}
            _ = stage.restore() => {}
        }
        let done = stage.there().len() as u64;
        stage.again();
        let report = stage.restore().await;
        // An import that was on its way may have arrived after the look.
        assert!(
            report.was_there >= done && report.imported + report.was_there == 6,
            "ended at {at}: {report:?}"
        );
        assert_eq!(
            (report.failed, report.verified, report.differing),
            (0, 6, 0),
            "ended at {at}: {report:?}"
        );
        assert_eq!(stage.there().into_keys().collect::<Vec<_>>(), all.keys().cloned().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn who_is_told_to_stop_stops() {
    let mut stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on("GET */workspace/export").from_call(3).delay(Duration::from_millis(50)));
    let (saved, ()) = tokio::join!(stage.try_save(), async {
        stage.sim.reached(10).await;
        stage.test.cancel();
    });
    assert_eq!(saved, Err(TaskError::Cancelled));
    stage.settled().await;
    let done = stage.manifest().len();
    assert!(done < 6, "{done} were saved");
    stage.sim.clear_faults();
    stage.again();
    assert_eq!(stage.save().await.unchanged, done as u64);
    stage.test.cancel();
    assert_eq!(stage.try_restore().await, Err(TaskError::Cancelled));
}

#[tokio::test]
async fn no_time_left_is_no_failure_of_what_was_next() {
    let mut stage = Stage::of(lab()).await;
    let throttled =
        || Fault::on("GET */workspace/export").containing("second").status(429).retry_after("1000");
    stage.sim.fault(throttled());
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (5, 1), "{report:?}");
    stage.again();
    stage.leave(Duration::from_secs(50));
    let late = stage.try_save().await;
    assert!(matches!(late, Err(TaskError::Retry { not_before: Some(_), .. })), "{late:?}");
    stage.settled().await;
    assert_eq!(stage.manifest().iter().filter(|line| line["status"] == "ok").count(), 5);
}

#[tokio::test]
async fn only_one_saves_there_at_a_time() {
    let stage = Stage::of(lab()).await;
    stage.save().await;
    let lock = std::fs::File::open(stage.saving.out_dir.join(".backup.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(stage.try_save().await, Err(TaskError::Retry { .. })));
    drop(lock);
    assert_eq!(stage.save().await.unchanged, 6);
}

#[tokio::test]
async fn who_is_not_let_in_tries_nothing_else() {
    let stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on("GET */workspace/export").from_call(2).status(401));
    assert!(matches!(stage.try_save().await, Err(TaskError::Config { .. })));
}
