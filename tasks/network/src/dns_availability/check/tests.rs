//! What is asked of whom, and the defaults of a check. Answers are judged elsewhere.

use serde_json::{Value, json};

use super::{super::config::tests::config, Check, Expectation};
use crate::dns_availability::written::{Role, Transport};

fn first(check: Value, role: &str) -> (Check, super::Server) {
    let server = json!({ "name": "a", "addr": "192.0.2.1", "role": role });
    let config = config(json!({ "servers": [server], "checks": [check] })).unwrap();
    (config.checks[0].clone(), config.servers[0].clone())
}

#[test]
fn defaults_depend_on_kind_and_name() {
    let label = |check: Value, role: &str| first(check, role).0.label;
    assert_eq!(label(json!({}), "resolver"), "answer . NS");
    assert_eq!(label(json!({ "name": "www.example.com" }), "resolver"), "answer www.example.com. A");
    assert_eq!(label(json!({ "name": "example.com", "kind": "aa" }), "both"), "aa example.com. SOA");
    assert_eq!(
        label(json!({ "name": "example.com", "kind": "soa_sync" }), "both"),
        "soa_sync example.com. SOA"
    );
    assert_eq!(
        label(json!({ "name": "x.example.com", "type": "type65" }), "both"),
        "answer x.example.com. HTTPS"
    );
    assert_eq!(label(json!({ "label": "front page" }), "resolver"), "front page");
}

#[test]
fn the_expectation_follows_from_what_is_written() {
    let expect = |check: Value| first(check, "resolver").0.expect;
    assert!(matches!(expect(json!({})), Expectation::Any));
    assert!(matches!(expect(json!({ "values": ["a."] })), Expectation::Contains(_)));
    assert!(matches!(expect(json!({ "rcode": "REFUSED" })), Expectation::None));
    assert!(matches!(expect(json!({ "name": "x.example.com", "kind": "nxdomain" })), Expectation::Unseen));
}

#[test]
fn recursion_is_asked_for_where_it_belongs() {
    let recursion = |kind: &str, role: Role| {
        first(json!({ "name": "example.com", "kind": kind }), "both").0.recursion_desired(role)
    };
    assert!(recursion("answer", Role::Resolver));
    assert!(!recursion("answer", Role::Authoritative));
    assert!(!recursion("aa", Role::Both));
    assert!(!recursion("soa_sync", Role::Both));
    assert!(recursion("recursion", Role::Authoritative));
}

#[test]
fn zone_checks_are_not_asked_of_mere_resolvers() {
    let (check, mut server) = first(json!({ "name": "example.com", "kind": "aa" }), "authoritative");
    assert!(check.asks(&server));
    server.role = Role::Resolver;
    assert!(!check.asks(&server));
    let (named, server) = first(json!({ "name": "example.com", "kind": "aa", "servers": ["a"] }), "resolver");
    assert!(named.asks(&server), "who is named is asked");
    assert_eq!(named.transport(&server), Transport::Udp);
    let (tcp, server) = first(json!({ "kind": "tcp" }), "resolver");
    assert_eq!(tcp.transport(&server), Transport::Tcp);
}
