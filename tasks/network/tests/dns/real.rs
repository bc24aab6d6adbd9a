//! What the kind makes of a real server.

use std::net::UdpSocket;

use roundsman_task::OutcomeStatus;
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use crate::{
    ask::{expect, row, run},
    unbound::Unbound,
};

/// A port that is taken and yet refuses: the socket hears only one peer, which is never there.
pub(crate) fn deaf(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(("127.0.0.1", port)).expect("loopback has room for a socket");
    socket.connect("127.0.0.1:9").expect("loopback has room for a socket");
    socket
}

#[tokio::test]
async fn checks_of_all_kinds() {
    let unbound = Unbound::start().await;
    let ask = async |check: Value| row(unbound.at, "both", check, json!({})).await;
    let www = |more: Value| {
        let mut check = json!({ "name": "www.example.com" });
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check
    };
    expect(&ask(json!({})).await, "ok", Value::Null);
    expect(
        &ask(www(json!({ "expect": "exact", "values": ["192.0.2.11", "192.0.2.10"] }))).await,
        "ok",
        Value::Null,
    );
    expect(&ask(www(json!({ "expect": "exact", "values": ["192.0.2.10"] }))).await, "down", "records");
    expect(&ask(www(json!({ "values": ["192.0.2.10"] }))).await, "ok", Value::Null);
    expect(&ask(www(json!({ "type": "AAAA", "values": ["2001:db8:0::10"] }))).await, "ok", Value::Null);
    expect(&ask(www(json!({ "type": "MX", "expect": "none" }))).await, "ok", Value::Null);
    expect(&ask(www(json!({ "kind": "tcp" }))).await, "ok", Value::Null);
    expect(
        &ask(json!({ "name": "example.com", "type": "MX", "values": ["10 MAIL.example.com"] })).await,
        "ok",
        Value::Null,
    );
    expect(&ask(json!({ "name": "example.com", "kind": "aa" })).await, "ok", Value::Null);
    expect(&ask(json!({ "name": "example.com", "kind": "soa_sync" })).await, "ok", Value::Null);
    expect(&ask(www(json!({ "kind": "recursion" }))).await, "ok", Value::Null);
    expect(&ask(json!({ "name": "none.example.com", "kind": "nxdomain" })).await, "ok", Value::Null);
    expect(&ask(json!({ "name": "x.hijacked.example.net", "kind": "nxdomain" })).await, "down", "hijack");
    expect(&ask(json!({ "name": "refused.example.org", "rcode": "REFUSED" })).await, "ok", Value::Null);
    expect(&ask(json!({ "name": "refused.example.org" })).await, "down", "rcode");
}

#[tokio::test]
async fn an_answer_too_large_for_udp_comes_over_tcp() {
    let unbound = Unbound::start().await;
    let check = json!({ "name": "large.example.com", "type": "TXT" });
    let row = row(unbound.at, "resolver", check, json!({})).await;
    expect(&row, "ok", Value::Null);
    assert_eq!((&row["via"], &row["truncated"]), (&json!("tcp"), &json!(true)), "{row:#}");
    assert_eq!(row["records"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn a_zone_that_cannot_be_reached_is_a_server_failure() {
    let unbound = Unbound::start().await;
    let row = row(unbound.at, "resolver", json!({ "name": "broken.example.org" }), json!({})).await;
    expect(&row, "down", "rcode");
    assert_eq!(row["rcode"], "SERVFAIL");
}

#[tokio::test]
async fn a_server_that_drops_a_question_is_silent() {
    let unbound = Unbound::start().await;
    let more = json!({ "timeout": "200ms", "attempts": 2 });
    let row = row(unbound.at, "resolver", json!({ "name": "silent.example.org" }), more).await;
    expect(&row, "down", "timeout");
    assert_eq!(row["attempts"], 2);
}

#[tokio::test]
async fn several_servers_and_their_states() {
    let unbound = Unbound::start().await;
    let server = |name: &str, more: Value| {
        let mut server = json!({ "name": name, "addr": unbound.at.ip(), "port": unbound.at.port() });
        server.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server
    };
    let deaf = deaf(0);
    let dead = deaf.local_addr().unwrap().port();
    let with = json!({
        "servers": [
            server("one", json!({})),
            server("two", json!({ "transport": "tcp" })),
            server("dead", json!({ "port": dead })),
            server("behind", json!({ "port": dead, "parents": ["dead"] })),
        ],
        "checks": [
            { "name": "www.example.com", "label": "www" },
            { "name": "broken.example.org", "label": "broken", "servers": ["one", "two"] },
        ],
        "latency_warn": "20s",
        "latency_crit": "20s",
        "timeout": "10s",
        "fail_ratio": 1,
    });
    let test = TestContext::default();
    let outcome = run(&test, with.clone()).await;
    assert_eq!(outcome.status, OutcomeStatus::Partial);
    let counts = outcome.counts;
    assert_eq!(
        (counts.processed, counts.ok, counts.failed, counts.skipped),
        (5, 2, 3, 1),
        "{}",
        outcome.summary
    );
    let row = |server: &str, check: &str| {
        let rows = outcome.detail["checks"].as_array().unwrap();
        rows.iter().find(|row| row["server"] == server && row["check"] == check).unwrap().clone()
    };
    expect(&row("one", "www"), "ok", Value::Null);
    assert_eq!(row("two", "www")["via"], "tcp");
    expect(&row("dead", "www"), "down", "refused");
    assert_eq!(row("behind", "www")["excuse"], "parent dead is down");
    assert_eq!(row("behind", "www")["state"], "unknown");
    assert_eq!(row("one", "broken")["scope"], "zone", "it fails everywhere");
    assert_eq!(row("dead", "www")["scope"], "server");
    let turns: Vec<_> =
        outcome.detail["transitions"].as_array().unwrap().iter().map(|turn| turn["to"].clone()).collect();
    assert_eq!(turns, ["ok", "ok"]);

    let again = test.next_run();
    let outcome = run(&again, with).await;
    assert_eq!(outcome.detail["transitions"], json!([]), "nothing changed");
    assert_eq!(again.documents("states").len(), 6);
}

#[tokio::test]
async fn it_goes_down_with_the_server_and_comes_back() {
    let unbound = Unbound::start().await;
    let port = unbound.at.port();
    let with = json!({
        "servers": [{ "name": "it", "addr": "127.0.0.1", "port": port }],
        "checks": [{ "label": "root", "latency_crit": "20s", "latency_warn": "20s" }],
        "fail_ratio": 1,
    });
    let test = TestContext::default();
    let state = async |test: &TestContext| run(test, with.clone()).await.detail["checks"][0]["state"].clone();
    assert_eq!(state(&test).await, "ok");
    drop(unbound);
    let _deaf = deaf(port);
    let mut seen = Vec::new();
    let mut next = test.next_run();
    for _ in 0..3 {
        seen.push(state(&next).await);
        next = next.next_run();
    }
    assert_eq!(seen, ["ok", "ok", "down"]);
}
