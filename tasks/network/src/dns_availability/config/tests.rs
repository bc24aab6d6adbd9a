//! Which `with` tables make sense, and what people are told about the others. Nobody is asked.

use roundsman_task::Registry;
use serde_json::{Value, json};

use super::Config;

pub(in crate::dns_availability) fn config(with: Value) -> Result<Config, String> {
    serde_json::from_value(with).map_err(|error: serde_json::Error| error.to_string())
}

fn refused(with: Value, expected: &str) {
    let told = config(with.clone()).err().unwrap_or_else(|| panic!("{with} was accepted"));
    assert!(told.contains(expected), "{with}: {told:?} does not say {expected:?}");
}

fn server(name: &str) -> Value {
    json!({ "name": name, "addr": "192.0.2.1" })
}

#[test]
fn nothing_written_is_enough() {
    let config = config(json!({})).unwrap();
    assert!(config.servers.is_empty());
    assert_eq!(config.checks.len(), 1);
    assert_eq!(config.checks[0].label, "root-ns");
    assert_eq!((config.asking.attempts, config.asking.edns_size), (3, 1232));
    assert_eq!((config.rules.fail_after, config.rules.recover_after), (3, 2));
}

#[test]
fn the_kind_is_registered_and_built_in() {
    let registry = Registry::collect().unwrap();
    let entry = registry.get("dns-availability").expect("the kind registers itself");
    assert!(entry.is_built_in());
    let schema = entry.schema();
    assert_eq!(schema["properties"]["timeout"]["default"], "2s");
    assert_eq!(schema["properties"]["resolv_conf"]["default"], "/etc/resolv.conf");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn servers_that_make_no_sense_are_refused() {
    let check = json!([{ "name": "www.example.com" }]);
    refused(json!({ "servers": [{ "addr": "192.0.2.1" }] }), "missing field `name`");
    refused(json!({ "servers": [{ "name": "a", "addr": "ns.example.com" }] }), "IP address");
    refused(json!({ "servers": [server("a/b")] }), "\"a/b\" is not usable");
    refused(json!({ "servers": [server("")] }), "is not usable");
    refused(json!({ "servers": [server("a"), server("a")] }), "two servers are called \"a\"");
    refused(json!({ "servers": [{ "name": "a", "addr": "192.0.2.1", "port": 0 }] }), "port is 0");
    refused(
        json!({ "servers": [{ "name": "a", "addr": "192.0.2.1", "transport": "tls" }] }),
        "unknown variant `tls`, expected `udp` or `tcp`",
    );
    let child = |parent: &str| json!({ "name": "a", "addr": "192.0.2.1", "parents": [parent] });
    refused(json!({ "servers": [child("b")], "checks": check }), "has parent \"b\", which is not configured");
    refused(json!({ "servers": [child("a")], "checks": check }), "has parent \"a\", which is itself");
    let authoritative = json!({ "name": "a", "addr": "192.0.2.1", "role": "authoritative" });
    refused(json!({ "servers": [authoritative] }), "no check asks server \"a\"");
}

#[test]
fn checks_that_make_no_sense_are_refused() {
    let check = |check: Value| json!({ "servers": [server("a")], "checks": [check] });
    refused(check(json!({ "name": "a..b" })), "is no domain name");
    refused(check(json!({ "type": "BOGUS" })), "\"BOGUS\" is no record type");
    refused(check(json!({ "type": "AXFR" })), "\"AXFR\" is no record type");
    refused(check(json!({ "kind": "ns_set" })), "unknown variant `ns_set`");
    refused(check(json!({ "kind": "nxdomain" })), "give the `name`");
    refused(check(json!({ "kind": "aa", "values": ["x"], "servers": ["a"] })), "kinds answer and tcp only");
    refused(check(json!({ "kind": "soa_sync", "type": "A", "servers": ["a"] })), "leave `type` out");
    refused(check(json!({ "expect": "exact" })), "needs `values`");
    refused(check(json!({ "expect": "any", "values": ["x"] })), "takes no `values`");
    refused(check(json!({ "expect": "regex", "values": ["("] })), "regex parse error");
    refused(check(json!({ "type": "A", "values": ["::1"] })), "\"::1\" is no IPv4 address");
    refused(check(json!({ "rcode": "BOGUS" })), "\"BOGUS\" is no response code");
    refused(check(json!({ "latency_warn": "1s" })), "latency_warn is above latency_crit");
    refused(check(json!({ "label": "" })), "its label must have");
    refused(check(json!({ "servers": ["b"] })), "names server \"b\", which is not configured");
    let twice = json!({ "servers": [server("a")], "checks": [{ "name": "x.example.com" }, { "name": "x.example.com" }] });
    refused(twice, "two checks are called \"answer x.example.com. A\"");
}

#[test]
fn numbers_out_of_range_are_refused() {
    refused(json!({ "attempts": 0 }), "attempts is 0; it must be 1 to 10");
    refused(json!({ "timeout": "0s" }), "timeout is 0s");
    refused(json!({ "timeout": "1m" }), "timeout is 1m");
    refused(json!({ "edns_size": 100 }), "edns_size is 100");
    refused(json!({ "fail_after": 0 }), "fail_after is 0");
    refused(json!({ "fail_ratio": 1.5 }), "fail_ratio is 1.5");
    refused(json!({ "flap_window": "1s" }), "flap_window is 1s");
    refused(json!({ "timeouts": "1s" }), "unknown field `timeouts`");
}
