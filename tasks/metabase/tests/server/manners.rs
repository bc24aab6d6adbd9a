//! How the tasks of all processes together treat a server.

use std::{sync::Arc, time::Duration};

use roundsman_metabase::{
    config::CardRef,
    server::{Again, FailureClass, Server},
};
use roundsman_simulators::{
    Fault, Shape,
    metabase::{MetabaseScenario, Release},
};
use roundsman_task::{TaskError, Timestamp};
use serde_json::json;

use crate::{
    desk::{As, Desk, csv, read},
    paced::{Store, paced},
};

/// The most requests that began within a second.
fn most_in_a_second(at: &[Timestamp]) -> usize {
    let within = |from: &Timestamp| {
        at.iter().filter(|at| *at >= from && **at - *from < chrono::TimeDelta::seconds(1)).count()
    };
    at.iter().map(within).max().unwrap_or(0)
}

/// M-41.
#[tokio::test]
async fn three_tasks_keep_one_pace_and_two_exports() {
    let desk = Desk::new(MetabaseScenario::sample(Release::V57, 50), As::Key).await;
    let store = Arc::new(Store::default());
    let work = async |task: u32| {
        let cx = paced(desk.test.cx(), &desk.clock, &store, task);
        let server = Server::open(&cx, &desk.config()).await.unwrap();
        for _ in 0..3 {
            server.card(&CardRef::Number(1)).await.unwrap();
            let mut stream = server.export(&csv(1)).await.unwrap();
            // Others get their turns while this one is read.
            while stream.chunk().await.unwrap().is_some() {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::join!(work(1), work(2), work(3));
    let at: Vec<Timestamp> = desk.sim.journal().iter().map(|entry| entry.at).collect();
    assert_eq!(at.len(), 18);
    // Two at once after a rest, then two a second: any second has what both give together, at most.
    assert!(most_in_a_second(&at) <= 4, "{at:?}");
    let took = *at.last().unwrap() - at[0];
    assert!(took >= chrono::TimeDelta::seconds(8), "{took}");
    assert!(desk.sim.most_in_flight() <= 2);
}

#[tokio::test]
async fn every_request_takes_its_turn_logins_and_further_tries_too() {
    let desk = Desk::with_login().await;
    desk.sim.fault(Fault::on("GET /api/user/current").status(502).times(1));
    desk.server().await.current_user().await.unwrap();
    assert_eq!(desk.asked().len(), 3, "a login and two tries");
    assert_eq!(desk.test.taken_from_budget(&desk.budget()), 3);
}

#[tokio::test]
async fn a_throttling_server_is_left_alone_by_all_and_then_asked_half_as_often() {
    let desk = Desk::sample().await;
    desk.sim.fault(Fault::on("GET /api/user/current").status(429).retry_after("20").times(1));
    let (server, begun) = (desk.server().await, desk.test.cx().now());
    server.current_user().await.unwrap();
    assert_eq!(desk.test.budget_held_until(&desk.budget()), Some(begun + chrono::TimeDelta::seconds(20)));
    assert_eq!(server.throttled_for(), Duration::from_secs(20));
    let at: Vec<_> = desk.sim.journal().iter().map(|entry| entry.at).collect();
    assert!((at[1] - at[0]).num_seconds() >= 20, "{at:?}");
    // The second try cost two, and so do those of other processes.
    assert_eq!(desk.test.taken_from_budget(&desk.budget()), 3);
    desk.elsewhere().await.current_user().await.unwrap();
    assert_eq!(desk.test.taken_from_budget(&desk.budget()), 5);
    desk.clock.advance(Duration::from_secs(61));
    desk.elsewhere().await.current_user().await.unwrap();
    assert_eq!(desk.test.taken_from_budget(&desk.budget()), 6);
}

#[tokio::test]
async fn a_login_that_is_throttled_by_a_proxy_makes_all_wait() {
    let desk = Desk::with_login().await;
    desk.sim.fault(Fault::on("POST /api/session").status(429).retry_after("20").times(1));
    let begun = desk.test.cx().now();
    desk.server().await.current_user().await.unwrap();
    assert_eq!(desk.test.budget_held_until(&desk.budget()), Some(begun + chrono::TimeDelta::seconds(20)));
    assert_eq!(desk.logins(), 2);
}

#[tokio::test]
async fn no_server_may_ask_for_a_pause_of_a_day() {
    let desk = Desk::sample().await.configured(json!({ "timeouts": { "retry_after_cap": "90s" } }));
    desk.sim.fault(Fault::on("POST /api/card/1/query/csv").status(429).retry_after("86400"));
    let begun = desk.test.cx().now();
    let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
    assert_eq!((failure.class, failure.again), (FailureClass::Throttled, Again::Yes), "{failure}");
    assert_eq!(failure.not_before, Some(begun + chrono::TimeDelta::seconds(90)));
    assert!(matches!(TaskError::from(failure), TaskError::Snooze { .. }));
}

/// Who only asks how the server is may be told to wait as well.
#[tokio::test]
async fn a_pause_that_is_asked_for_at_the_first_request_holds_for_all() {
    let desk = Desk::sample().await;
    desk.sim.fault(Fault::on("GET /api/health").status(429).retry_after("86400"));
    let until = desk.test.cx().now() + chrono::TimeDelta::seconds(300);
    let failure = desk.server().await.wait_ready().await.unwrap_err();
    assert_eq!((failure.class, failure.not_before), (FailureClass::Throttled, Some(until)), "{failure}");
    assert_eq!(desk.test.budget_held_until(&desk.budget()), Some(until));
    assert!(matches!(TaskError::from(failure), TaskError::Snooze { until: at, .. } if at == until));
}

#[tokio::test]
async fn who_finds_no_place_for_an_export_waits_for_it() {
    let desk = Desk::sample().await;
    let leases: Vec<String> = (0..2).map(|number| format!("{}-export-{number}", desk.budget())).collect();
    for lease in &leases {
        desk.test.take_lease_for(lease, "other");
    }
    let server = desk.server().await;
    let request = csv(1);
    let freed = async {
        while desk.test.waits().len() < 3 {
            tokio::task::yield_now().await;
        }
        desk.test.free_lease(&leases[1]);
    };
    let (stream, ()) = tokio::join!(server.export(&request), freed);
    assert_eq!(desk.test.leases(), [leases[1].as_str()]);
    read(&mut stream.unwrap()).await.unwrap();
    assert!(desk.test.leases().is_empty(), "it is given back with the last byte");
}

#[tokio::test]
async fn not_longer_than_the_attempt_lasts() {
    let desk = Desk::sample().await;
    for number in 0..2 {
        desk.test.take_lease_for(&format!("{}-export-{number}", desk.budget()), "other");
    }
    let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
    assert_eq!(failure.class, FailureClass::Busy, "{failure}");
    assert!(matches!(TaskError::from(failure), TaskError::Retry { not_before: Some(_), .. }));
    assert!(desk.sim.exports().is_empty());
}

#[tokio::test]
async fn a_dropped_export_makes_room_and_its_place_is_given_back_at_the_end() {
    let desk = Desk::sample().await.configured(json!({ "max_concurrent_exports": 1 }));
    let server = desk.server().await;
    drop(server.export(&csv(1)).await.unwrap());
    assert_eq!(desk.test.leases().len(), 1, "nobody could be told yet");
    drop(server.export(&csv(1)).await.unwrap());
    server.close().await;
    assert!(desk.test.leases().is_empty());
}

#[tokio::test]
async fn what_fails_gives_its_place_back() {
    let desk = Desk::sample().await;
    desk.sim.fault(Fault::on("POST /api/card/1/query/csv").status(403).shape(Shape::RawText, "", "no"));
    let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
    assert_eq!(failure.class, FailureClass::Permission);
    assert!(desk.test.leases().is_empty());
}
