//! Bodies that end too early, in each way and at any byte, and bodies that stand still or are slow.

use std::time::Duration;

use roundsman_simulators::{
    At, Damage, Ending, Fault, MetabaseScenario, Stall,
    metabase::{CardSetup, Ended, Framing, Release, Rows},
};
use tokio::io::AsyncReadExt;

use crate::caller::{Caller, Wire, unpack};

const CSV: &str = "/api/card/1/query/csv";

async fn orders() -> Caller {
    let card = CardSetup::native(1, "Orders").rows(Rows::awkward(100));
    Caller::new(MetabaseScenario::new(Release::V56).card(card)).await
}

async fn ended(caller: &Caller, at: At, ending: Ending) -> Wire {
    caller.sim.clear_faults();
    caller.sim.fault(Fault::on("POST *").body(Damage::End(at, ending)));
    caller.wire(CSV).await
}

#[tokio::test]
async fn a_clean_end_shows_only_in_the_missing_trailer() {
    let caller = orders().await;
    let wire = ended(&caller, At::Row(40), Ending::Clean).await;
    let (body, whole) = wire.unpacked();
    assert!(wire.chunks().1 && !wire.reset && !whole);
    assert!(caller.sim.truth(1, "csv").starts_with(&body) && body.ends_with(b"\n"));
    assert_eq!(caller.sim.exports()[0].ended, Ended::Broken);
    caller.sim.set(|settings| settings.strips_gzip = true);
    let wire = ended(&caller, At::Row(40), Ending::Clean).await;
    assert_eq!(wire.chunks(), (body, true), "nothing tells the two apart");
}

#[tokio::test]
async fn other_ends_break_the_frame() {
    let caller = orders().await;
    for ending in [Ending::Closed, Ending::MidChunk] {
        let wire = ended(&caller, At::Row(40), ending).await;
        assert!(!wire.chunks().1 && !wire.reset, "{ending:?}");
        assert!(caller.sim.truth(1, "csv").starts_with(&wire.unpacked().0));
    }
    assert!(ended(&caller, At::Row(40), Ending::Reset).await.reset);
}

#[tokio::test]
async fn any_byte_may_be_the_last() {
    let caller = orders().await;
    let all = caller.wire(CSV).await.chunks().0;
    for last in (0..all.len()).step_by(97) {
        let (body, complete) = ended(&caller, At::Byte(last as u64), Ending::Closed).await.chunks();
        assert!(!complete && body == all[..last], "after {last} bytes");
    }
}

#[tokio::test]
async fn lengths_may_promise_more_than_comes() {
    let caller = orders().await;
    let truth = caller.sim.truth(1, "csv");
    caller.sim.set(|settings| settings.framing = Framing::ContentLength);
    let wire = ended(&caller, At::Byte(500), Ending::Closed).await;
    assert_eq!(wire.rest.len(), 500);
    assert!(wire.header("content-length").unwrap().parse::<usize>().unwrap() > 500);
    caller.sim.clear_faults();
    caller.sim.fault(Fault::on("POST *").body(Damage::TooLong(10)));
    let wire = caller.wire(CSV).await;
    assert_eq!(wire.header("content-length").unwrap(), (wire.rest.len() + 10).to_string());
    assert_eq!(unpack(&wire.rest), (truth, true));
}

#[tokio::test]
async fn bodies_stand_still_until_their_time() {
    let caller = orders().await;
    let stall = Damage::Stall(At::Byte(300), Stall::OnItsClock(Duration::from_secs(299)));
    let fault = caller.sim.fault(Fault::on("POST *").body(stall));
    let mut stream = caller.begin(CSV, "Accept-Encoding: gzip\r\n").await;
    fault.stalled(1).await;
    caller.pass(298);
    let mut start = vec![0; 300];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(caller.sim.in_flight(), 1);
    caller.pass(1);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"));
    assert_eq!(caller.sim.exports()[0].ended, Ended::Sent);
}

#[tokio::test]
async fn bodies_are_slow() {
    let caller = orders().await;
    caller.sim.fault(Fault::on("POST *").body(Damage::Slow(100, Duration::from_millis(1))));
    let wire = caller.wire(CSV).await;
    assert!(wire.rest.starts_with(b"64\r\n"), "a hundred bytes at a time");
    assert_eq!(wire.unpacked(), (caller.sim.truth(1, "csv"), true));
}
