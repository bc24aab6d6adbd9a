//! What is covered, where a text is cut too, and what is left alone.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use roundsman_model::{AttemptEnd, CredentialField, Credentials, Outcome};
use serde_json::json;

use super::{Cut, Mask, looks_open};

const SECRET: &str = "correct-horse-battery-staple";

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&Mask::covering([SECRET, "s3cret"].into_iter()).text(text));
}

#[test]
fn secrets_are_covered() {
    check("token correct-horse-battery-staple.", expect!["token ********."]);
    check("Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==", expect!["********"]);
    check("nothing to hide", expect!["nothing to hide"]);
}

fn check_piece(text: &str, expected: Expect) {
    let mut text = text.to_owned();
    let mask = Mask::covering([SECRET, "s3cret"].into_iter());
    mask.cut_string(&mut text, Cut { head: true, tail: true });
    expected.assert_eq(&text);
}

#[test]
fn pieces_are_covered_where_a_text_is_cut() {
    check_piece("cut here: correct-horse-bat", expect!["cut here: ********"]);
    check_piece("-battery-staple and more", expect!["******** and more"]);
    check_piece("cut here: s3cr", expect!["cut here: ********"]);
    check_piece("cret and more", expect!["******** and more"]);
    check_piece("correct-horse-correct-horse", expect!["correct-horse-********"]);
    check_piece("y-staple correct-", expect!["******** ********"]);
    check("cut here: correct-horse-bat…", expect!["cut here: ********…"]);
    check("…ry-staple and more", expect!["…******** and more"]);
    // Too little to tell, or in the middle.
    check_piece("ple is cut, and so is corr", expect!["ple is cut, and so is corr"]);
    check_piece("a correct-horse is no secret", expect!["a correct-horse is no secret"]);
    check("…", expect!["…"]);
    check("", expect![""]);
}

/// Whole texts begin and end with whatever words secrets are made of.
#[test]
fn harmless_words_stay_where_nothing_was_cut() {
    let mask = Mask::covering(["production-db-pass"].into_iter());
    for text in ["deployed to production", "deployed to production-db", "db-pass is set", "n-db-pass"] {
        assert_eq!(mask.text(text), text);
    }
    let mut end = AttemptEnd::Crashed {
        signal: None,
        exit: Some(1),
        message: "in production".to_owned(),
        stderr: "-db-pass: unknown".to_owned(),
    };
    mask.end(&mut end);
    assert!(!format!("{end:?}").contains("********"), "{end:?}");
    let long = format!("uction-db-pass: wrong\n{}", "x".repeat(5_000));
    let mut end = AttemptEnd::Crashed { signal: None, exit: Some(1), message: String::new(), stderr: long };
    mask.end(&mut end);
    assert!(format!("{end:?}").contains("********: wrong"), "{end:?}");
}

#[test]
fn who_and_where_are_no_secrets() {
    let field = |value: &str| CredentialField::new(value);
    let section = BTreeMap::from([
        ("username".to_owned(), field("svc-netbox")),
        ("url".to_owned(), field("https://netbox.example.com")),
        ("password".to_owned(), field("now-this-one").with_next("then-that-one")),
    ]);
    let credentials = Credentials::from([("netbox".to_owned(), section)]);
    let env = [
        ("API_TOKEN".to_owned(), "of-the-environment".to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ];
    let mask = Mask::of(&credentials, &["of-a-reference".to_owned()], &env);
    let said = "svc-netbox at https://netbox.example.com: now-this-one then-that-one of-the-environment of-a-reference C.UTF-8";
    expect!["svc-netbox at https://netbox.example.com: ******** ******** ******** ******** C.UTF-8"]
        .assert_eq(&mask.text(said));
}

#[test]
fn addresses_that_let_one_in_are_secrets() {
    for open in [
        "svc-netbox",
        "EXAMPLE\\svc_netbox",
        "Ada Lovelace",
        "db-07.example.com",
        "db-07.example.com:5432",
        "192.0.2.7",
        "[2001:db8::7]:443",
        "443",
        "https://netbox.example.com",
        "https://netbox.example.com/",
        "https://netbox.example.com:8443/api/v2/",
        "postgresql://db.example.com/inventory",
        "https://192.0.2.7/rest-api",
    ] {
        assert!(looks_open(open), "{open}");
    }
    for secret in [
        "https://hooks.example.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "https://hooks.example.com/x7Kq2VbN8mTz4RwY",
        "https://hooks.example.com/webhook/9b1deb4d-3b7d",
        "https://api.example.com?key=abc",
        "https://api.example.com/#abc",
        "https://ada:pw@example.com",
        "ada@example.com",
        "https://chat.example.com/api/a/b",
        "https://chat.example.com/aXbYcZdQ",
        "https://x.example.com/a;token=1",
    ] {
        assert!(!looks_open(secret), "{secret}");
    }
    let hook = "https://chat.example.com/hook?token=abc";
    let section = BTreeMap::from([("url".to_owned(), CredentialField::new(hook))]);
    let mask = Mask::of(&Credentials::from([("chat".to_owned(), section)]), &[], &[]);
    assert_eq!(mask.text(&format!("POST {hook}")), "POST ********");
}

#[test]
fn every_word_of_a_report_is_covered() {
    let mask = Mask::covering([SECRET].into_iter());
    let mut outcome = Outcome::success(format!("used {SECRET}"));
    outcome.detail = json!({ "lines": [format!("got {SECRET}"), "begins: correct-hors…"], SECRET: 7 });
    outcome.print = json!([{ "token": SECRET }]);
    let mut end = AttemptEnd::Finished { outcome };
    mask.end(&mut end);
    let told = serde_json::to_string(&end).unwrap();
    assert!(!told.contains("correct-") && told.matches("********").count() == 5, "{told}");
    let (message, stderr) = (format!("panicked: {SECRET}"), format!("{SECRET}\nhorse-battery-staple"));
    let mut end = AttemptEnd::Crashed { signal: None, exit: Some(1), message, stderr };
    mask.end(&mut end);
    assert!(!format!("{end:?}").contains("correct-horse"), "{end:?}");
}

#[test]
fn bytes_that_hold_a_secret_are_known() {
    let mask = Mask::covering([SECRET].into_iter());
    assert!(mask.is_in(&[&[0xff, 0xfe], SECRET.as_bytes(), &[0]].concat()));
    assert!(!mask.is_in(b"correct horse"));
    assert!(!Mask::default().is_in(SECRET.as_bytes()));
}
