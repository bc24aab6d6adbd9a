//! Serials of several servers side by side. Nobody is asked.

use std::time::Duration;

use chrono::TimeDelta;
use hickory_proto::{
    op::{Message, OpCode},
    rr::{Name, RData, Record, rdata::SOA},
};
use roundsman_task::Timestamp;
use serde_json::json;

use super::{
    super::{
        config::{Config, tests::config},
        exchange::{Exchange, Reply, Trace},
        look::targets,
        state::History,
        written::Transport,
    },
    Judgement, Level, Look, Remembered, compare,
};

fn two_servers(max_lag: u32) -> Config {
    let server = |name: &str| json!({ "name": name, "addr": "192.0.2.1", "role": "authoritative" });
    let check = json!({ "name": "example.com", "kind": "soa_sync", "max_lag": max_lag, "lag_grace": "15m" });
    config(json!({ "servers": [server("a"), server("b")], "checks": [check] })).unwrap()
}

fn zone(serial: u32) -> Exchange {
    let name = |text: &str| Name::from_ascii(text).unwrap();
    let soa = SOA::new(name("ns.example.com."), name("host.example.com."), serial, 1, 1, 1, 1);
    let mut message = Message::response(1, OpCode::Query);
    message.add_answer(Record::from_rdata(name("example.com."), 60, RData::SOA(soa)));
    Exchange { result: Ok(Reply::new(message, Duration::ZERO, Transport::Udp)), trace: Trace::default() }
}

fn remembered(lagging_for: Option<TimeDelta>, now: Timestamp) -> Remembered {
    let lagging_since = lagging_for.map(|age| now - age);
    Remembered { at: String::new(), run: 0, lagging_since, history: History::new(now) }
}

/// The levels of two servers with these serials, and whether each is noted as behind.
fn check(
    serials: [u32; 2],
    max_lag: u32,
    behind_for: Option<TimeDelta>,
    levels: [Level; 2],
    noted: [bool; 2],
) {
    let config = two_servers(max_lag);
    let now = Timestamp::UNIX_EPOCH + TimeDelta::days(1);
    let mut memory = [remembered(behind_for, now), remembered(behind_for, now)];
    let mut looks: Vec<_> = targets(&config.servers, &config.checks)
        .into_iter()
        .zip(serials)
        .map(|(target, serial)| Look {
            target,
            exchange: Some(zone(serial)),
            judgement: Some(Judgement::ok()),
            excuse: None,
            zone_problem: false,
        })
        .collect();
    compare(&mut looks, &mut memory, now);
    let found: Vec<_> = looks.iter().map(|look| look.judgement.as_ref().unwrap().level).collect();
    assert_eq!(found, levels, "{serials:?}");
    assert_eq!(memory.map(|memory| memory.lagging_since.is_some()), noted, "{serials:?}");
}

#[test]
fn a_server_may_be_behind_a_little_or_for_a_while() {
    use Level::{Down, Ok};
    let minutes = |minutes| Some(TimeDelta::minutes(minutes));
    check([7, 7], 0, None, [Ok, Ok], [false, false]);
    check([7, 7], 0, minutes(60), [Ok, Ok], [false, false]);
    check([7, 8], 0, None, [Ok, Ok], [true, false]);
    check([7, 8], 0, minutes(14), [Ok, Ok], [true, false]);
    check([7, 8], 0, minutes(15), [Down, Ok], [true, false]);
    check([7, 8], 1, minutes(15), [Ok, Ok], [false, false]);
    check([3, u32::MAX], 2, minutes(15), [Ok, Down], [false, true]);
}
