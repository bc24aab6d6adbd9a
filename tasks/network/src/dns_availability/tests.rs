//! The kind with a host that is described by the test: its resolvers and its network. Nothing leaves loopback.

use std::{fs, net::UdpSocket, sync::Arc, time::Duration};

use roundsman_task::{Kind, OutcomeStatus, TaskError};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::{Value, json};

use super::{DnsAvailability, config::tests::config, run, self_check::LocalPath};

/// A port that is taken and yet refuses: the socket hears only one peer, which is never there.
fn deaf() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    socket
}

fn dead_server(deaf: &UdpSocket) -> Value {
    let port = deaf.local_addr().unwrap().port();
    json!({ "servers": [{ "name": "dead", "addr": "127.0.0.1", "port": port }], "attempts": 2, "timeout": "2s" })
}

#[tokio::test]
async fn without_resolvers_there_is_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resolv.conf");
    let with = json!({ "resolv_conf": path });
    let test = TestContext::default();
    let missing = DnsAvailability::run(test.cx(), config(with.clone()).unwrap()).await.unwrap();
    assert_eq!(missing.status, OutcomeStatus::Skipped);
    assert!(missing.summary.contains("cannot be read"), "{}", missing.summary);
    fs::write(&path, "search example.com\n").unwrap();
    let empty = DnsAvailability::run(test.cx(), config(with).unwrap()).await.unwrap();
    assert_eq!(empty.status, OutcomeStatus::Skipped);
    assert!(empty.summary.contains("names no resolver"), "{}", empty.summary);
    assert!(test.metrics().is_empty() && test.documents("states").is_empty());
}

#[tokio::test]
async fn a_host_without_network_judges_nobody() {
    let deaf = deaf();
    let test = TestContext::default();
    let cut_off = |_| LocalPath::Broken("interface eth0 is down".to_owned());
    let error = run(test.cx(), &config(dead_server(&deaf)).unwrap(), cut_off).await.unwrap_err();
    assert_eq!(
        error,
        TaskError::permanent("self_check: this host itself is cut off: interface eth0 is down")
    );
    assert!(test.documents("states").is_empty());
    assert!(test.metrics().is_empty());
}

#[tokio::test]
async fn a_dead_server_is_down_at_the_third_look() {
    let deaf = deaf();
    let clock = Arc::new(FakeClock::at("2026-01-05T12:00:00Z"));
    let config = config(dead_server(&deaf)).unwrap();
    let mut test = TestContext::builder().clock(clock.clone()).build();
    let labels = [("server", "dead"), ("check", "root-ns")];
    for look in 1..=3 {
        let error = DnsAvailability::run(test.cx(), config.clone()).await.unwrap_err();
        assert!(matches!(&error, TaskError::Permanent { .. }), "{error:?}");
        assert!(error.to_string().contains("dead, root-ns: nothing listens there"), "{error}");
        assert_eq!(test.metric("roundsman_dns_up", &labels), Some(0.0));
        assert_eq!(test.metric("roundsman_dns_loss_ratio", &labels), Some(1.0));
        assert_eq!(test.metric("roundsman_dns_latency_seconds", &labels), None);
        let state = if look < 3 { "unknown" } else { "down" };
        let report = test.artifact_json("dns-availability.json");
        assert_eq!(report["checks"][0]["state"], state, "look {look}");
        assert_eq!(report["checks"][0]["judgement"]["cause"], "refused");
        assert_eq!(report["transitions"].as_array().unwrap().len(), usize::from(look == 3));
        let [server, check] = labels;
        assert_eq!(test.metric("roundsman_dns_state", &[server, check, ("state", state)]), Some(1.0));
        assert_eq!(test.metric("roundsman_dns_state", &[server, check, ("state", "ok")]), Some(0.0));
        assert!(test.undeclared_metrics(&DnsAvailability::INFO).is_empty());
        clock.advance(Duration::from_secs(60));
        test = test.next_run();
    }
}

#[tokio::test]
async fn a_repeated_attempt_counts_once() {
    let deaf = deaf();
    let config = config(dead_server(&deaf)).unwrap();
    let mut test = TestContext::default();
    for _ in 0..4 {
        DnsAvailability::run(test.cx(), config.clone()).await.unwrap_err();
        test = test.next_attempt();
    }
    let kept = test.document("states", "dead/root-ns").unwrap();
    assert_eq!(kept.value["recent"], json!(["down"]));
}

#[tokio::test]
async fn what_is_no_longer_looked_at_is_forgotten_and_what_cannot_be_read_begins_anew() {
    let deaf = deaf();
    let test = TestContext::builder()
        .document("states", "gone/root-ns", json!({ "any": "thing" }))
        .document("states", "dead/root-ns", json!("from another version"))
        .build();
    DnsAvailability::run(test.cx(), config(dead_server(&deaf)).unwrap()).await.unwrap_err();
    assert!(test.document("states", "gone/root-ns").is_none());
    assert_eq!(test.document("states", "dead/root-ns").unwrap().value["recent"], json!(["down"]));
}

#[tokio::test]
async fn a_dry_run_keeps_nothing() {
    let deaf = deaf();
    let test = TestContext::builder().dry_run().build();
    DnsAvailability::run(test.cx(), config(dead_server(&deaf)).unwrap()).await.unwrap_err();
    assert!(test.documents("states").is_empty());
}

#[tokio::test]
async fn without_time_left_checks_are_passed_over() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let with = json!({ "servers": [{ "name": "a", "addr": "127.0.0.1", "port": silent.local_addr().unwrap().port() }] });
    let test = TestContext::builder().time_left(Duration::from_secs(1)).build();
    let outcome = DnsAvailability::run(test.cx(), config(with).unwrap()).await.unwrap();
    assert_eq!((outcome.counts.processed, outcome.counts.skipped), (0, 1));
    assert_eq!(outcome.detail["checks"][0]["state"], "unknown");
    assert_eq!(outcome.detail["checks"][0]["excuse"], "the run's time was used up");
}

#[tokio::test]
async fn cancelling_ends_the_wait() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let with = json!({ "servers": [{ "name": "a", "addr": "127.0.0.1", "port": port }], "timeout": "30s" });
    let test = TestContext::default();
    test.cancel();
    let began = tokio::time::Instant::now();
    assert_eq!(
        DnsAvailability::run(test.cx(), config(with).unwrap()).await.unwrap_err(),
        TaskError::Cancelled
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}
