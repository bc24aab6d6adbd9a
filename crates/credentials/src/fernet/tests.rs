//! The vectors of the Fernet specification (`generate.json`, `verify.json`, `invalid.json`).

use proptest::prelude::*;

use super::{Key, looks_like_token};

const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const TOKEN: &str =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
/// 1985-10-26T01:20:00-07:00
const TIME: u64 = 499_162_800;

fn key() -> Key {
    Key::parse(KEY).unwrap()
}

#[test]
fn generates_what_the_specification_says() {
    let iv = std::array::from_fn(|index| index as u8);
    assert_eq!(key().seal_with(b"hello", TIME, iv), TOKEN);
}

#[test]
fn opens_what_the_specification_says() {
    assert_eq!(key().open(TOKEN).unwrap().as_slice(), b"hello");
    assert_eq!(key().open(TOKEN.trim_end_matches('=')).unwrap().as_slice(), b"hello", "without padding");
}

#[test]
fn refuses_what_the_specification_calls_invalid() {
    for (what, token) in [
        (
            "incorrect mac",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
        ),
        ("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="),
        (
            "invalid base64",
            "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        ),
        (
            "payload size not multiple of block size",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
        ),
        (
            "payload padding error",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
        ),
        (
            "incorrect IV (causes padding error)",
            "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
        ),
    ] {
        assert!(key().open(token).is_none(), "{what}");
    }
}

#[test]
fn does_not_judge_time_as_values_of_a_vault_do_not_expire() {
    for (what, token) in [
        (
            "far-future TS (unacceptable clock skew)",
            "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
        ),
        (
            "expired TTL",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        ),
    ] {
        assert!(key().open(token).is_some(), "{what}");
    }
}

#[test]
fn keys_are_32_bytes_in_base64() {
    assert_eq!(*key().text(), KEY);
    assert_eq!(Key::parse(KEY.trim_end_matches('=')).as_ref(), Some(&key()));
    for wrong in ["", "axxx", &KEY[..40], &KEY.replace('_', "/"), "a password"] {
        assert_eq!(Key::parse(wrong), None, "{wrong}");
    }
    assert_ne!(Key::generate(), Key::generate());
    assert_eq!(format!("{:?}", key()), "Key(********)");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_with_its_key_and_no_other(value in prop::collection::vec(any::<u8>(), 0..200)) {
        let (one, other) = (Key::generate(), Key::generate());
        let token = one.seal(&value, "2026-11-21T12:00:00Z".parse().unwrap());
        prop_assert!(looks_like_token(&token));
        let opened = one.open(&token);
        prop_assert_eq!(opened.as_ref().map(|value| value.as_slice()), Some(value.as_slice()));
        prop_assert!(other.open(&token).is_none());
    }

    #[test]
    fn what_was_changed_does_not_open(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let at = at.index(TOKEN.len() - 3);
        prop_assume!(TOKEN[at..=at] != to);
        let changed = format!("{}{to}{}", &TOKEN[..at], &TOKEN[at + 1..]);
        prop_assert!(key().open(&changed).is_none());
        prop_assert!(key().open(&TOKEN[..at]).is_none());
    }
}
