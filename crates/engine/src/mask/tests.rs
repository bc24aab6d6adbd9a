//! What is covered, where a text is cut too, and what is left alone.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use roundsman_model::{AttemptEnd, CredentialField, Credentials, Outcome};
use serde_json::json;

use super::Mask;

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

#[test]
fn pieces_are_covered_where_a_text_is_cut() {
    check("cut here: correct-horse-bat", expect!["cut here: ********"]);
    check("cut here: correct-horse-bat…", expect!["cut here: ********…"]);
    check("-battery-staple and more", expect!["******** and more"]);
    check("…ry-staple and more", expect!["…******** and more"]);
    check("cut here: s3cr", expect!["cut here: ********"]);
    check("cret and more", expect!["******** and more"]);
    check("correct-horse-correct-horse", expect!["correct-horse-********"]);
    check("y-staple correct-", expect!["******** ********"]);
    // Too little to tell, or in the middle.
    check("ple is cut, and so is corr", expect!["ple is cut, and so is corr"]);
    check("a correct-horse is no secret", expect!["a correct-horse is no secret"]);
    check("…", expect!["…"]);
    check("", expect![""]);
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
