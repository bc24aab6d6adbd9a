//! Which packets answer a question. No socket is opened.

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::A},
};
use proptest::prelude::*;

use super::{Asked, ExtendedError, Heard, Question, extended_errors};

fn asked() -> Asked {
    let name = Name::from_ascii("wWw.example.com.").unwrap();
    Asked::new(&Question { name, record_type: RecordType::A, recursion_desired: true }, Some(1232), false)
}

/// The answer to a question, after something was done to it.
fn answer(asked: &Asked, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::from_vec(&asked.packet()).unwrap().into_response();
    let name = message.queries[0].name.clone();
    message.add_answer(Record::from_rdata(name, 60, RData::A(A::new(192, 0, 2, 1))));
    change(&mut message);
    message.to_vec().unwrap()
}

fn heard(change: impl FnOnce(&mut Message)) -> Heard {
    let asked = asked();
    asked.read(&answer(&asked, change))
}

#[test]
fn a_question_is_what_it_should_be() {
    let packet = Message::from_vec(&asked().packet()).unwrap();
    assert_eq!(packet.metadata.message_type, MessageType::Query);
    assert!(packet.metadata.recursion_desired);
    assert_eq!(packet.queries.len(), 1);
    assert_eq!(packet.queries[0].name.to_ascii(), "wWw.example.com.");
    assert_eq!(packet.edns.unwrap().max_payload(), 1232);
    let question = Question { name: Name::root(), record_type: RecordType::NS, recursion_desired: false };
    let plain = Message::from_vec(&Asked::new(&question, None, false).packet()).unwrap();
    assert!(plain.edns.is_none() && !plain.metadata.recursion_desired);
}

#[test]
fn ids_and_letter_case_are_random() {
    let name = Name::from_ascii("abcdefghijklmnopqrstuvwxyz.example.com.").unwrap();
    let question = Question { name, record_type: RecordType::A, recursion_desired: true };
    let packets: std::collections::BTreeSet<_> =
        (0..20).map(|_| Asked::new(&question, None, false).id).collect();
    assert!(packets.len() > 10, "{packets:?}");
    let mixed: std::collections::BTreeSet<_> =
        (0..20).map(|_| Asked::new(&question, None, true).query.name.to_ascii()).collect();
    assert!(mixed.len() > 10, "{mixed:?}");
}

#[test]
fn only_answers_to_this_very_question_count() {
    assert!(matches!(heard(|_| {}), Heard::Answer(_)));
    assert_eq!(heard(|message| message.metadata.id ^= 1), Heard::Stray);
    assert_eq!(heard(|message| message.metadata.message_type = MessageType::Query), Heard::Stray);
    assert_eq!(heard(|message| message.metadata.op_code = OpCode::Notify), Heard::Stray);
    assert_eq!(heard(|message| message.queries[0].query_type = RecordType::AAAA), Heard::Stray);
    let other = Name::from_ascii("other.example.com.").unwrap();
    assert_eq!(heard(|message| message.queries[0].name = other), Heard::Stray);
    let other_case = Name::from_ascii("www.example.com.").unwrap();
    assert_eq!(heard(|message| message.queries[0].name = other_case), Heard::Stray);
    assert_eq!(heard(|message| message.queries.clear()), Heard::Stray);
    assert_eq!(heard(|message| message.queries.push(Query::new())), Heard::Stray);
}

#[test]
fn a_server_that_could_not_read_the_question_need_not_repeat_it() {
    let silent = |rcode| {
        heard(|message| {
            message.queries.clear();
            message.answers.clear();
            message.metadata.response_code = rcode;
        })
    };
    assert!(matches!(silent(ResponseCode::FormErr), Heard::Answer(_)));
    assert!(matches!(silent(ResponseCode::NotImp), Heard::Answer(_)));
    assert_eq!(silent(ResponseCode::ServFail), Heard::Stray);
}

#[test]
fn truncated_and_broken_packets_are_told_apart() {
    let asked = asked();
    let whole = answer(&asked, |_| {});
    let cut = whole.len() - 20;
    assert_eq!(asked.read(&whole[..cut]), Heard::Malformed);
    assert_eq!(asked.read(&whole[..14]), Heard::Malformed);
    assert_eq!(asked.read(&whole[..11]), Heard::Stray);
    assert_eq!(asked.read(&[]), Heard::Stray);
    let truncated = answer(&asked, |message| message.metadata.truncation = true);
    assert_eq!(asked.read(&truncated), Heard::Truncated);
    assert_eq!(asked.read(&truncated[..cut]), Heard::Truncated, "some servers cut in the middle of a record");
}

#[test]
fn servers_explain_themselves() {
    use hickory_proto::{op::Edns, rr::rdata::opt::EdnsOption};
    let mut message = Message::response(1, OpCode::Query);
    assert_eq!(extended_errors(&message), []);
    let mut edns = Edns::new();
    edns.options_mut().insert(EdnsOption::Unknown(15, b"\x00\x16no luck\0".to_vec()));
    edns.options_mut().insert(EdnsOption::Unknown(15, b"\x00".to_vec()));
    message.set_edns(edns);
    let read = Message::from_vec(&message.to_vec().unwrap()).unwrap();
    assert_eq!(extended_errors(&read), [ExtendedError { code: 22, text: "no luck".to_owned() }]);
}

proptest! {
    #[test]
    fn noise_is_never_an_answer(packet in prop::collection::vec(any::<u8>(), 0..600)) {
        // With a fixed id in the noise, so that more than the header is read.
        let mut asked = asked();
        asked.id = packet.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
        let heard = asked.read(&packet);
        prop_assert!(!matches!(heard, Heard::Answer(message) if !message.queries.is_empty()));
    }

    #[test]
    fn damaged_answers_never_panic(place in 0_usize..70, value: u8, length in 0_usize..80) {
        let asked = asked();
        let mut packet = answer(&asked, |_| {});
        let place = place % packet.len();
        packet[place] = value;
        packet.truncate(length.max(12));
        let _ = asked.read(&packet);
    }
}
