//! Bounds of key ranges. What the databases make of them is the conformance suite's.

use super::{beyond, bound, end};

#[test]
fn the_end_of_a_prefix_is_the_least_key_behind_all_that_begin_with_it() {
    for (prefix, expected) in [
        ("a", "b"),
        ("a/", "a0"),
        ("ab\u{10ffff}", "ac"),
        ("\u{d7ff}", "\u{e000}"),
        ("é", "ê"),
        ("a\0b", "a\u{1}"),
    ] {
        assert_eq!(beyond(prefix), expected, "{prefix:?}");
    }
    assert_eq!(beyond(""), end());
    assert_eq!(beyond("\u{10ffff}"), end());
    assert!(end().as_str() > "\u{10ffff}".repeat(128).as_str());
}

#[test]
fn a_bound_with_nul_separates_keys_without_nul_alike() {
    let keys = ["", "a", "a\u{1}", "a\u{1}b", "aa", "b"];
    for raw in ["a\0", "a\0zzz", "\0", "aa\0"] {
        for key in keys {
            assert_eq!(key < raw, key < bound(raw).as_str(), "{key:?} against {raw:?}");
        }
    }
}
