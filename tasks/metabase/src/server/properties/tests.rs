//! Versions and limits as servers write them.

use serde_json::json;

use super::*;

#[test]
fn versions() {
    let check = |tag: &str, expected: Option<(u32, u32)>| {
        let found = Version::parse(tag).map(|version| (version.major, version.minor));
        assert_eq!(found, expected, "{tag}");
    };
    check("v0.56.4", Some((56, 4)));
    check("v1.56.4", Some((56, 4)));
    check("v1.56.4.2", Some((56, 4)));
    check("v0.57.0-RC1", Some((57, 0)));
    check("0.49", Some((49, 0)));
    check("v0.58-SNAPSHOT", Some((58, 0)));
    check("vUNKNOWN", None);
    check("", None);
    check("v0", None);
}

#[test]
fn limits() {
    let check = |limit: serde_json::Value, cap: u64| {
        let properties = Properties::read(&json!({ "download-row-limit": limit }));
        assert_eq!(properties.file_cap(), cap, "{limit}");
    };
    check(json!(null), MOST_ROWS);
    check(json!(500), MOST_ROWS);
    check(json!(2_000_000), 2_000_000);
    check(json!("2000000"), 2_000_000);
    check(json!("many"), MOST_ROWS);
}

#[test]
fn what_is_no_object_says_nothing() {
    assert_eq!(Properties::read(&json!([1, 2])), Properties::default());
    assert!(Properties::default().is_at_least(53), "unknown servers are taken for new ones");
    let old = Properties::read(&json!({ "version": { "tag": "v0.49.3" } }));
    assert!(!old.is_at_least(53) && old.is_at_least(49));
}
