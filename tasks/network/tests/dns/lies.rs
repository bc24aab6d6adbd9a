//! What the kind makes of a server that lies, is silent, or speaks an older dialect.

use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
};

use hickory_proto::{
    op::{Edns, ResponseCode},
    rr::{Name, rdata::opt::EdnsOption},
};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use crate::{
    ask::{expect, one, row, run},
    liar::{Heard, Liar, bytes, framed, truth},
};

fn question() -> Value {
    json!({ "name": "www.example.com", "values": ["192.0.2.1"] })
}

async fn seen(liar: &Liar, more: Value) -> Value {
    row(liar.at, "resolver", question(), more).await
}

fn honest(heard: &Heard<'_>) {
    heard.say(&bytes(&truth(&heard.message)));
}

#[tokio::test]
async fn the_truth_is_believed() {
    let liar = Liar::udp(|heard| honest(&heard));
    let row = seen(&liar, json!({ "random_case": true })).await;
    expect(&row, "ok", Value::Null);
    assert_eq!((&row["attempts"], &row["lost"], &row["spoof_suspects"]), (&json!(1), &json!(0), &json!(0)));
    assert_eq!(
        (&row["rcode"], &row["via"], &row["ttl_secs"]),
        (&json!("NOERROR"), &json!("udp"), &json!(60))
    );
    assert_eq!(row["records"], json!(["192.0.2.1"]));
}

#[tokio::test]
async fn lies_are_ignored_and_counted_until_the_truth_comes() {
    let liar = Liar::udp(|heard| {
        let mut wrong_id = truth(&heard.message);
        wrong_id.metadata.id ^= 0x5555;
        heard.say(&bytes(&wrong_id));
        let mut wrong_question = truth(&heard.message);
        wrong_question.queries[0].name = Name::from_ascii("evil.example.com.").unwrap();
        heard.say(&bytes(&wrong_question));
        let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
        elsewhere.send_to(&bytes(&truth(&heard.message)), heard.from).unwrap();
        heard.say(b"garbage");
        honest(&heard);
    });
    let test = TestContext::default();
    let outcome = run(&test, one(liar.at, "resolver", &question(), &json!({}))).await;
    let row = &outcome.detail["checks"][0];
    expect(row, "ok", Value::Null);
    assert_eq!((&row["spoof_suspects"], &row["attempts"]), (&json!(4), &json!(1)));
    let labels = [("server", "it"), ("check", "answer www.example.com. A")];
    assert_eq!(test.metric("roundsman_dns_spoof_suspects_total", &labels), Some(4.0));
}

#[tokio::test]
async fn a_lie_alone_is_silence() {
    let liar = Liar::udp(|heard| {
        let mut message = truth(&heard.message);
        message.metadata.id ^= 1;
        heard.say(&bytes(&message));
    });
    let row = seen(&liar, json!({ "timeout": "200ms", "attempts": 2 })).await;
    expect(&row, "down", "timeout");
    assert_eq!((&row["attempts"], &row["lost"], &row["spoof_suspects"]), (&json!(2), &json!(2), &json!(2)));
}

#[tokio::test]
async fn each_attempt_has_an_id_and_a_port_of_its_own() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let record = heard.clone();
    let liar =
        Liar::udp(move |heard| record.lock().unwrap().push((heard.message.metadata.id, heard.from.port())));
    let row = seen(&liar, json!({ "timeout": "100ms", "attempts": 5 })).await;
    expect(&row, "down", "timeout");
    let heard = heard.lock().unwrap();
    let ports: std::collections::BTreeSet<_> = heard.iter().map(|(_, port)| port).collect();
    let ids: std::collections::BTreeSet<_> = heard.iter().map(|(id, _)| id).collect();
    assert_eq!((heard.len(), ports.len()), (5, 5));
    assert!(ids.len() >= 4, "{ids:?}");
}

#[tokio::test]
async fn a_lost_attempt_degrades() {
    let liar = Liar::udp(|heard| {
        if heard.number > 0 {
            honest(&heard);
        }
    });
    let row = seen(&liar, json!({ "timeout": "1s" })).await;
    expect(&row, "degraded", "loss");
    assert_eq!((&row["attempts"], &row["lost"]), (&json!(2), &json!(1)));
    assert!(
        row["latency_ms"].as_f64().unwrap() < 1000.0,
        "the lost attempt is no part of the latency: {row:#}"
    );
}

#[tokio::test]
async fn a_late_answer_to_an_earlier_attempt_counts_with_its_own_latency() {
    let mut first = None;
    let liar = Liar::udp(move |heard| match &first {
        None => first = Some((bytes(&truth(&heard.message)), heard.from)),
        Some((answer, from)) => drop(heard.socket.send_to(answer, from)),
    });
    let more = json!({ "timeout": "400ms", "latency_warn": "100ms", "latency_crit": "300ms" });
    let row = seen(&liar, more).await;
    expect(&row, "down", "slow");
    assert_eq!((&row["lost"], &row["spoof_suspects"]), (&json!(0), &json!(0)), "{row:#}");
    assert!(row["latency_ms"].as_f64().unwrap() >= 400.0, "{row:#}");
}

#[tokio::test]
async fn an_error_is_an_answer_and_is_explained() {
    let liar = Liar::udp(|heard| {
        let mut message = truth(&heard.message);
        message.answers.clear();
        message.metadata.response_code = ResponseCode::ServFail;
        let mut edns = Edns::new();
        edns.options_mut().insert(EdnsOption::Unknown(15, b"\x00\x16no reachable authority".to_vec()));
        message.set_edns(edns);
        heard.say(&bytes(&message));
    });
    let row = seen(&liar, json!({})).await;
    expect(&row, "down", "rcode");
    assert_eq!(row["attempts"], 1, "an error is not asked for again");
    assert_eq!(row["rcode"], "SERVFAIL");
    assert_eq!(row["scope"], "server");
    assert_eq!(row["extended_errors"], json!([{ "code": 22, "text": "no reachable authority" }]));
    assert!(row["judgement"]["note"].as_str().unwrap().contains("no reachable authority"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_told_from_silence() {
    let liar = Liar::udp(|heard| {
        let mut packet = bytes(&truth(&heard.message));
        packet.truncate(packet.len() - 18);
        heard.say(&packet);
    });
    let row = seen(&liar, json!({ "timeout": "200ms", "attempts": 1 })).await;
    expect(&row, "down", "malformed");
    assert_eq!(row["malformed"], 1);
}

#[tokio::test]
async fn a_cut_answer_is_fetched_over_tcp() {
    let cut = |heard: Heard<'_>| heard.say(&bytes(&truth(&heard.message).truncate()));
    let liar = Liar::both(cut, |message| framed(&truth(&message)));
    let row = seen(&liar, json!({})).await;
    expect(&row, "ok", Value::Null);
    assert_eq!((&row["via"], &row["truncated"]), (&json!("tcp"), &json!(true)));
}

#[tokio::test]
async fn a_cut_answer_without_tcp_is_a_failure() {
    let liar = Liar::udp(|heard| heard.say(&bytes(&truth(&heard.message).truncate())));
    let row = seen(&liar, json!({ "attempts": 2 })).await;
    expect(&row, "down", "tcp_fallback");
    assert!(row["judgement"]["note"].as_str().unwrap().contains("nothing listens there"), "{row:#}");
}

#[tokio::test]
async fn lies_over_tcp() {
    let tcp = |answer: fn(hickory_proto::op::Message) -> Vec<u8>| Liar::both(|_| {}, answer);
    let check = json!({ "name": "www.example.com", "kind": "tcp" });
    let more = json!({ "attempts": 1, "timeout": "5s" });

    let honest = tcp(|message| framed(&truth(&message)));
    expect(&row(honest.at, "resolver", check.clone(), more.clone()).await, "ok", Value::Null);

    let closes = tcp(|_| Vec::new());
    expect(&row(closes.at, "resolver", check.clone(), more.clone()).await, "down", "closed");

    let stops_halfway = tcp(|message| framed(&truth(&message))[..20].to_vec());
    expect(&row(stops_halfway.at, "resolver", check.clone(), more.clone()).await, "down", "closed");

    let first_another = tcp(|message| {
        let mut wrong = truth(&message);
        wrong.metadata.id ^= 1;
        [framed(&wrong), framed(&truth(&message))].concat()
    });
    let row = row(first_another.at, "resolver", check, more).await;
    expect(&row, "ok", Value::Null);
    assert_eq!(row["spoof_suspects"], 1);
}

#[tokio::test]
async fn a_server_that_does_not_know_edns_is_asked_without() {
    let dialects =
        [(ResponseCode::FormErr, false), (ResponseCode::FormErr, true), (ResponseCode::BADVERS, false)];
    for (rcode, bare) in dialects {
        let liar = Liar::udp(move |heard| {
            if heard.message.edns.is_none() {
                return honest(&heard);
            }
            let mut message = truth(&heard.message);
            message.answers.clear();
            message.metadata.response_code = rcode;
            if bare {
                message.queries.clear();
                message.edns = None;
            }
            heard.say(&bytes(&message));
        });
        let row = seen(&liar, json!({})).await;
        expect(&row, "ok", Value::Null);
        assert_eq!((&row["edns_broken"], &row["attempts"]), (&json!(true), &json!(2)), "{rcode} {row:#}");
    }
}

#[tokio::test]
async fn a_server_that_understands_nothing_is_not_asked_for_ever() {
    let liar = Liar::udp(|heard| {
        let mut message = truth(&heard.message);
        message.answers.clear();
        message.metadata.response_code = ResponseCode::FormErr;
        heard.say(&bytes(&message));
    });
    let row = seen(&liar, json!({})).await;
    expect(&row, "down", "rcode");
    assert_eq!((&row["attempts"], &row["edns_broken"]), (&json!(2), &json!(false)));
}

#[tokio::test]
async fn a_flood_of_lies_does_not_outlast_the_time_limit() {
    let liar = Liar::udp(|heard| (0..20_000).for_each(|_| drop(heard.socket.send_to(b"no", heard.from))));
    let row = seen(&liar, json!({ "timeout": "300ms", "attempts": 1 })).await;
    expect(&row, "down", "timeout");
    assert!(row["spoof_suspects"].as_u64().unwrap() > 0);
}
