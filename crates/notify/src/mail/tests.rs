//! Mails before they are sent, and texts about them. Nothing is sent.

use super::*;

fn address(text: &str) -> Address {
    Address { address: text.to_owned(), name: String::new() }
}

fn mail(to: &[&str], cc: &[&str]) -> Mail {
    let list = |all: &[&str]| all.iter().map(|one| address(one)).collect();
    Mail { to: list(to), cc: list(cc), subject: "Limit".to_owned(), text: "t".to_owned(), ..Mail::default() }
}

#[test]
fn unfit_and_repeated_addresses_go() {
    let check = |to: &[&str], cc: &[&str], left: (&[&str], &[&str]), unfit| {
        let mut tidied = mail(to, cc);
        assert_eq!(tidied.tidy(), unfit, "{to:?} {cc:?}");
        let expected = mail(left.0, left.1);
        assert_eq!((tidied.to, tidied.cc), (expected.to, expected.cc));
    };
    check(&["a@example.com"], &["b@example.com"], (&["a@example.com"], &["b@example.com"]), 0);
    check(&["a@example.com", "A@Example.com"], &["a@example.COM"], (&["a@example.com"], &[]), 0);
    check(&["a", "b@", "@example.com", "c d@example.com"], &["e@example.com"], (&["e@example.com"], &[]), 4);
    check(&["a@localhost"], &[], (&[], &[]), 1);
    check(&["a@example.com\r\nBcc: b@example.com"], &["c@example.com"], (&["c@example.com"], &[]), 1);
}

#[test]
fn flaws() {
    let many: Vec<String> = (0..51).map(|number| format!("s{number}@example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let flaw = |mail: &Mail| mail.flaw().unwrap_or_default();
    assert!(flaw(&mail(&[], &["a@example.com"])).contains("no recipient"));
    assert!(flaw(&mail(&many, &[])).contains("51 recipients"));
    assert_eq!(flaw(&mail(&many[..49], &many[49..50])), "");
    let bare = Mail { subject: " ".to_owned(), ..mail(&["a@example.com"], &[]) };
    assert!(flaw(&bare).contains("no subject"));
}

#[test]
fn refused_recipients_are_found_in_what_is_said() {
    let mail = mail(&["s1@example.com", "s11@example.com"], &["admin@example.com"]);
    let named = mail.named_in("Invalid format for email address \"S11@example.com\"");
    assert_eq!(named, ["s11@example.com"]);
    assert_eq!(mail.without(&named).unwrap().recipients(), 2);
    assert_eq!(mail.named_in("<s1@example.com>: Recipient address rejected"), ["s1@example.com"]);
    assert!(mail.named_in("nobody's fault").is_empty());
    assert_eq!(mail.without(&[]), None);
    assert_eq!(mail.without(&["s1@example.com".to_owned(), "s11@example.com".to_owned()]), None);
}

#[test]
fn addresses_are_covered() {
    let check = |text: &str, covered: &str| assert_eq!(without_addresses(text), covered);
    check("550 <s1.x+y@example.com>: unknown", "550 <…@example.com>: unknown");
    check("\"a@example.com\" and b@example.com", "\"…@example.com\" and …@example.com");
    check("nothing of the kind", "nothing of the kind");
    check("ünï@example.com", "…@example.com");
}

#[test]
fn addresses_are_read_and_shown() {
    let named: Address = "S One <s1@example.com>".parse().unwrap();
    assert_eq!((named.name.as_str(), named.address.as_str()), ("S One", "s1@example.com"));
    assert_eq!(named.to_string(), "S One <s1@example.com>");
    assert_eq!(format!("{named:?}"), "…@example.com");
    assert!("nobody".parse::<Address>().unwrap_err().to_string().contains("user@example.com"));
}
