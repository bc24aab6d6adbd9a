//! What is made of answers, one table for each kind of check.

use std::time::Duration;

use hickory_proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record,
        rdata::{A, SOA},
    },
};
use serde_json::{Value, json};

use super::{
    super::{config::tests::config, exchange::Trace, written::Transport},
    Cause, Exchange, Failure, Level, Reply, Role, judge,
};

const OK: (Level, Option<Cause>) = (Level::Ok, None);

const fn down(cause: Cause) -> (Level, Option<Cause>) {
    (Level::Down, Some(cause))
}

const fn degraded(cause: Cause) -> (Level, Option<Cause>) {
    (Level::Degraded, Some(cause))
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// A good answer with the address 192.0.2.1 and what is changed in it.
fn reply(change: impl FnOnce(&mut Message)) -> Reply {
    let mut message = Message::response(1, OpCode::Query);
    message.add_answer(Record::from_rdata(name("www.example.com."), 60, RData::A(A::new(192, 0, 2, 1))));
    change(&mut message);
    Reply::new(message, Duration::from_millis(10), Transport::Udp)
}

fn rcode(code: ResponseCode) -> Reply {
    reply(|message| {
        message.answers.clear();
        message.metadata.response_code = code;
    })
}

fn judged(check: Value, role: Role, exchange: &Exchange) -> (Level, Option<Cause>) {
    let servers = json!([{ "name": "a", "addr": "192.0.2.1", "role": "both" }]);
    let config = config(json!({ "servers": servers, "checks": [check] })).unwrap();
    let judgement = judge(&config.checks[0], role, exchange);
    assert_eq!(judgement.note.is_empty(), judgement.level == Level::Ok, "{judgement:?}");
    (judgement.level, judgement.cause)
}

fn check_reply(check: Value, role: Role, reply: Reply, expected: (Level, Option<Cause>)) {
    let exchange = Exchange { result: Ok(reply), trace: Trace::default() };
    assert_eq!(judged(check.clone(), role, &exchange), expected, "{check} {:?}", exchange.result);
}

#[test]
fn answers() {
    let is = |more: Value, reply: Reply, expected| {
        let mut check = json!({ "name": "www.example.com" });
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check_reply(check, Role::Resolver, reply, expected);
    };
    let good = || reply(|_| {});
    let empty = || rcode(ResponseCode::NoError);
    is(json!({}), good(), OK);
    is(json!({}), empty(), down(Cause::Records));
    is(json!({}), rcode(ResponseCode::ServFail), down(Cause::Rcode));
    is(json!({ "rcode": "REFUSED" }), rcode(ResponseCode::Refused), OK);
    is(json!({ "rcode": "REFUSED" }), good(), down(Cause::Rcode));
    is(json!({ "expect": "none" }), empty(), OK);
    is(json!({ "expect": "none" }), good(), down(Cause::Records));
    is(json!({ "values": ["192.0.2.1"] }), good(), OK);
    is(json!({ "values": ["192.0.2.2"] }), good(), down(Cause::Records));
    is(json!({ "expect": "exact", "values": ["192.0.2.1"] }), good(), OK);
    is(json!({ "expect": "exact", "values": ["192.0.2.1", "192.0.2.2"] }), good(), down(Cause::Records));
    let two = || {
        reply(|message| {
            message.add_answer(Record::from_rdata(
                name("www.example.com."),
                60,
                RData::A(A::new(192, 0, 2, 2)),
            ));
        })
    };
    is(json!({ "expect": "exact", "values": ["192.0.2.2", "192.0.2.1"] }), two(), OK);
    is(json!({ "expect": "exact", "values": ["192.0.2.1"] }), two(), down(Cause::Records));
    is(json!({ "values": ["192.0.2.1"] }), two(), OK);
    is(json!({ "expect": "regex", "values": ["^192\\.0\\.2\\."] }), two(), OK);
    is(json!({ "expect": "regex", "values": ["1$"] }), two(), down(Cause::Records));
    is(json!({ "expect": "regex", "values": ["."] }), empty(), down(Cause::Records));
}

#[test]
fn names_that_must_not_exist() {
    let check = json!({ "name": "www.example.com", "kind": "nxdomain" });
    check_reply(check.clone(), Role::Resolver, rcode(ResponseCode::NXDomain), OK);
    check_reply(check.clone(), Role::Resolver, reply(|_| {}), down(Cause::Hijack));
    check_reply(check, Role::Resolver, rcode(ResponseCode::Refused), down(Cause::Rcode));
}

#[test]
fn authority() {
    let check = json!({ "name": "example.com", "kind": "aa" });
    check_reply(check.clone(), Role::Authoritative, reply(|m| m.metadata.authoritative = true), OK);
    check_reply(check.clone(), Role::Authoritative, reply(|_| {}), down(Cause::Lame));
    check_reply(check, Role::Authoritative, rcode(ResponseCode::Refused), down(Cause::Rcode));
}

#[test]
fn recursion() {
    let check = json!({ "name": "www.example.net", "kind": "recursion" });
    let available = || reply(|message| message.metadata.recursion_available = true);
    let refused = || {
        reply(|message| {
            message.metadata.recursion_available = true;
            message.metadata.response_code = ResponseCode::Refused;
        })
    };
    check_reply(check.clone(), Role::Resolver, available(), OK);
    check_reply(check.clone(), Role::Resolver, reply(|_| {}), down(Cause::NoRecursion));
    check_reply(check.clone(), Role::Both, available(), OK);
    check_reply(check.clone(), Role::Authoritative, reply(|_| {}), OK);
    check_reply(check.clone(), Role::Authoritative, refused(), OK);
    check_reply(check, Role::Authoritative, available(), degraded(Cause::OpenResolver));
}

#[test]
fn zones_have_serials() {
    let check = json!({ "name": "example.com", "kind": "soa_sync" });
    let soa = SOA::new(name("ns.example.com."), name("host.example.com."), 7, 1, 1, 1, 1);
    let zone = reply(|message| {
        message.answers = vec![Record::from_rdata(name("example.com."), 60, RData::SOA(soa))];
    });
    check_reply(check.clone(), Role::Authoritative, zone, OK);
    check_reply(check.clone(), Role::Authoritative, reply(|_| {}), down(Cause::NoSoa));
    check_reply(check, Role::Authoritative, rcode(ResponseCode::Refused), down(Cause::Rcode));
}

#[test]
fn latency_and_loss() {
    let check = json!({ "name": "www.example.com", "latency_warn": "100ms", "latency_crit": "500ms" });
    let after = |millis, lost: u32| {
        let trace = Trace::default();
        trace.lost.set(lost);
        let reply = Reply { latency: Duration::from_millis(millis), ..reply(|_| {}) };
        judged(check.clone(), Role::Resolver, &Exchange { result: Ok(reply), trace })
    };
    assert_eq!(after(100, 0), OK);
    assert_eq!(after(101, 0), degraded(Cause::Slow));
    assert_eq!(after(500, 0), degraded(Cause::Slow));
    assert_eq!(after(501, 0), down(Cause::Slow));
    assert_eq!(after(10, 1), degraded(Cause::Loss));
    assert_eq!(after(501, 2), down(Cause::Slow));
}

#[test]
fn failures() {
    let check = |failure: Failure, cause: Cause| {
        let exchange = Exchange { result: Err(failure), trace: Trace::default() };
        assert_eq!(judged(json!({}), Role::Resolver, &exchange), down(cause));
    };
    check(Failure::Timeout { timeout: Duration::from_secs(2), attempts: 3 }, Cause::Timeout);
    check(Failure::Refused, Cause::Refused);
    check(Failure::Unreachable("network is unreachable".to_owned()), Cause::Unreachable);
    check(Failure::Closed, Cause::Closed);
    check(Failure::Malformed, Cause::Malformed);
    check(Failure::TcpFallback(Box::new(Failure::Refused)), Cause::TcpFallback);
}
