//! Addresses as people write them, and what may lie below them. Nothing is connected to.

use proptest::prelude::*;

use super::BaseUrl;

fn shown(text: &str) -> String {
    BaseUrl::parse(text).map_or_else(|error| error.to_string(), |base| base.to_string())
}

#[test]
fn what_people_write() {
    let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    check(" adb-1.2.example.net ", "https://adb-1.2.example.net/");
    check("https://dbc.example.com/?o=12#top", "https://dbc.example.com/");
    check("https://dbc.example.com:443/", "https://dbc.example.com/");
    check("https://example.com/metabase", "https://example.com/metabase/");
    check("https://example.com/metabase//", "https://example.com/metabase/");
    check("http://127.0.0.1:8080", "http://127.0.0.1:8080/");
    check("http://[::1]:8080", "http://[::1]:8080/");
    check("http://metabase.localhost", "http://metabase.localhost/");
}

#[test]
fn what_is_refused() {
    let check = |text: &str, part: &str| {
        let said = shown(text);
        assert!(said.contains(part), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    };
    check("http://netbox.example.com", "in the open");
    check("ftp://example.com", "begins with ftp");
    check("https://me:hunter2@example.com", "belong into the vault");
    check("https://me:hunter2@exa mple.com", "is no address");
    check("", "is no address");
    check("https://", "is no address");
}

#[test]
fn what_lies_below() {
    let base = BaseUrl::parse("https://example.com/metabase").unwrap();
    let check = |path: &str, expected: Option<&str>| {
        assert_eq!(base.join(path).ok().as_ref().map(url::Url::as_str), expected, "{path}");
    };
    check("api/card/1", Some("https://example.com/metabase/api/card/1"));
    check("/api/card/1", Some("https://example.com/metabase/api/card/1"));
    check("//evil.example/x", Some("https://example.com/metabase/evil.example/x"));
    check("https://evil.example/", Some("https://example.com/metabase/https://evil.example/"));
    check("../admin", None);
    check("%2e%2e/admin", None);
}

proptest! {
    #[test]
    fn a_name_stays_one_segment_and_below(name in "\\PC{1,40}") {
        let base = BaseUrl::parse("https://example.com/api").unwrap();
        let path = format!("things/{}/state", BaseUrl::segment(&name));
        let url = base.join(&path);
        if name != "." && name != ".." {
            let url = url.unwrap();
            prop_assert_eq!(url.path_segments().unwrap().count(), 4);
            prop_assert!(url.query().is_none() && url.fragment().is_none());
        } else if let Ok(url) = url {
            prop_assert!(url.path().starts_with("/api/"));
        }
    }
}
