//! Records as comparable texts, and chains of aliases.

use hickory_proto::rr::{
    Name, RData, Record, RecordType,
    rdata::{A, CNAME, MX, TXT},
};

use super::{expected, text, wanted};

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn alias(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

fn address(owner: &str, last: u8) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A::new(192, 0, 2, last)))
}

fn found(answers: &[Record], record_type: RecordType) -> Vec<String> {
    wanted(answers, &name("www.example.com."), record_type).into_iter().map(text).collect()
}

#[test]
fn aliases_are_followed_in_any_order() {
    let answers = [
        address("c.example.com.", 1),
        alias("b.example.com.", "C.example.com."),
        alias("www.example.com.", "b.example.com."),
        address("other.example.com.", 9),
        address("c.example.com.", 2),
    ];
    assert_eq!(found(&answers, RecordType::A), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(found(&answers, RecordType::CNAME), ["b.example.com"]);
    assert_eq!(found(&answers, RecordType::MX), [""; 0]);
}

#[test]
fn circles_and_dead_ends_end() {
    let circle = [alias("www.example.com.", "b.example.com."), alias("b.example.com.", "www.example.com.")];
    assert_eq!(found(&circle, RecordType::A), [""; 0]);
    let dead_end = [alias("www.example.com.", "b.example.com."), address("c.example.com.", 1)];
    assert_eq!(found(&dead_end, RecordType::A), [""; 0]);
}

#[test]
fn what_is_written_and_what_is_found_meet() {
    let check = |data: RData, written: &str| {
        let record = Record::from_rdata(name("x.example.com."), 60, data);
        assert_eq!(text(&record), expected(record.record_type(), written).unwrap(), "{written:?}");
    };
    check(RData::A(A::new(192, 0, 2, 1)), " 192.0.2.1 ");
    check(RData::AAAA("2001:db8::1".parse().unwrap()), "2001:0DB8:0::1");
    check(RData::MX(MX::new(10, name("Mail.Example.com."))), "10 mail.example.com");
    check(RData::MX(MX::new(0, name("."))), "0 .");
    check(RData::CNAME(CNAME(name("a.example.com."))), "A.EXAMPLE.COM.");
    check(RData::TXT(TXT::new(vec!["v=spf1 -ALL.".to_owned()])), "v=spf1 -ALL.");
    assert!(expected(RecordType::A, "192.0.2").is_err());
    assert!(expected(RecordType::AAAA, "192.0.2.1").is_err());
}
