//! Runs the kind in memory and hands out what it saw. It starts no server.

use std::net::SocketAddr;

use roundsman_network::DnsAvailability;
use roundsman_task::{Kind, Outcome};
use roundsman_testkit::TestContext;
use serde_json::{Map, Value, json};

/// A configuration that asks one server one question and never fails as a whole, so that details are there.
pub(crate) fn one(server: SocketAddr, role: &str, check: &Value, more: &Value) -> Value {
    let mut with = json!({
        "servers": [{ "name": "it", "addr": server.ip(), "port": server.port(), "role": role }],
        "checks": [check],
        "latency_warn": "20s",
        "latency_crit": "20s",
        "timeout": "10s",
        "fail_ratio": 1,
    });
    merge(&mut with, more);
    with
}

fn merge(into: &mut Value, more: &Value) {
    let more: Map<_, _> = more.as_object().expect("a table").clone();
    into.as_object_mut().expect("a table").extend(more);
}

/// Runs the kind once.
pub(crate) async fn run(test: &TestContext, with: Value) -> Outcome {
    let config = serde_json::from_value(with).expect("a good configuration");
    DnsAvailability::run(test.cx(), config).await.expect("a run that ends well or in part")
}

/// The row of the first check.
pub(crate) async fn row(server: SocketAddr, role: &str, check: Value, more: Value) -> Value {
    let outcome = run(&TestContext::default(), one(server, role, &check, &more)).await;
    outcome.detail["checks"][0].clone()
}

/// Whether a row has this level and this cause (`null`: none).
pub(crate) fn expect(row: &Value, level: &str, cause: impl Into<Value>) {
    assert_eq!(row["judgement"]["level"], level, "{row:#}");
    assert_eq!(row["judgement"]["cause"], cause.into(), "{row:#}");
}
