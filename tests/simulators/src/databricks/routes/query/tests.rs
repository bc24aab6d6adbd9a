//! Filters against JSON. Pages are tested over HTTP.

use serde_json::json;

use super::Filter;

#[test]
fn filters_choose_by_attributes() {
    let user = json!({
        "userName": "S1@example.edu", "displayName": "a \"b\" \\c", "active": true,
        "emails": [{ "value": "s1@example.edu" }, { "value": "other@example.edu" }],
    });
    let fits = |text: &str| Filter::parse(text).unwrap().fits(&user);
    assert!(fits(r#"userName eq "s1@example.edu""#), "names have no case");
    assert!(!fits(r#"userName eq "s1""#));
    assert!(fits(r#"username sw "s1@""#));
    assert!(fits(r#"userName co "example""#));
    assert!(fits(r#"userName ne "else""#));
    assert!(fits(r#"displayName eq "a \"b\" \\c""#), "quotes and backslashes are escaped");
    assert!(fits(r#"emails.value eq "other@example.edu""#));
    assert!(fits("active eq true"));
    assert!(fits(r#"userName eq "x" or userName sw "s" and active eq true"#));
    assert!(!fits(r#"userName sw "s" and active eq false"#));
    assert!(!fits(r#"nickName eq "x""#));
}

#[test]
fn broken_filters_are_refused() {
    let told = |text: &str| Filter::parse(text).err().unwrap();
    assert_eq!(told("userName eq"), "Invalid filter: userName eq");
    assert_eq!(told(r#"userName eq "x"#), "Invalid filter: userName eq \"x");
    assert_eq!(told("userName gt 3"), "Unsupported operator gt in filter: userName gt 3");
    assert_eq!(told("a eq 1 xor b eq 2"), "Invalid filter: a eq 1 xor b eq 2");
}
