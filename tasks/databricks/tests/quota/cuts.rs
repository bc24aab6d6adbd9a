//! Polls that are ended in the middle: after each request, and before or after its effect. The next one finishes the work.

use roundsman_simulators::{Fault, Level, Principal, Scenario, State};

use crate::stage::{CLUSTER, Stage};

/// The worked example, a moment after the hard limit.
async fn at_the_limit() -> Stage {
    let mut stage = Stage::of(Scenario::named("day").unwrap()).await;
    stage.poll_every_15_min_until("14:00").await;
    stage.go_to("14:05:05");
    stage
}

fn check(stage: &Stage, what: &str) {
    let (state, granted, teacher) = stage.sim.world(|world| {
        let group = Principal::Group("group_07".to_owned());
        let teacher = Principal::User("ta@example.edu".to_owned());
        (world.state(CLUSTER), world.granted(CLUSTER, &group), world.granted(CLUSTER, &teacher))
    });
    assert_eq!(state, Some(State::Terminated), "{what}");
    assert_eq!((granted, teacher), (Some(Level::CanAttachTo), Some(Level::CanManage)), "{what}");
    let mails = stage.mails();
    let stops = mails.iter().filter(|mail| mail.contains("daily limit reached")).count();
    assert_eq!((stops, mails.len()), (1, 2), "{what}: {mails:?}");
    let blocks = stage.documents("blocks");
    assert_eq!(blocks.len(), 1, "{what}");
    assert_eq!(blocks[0].1["snapshot"]["group_level"], "CAN_RESTART", "{what}: {blocks:?}");
    let measures = stage.measures("2026-11-16");
    let expected = ["revoke/0 done", "stop_mail/0 done", "terminate/0 done", "warn_mail/0 done"];
    assert_eq!(measures, expected, "{what}");
    let used = stage.used_secs("cluster_07");
    assert!((12600..12660).contains(&used), "{what}: {used}");
}

#[tokio::test]
async fn a_poll_that_is_ended_after_any_request_is_finished_by_the_next() {
    for requests in 1.. {
        let mut stage = at_the_limit().await;
        let is_cut = stage.poll_cut_after(requests).await;
        stage.go_to("14:05:20");
        stage.poll_well().await;
        stage.go_to("14:15");
        stage.poll_well().await;
        check(&stage, &format!("after request {requests}"));
        if !is_cut {
            assert!(requests > 6, "the poll asks more than {requests} times");
            return;
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_changes_nothing() {
    let requests = [
        "GET /api/2.1/clusters/list",
        "POST /api/2.1/clusters/events",
        "GET /api/2.0/permissions/*",
        "PUT /api/2.0/permissions/*",
        "POST /api/2.1/clusters/delete",
        "GET /api/2.1/clusters/get",
        "POST /emails:send",
    ];
    for request in requests {
        for fault in [Fault::on(request).times(1).cut(), Fault::on(request).times(1).cut().after_effect()] {
            let mut stage = at_the_limit().await;
            let what = format!("{fault:?}");
            stage.sim.fault(fault);
            stage.poll_well().await;
            for at in ["14:15", "14:30"] {
                stage.go_to(at);
                stage.poll_well().await;
            }
            check(&stage, &what);
        }
    }
}
