//! Whether the servers can be asked: what the kind finds before it runs.

use roundsman_network::DnsAvailability;
use roundsman_task::{Entry, Finding, FindingLevel};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use crate::{liar::Liar, real::deaf, unbound::Unbound};

async fn look(with: Value) -> Vec<Finding> {
    let test = TestContext::default();
    let found =
        Entry::of::<DnsAvailability>("tests").preflight(test.cx(), with).await.expect("the table fits");
    assert_eq!((test.metrics().len(), test.documents("states").len()), (0, 0), "a look leaves no trace");
    found
}

fn server(name: &str, port: u16) -> Value {
    json!({ "name": name, "addr": "127.0.0.1", "port": port })
}

#[tokio::test]
async fn every_server_is_asked_one_question() {
    let unbound = Unbound::start().await;
    let deaf = deaf(0);
    let dead = deaf.local_addr().unwrap().port();
    let check = json!({ "name": "www.example.com", "latency_warn": "20s", "latency_crit": "20s" });
    let with = |servers: Value| json!({ "servers": servers, "checks": [check], "latency_warn": "20s", "latency_crit": "20s" });

    let found = look(with(json!([server("one", unbound.at.port()), server("dead", dead)]))).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(
        (found[0].level, found[0].what.as_str()),
        (FindingLevel::Ok, &*format!("ask one at {}", unbound.at))
    );
    assert!(found[0].found.starts_with("NOERROR to www.example.com. A over UDP in "), "{:?}", found[0]);
    // That one is silent is what the task is there to tell.
    assert_eq!(found[1].level, FindingLevel::Warning);
    assert!(found[1].found.contains("nothing listens there") && found[1].advice.is_some(), "{:?}", found[1]);

    let found = look(with(json!([server("dead", dead)]))).await;
    assert_eq!(found[0].level, FindingLevel::Failure, "none answers: {found:#?}");

    let refused = json!({
        "servers": [server("one", unbound.at.port())],
        "checks": [{ "name": "refused.example.org" }],
    });
    let found = look(refused).await;
    assert!(found[0].level == FindingLevel::Warning && found[0].found.starts_with("REFUSED"), "{found:#?}");
}

#[tokio::test]
async fn a_silent_server_holds_nobody_up() {
    let silent = Liar::udp(|_| {});
    let began = tokio::time::Instant::now();
    let found = look(json!({
        "servers": [server("silent", silent.at.port())], "timeout": "30s", "attempts": 10,
    }))
    .await;
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(found[0].level == FindingLevel::Failure && found[0].found.contains("no answer"), "{found:#?}");
}

#[tokio::test]
async fn without_servers_it_says_what_to_write() {
    let found = look(json!({ "resolv_conf": "/nonexistent/resolv.conf" })).await;
    assert_eq!(found[0].level, FindingLevel::Failure);
    assert!(found[0].found.contains("/nonexistent/resolv.conf"), "{found:#?}");
}
