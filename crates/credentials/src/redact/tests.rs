//! What is covered, in which forms, and what stays as it is.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose as engines};
use proptest::prelude::*;
use serde_json::json;

use super::Redactor;

const SECRET: &str = "p4ss/wörd+\"x y\"&=";

fn masks(redactor: &Redactor, text: &str, expected: &str) {
    assert_eq!(redactor.mask(text), expected, "of {text:?}");
}

#[test]
fn nothing_is_covered_by_default_and_what_holds_no_secret_is_not_copied() {
    let nothing = Redactor::default();
    assert!(nothing.is_empty());
    masks(&nothing, "p4ssword", "p4ssword");
    let redactor = Redactor::new([SECRET]);
    assert!(!redactor.is_empty());
    assert!(matches!(redactor.mask("an innocent line"), Cow::Borrowed(_)));
    assert!(Redactor::new(["", "abc", "*****"]).is_empty(), "too short, or a mask already");
}

#[test]
fn a_value_is_covered_wherever_it_stands() {
    let redactor = Redactor::new([SECRET]);
    masks(&redactor, SECRET, "********");
    masks(&redactor, &format!("a {SECRET} b {SECRET}"), "a ******** b ********");
    masks(&redactor, &format!("{SECRET}{SECRET}."), "********.");
}

#[test]
fn overlapping_values_are_covered_whole() {
    let redactor = Redactor::new(["abcdef", "defghi", "cdef", "abcdefgh"]);
    masks(&redactor, "<abcdefghi>", "<********>");
    masks(&redactor, "<abcdef>", "<********>");
    masks(&redactor, "<xcdefgh>", "<x********gh>");
}

#[test]
fn escaped_values_are_covered() {
    let redactor = Redactor::new([SECRET]);
    for encoded in [
        "p4ss%2Fw%C3%B6rd%2B%22x%20y%22%26%3D",
        "p4ss%2fw%c3%b6rd%2b%22x%20y%22%26%3d",
        "p4ss/w%C3%b6rd%2B%22x+y%22%26%3D",
        "p4ss%252Fw%25C3%25B6rd%252B%2522x%2520y%2522%2526%253D",
        r#"p4ss\/wörd+\"x y\"&="#,
        r#"p4ss/w\u00f6rd+\"x y\"&="#,
        r#"p4ss/w\u{f6}rd+\"x y\"&="#,
        r#"p4ss/w\\u00f6rd+\\\"x y\\\"&="#,
        r"p4ss/w\xc3\xb6rd+\x22x y\x22&=",
    ] {
        masks(&redactor, &format!("GET /?token={encoded}!"), "GET /?token=********!");
    }
    let whole = serde_json::to_string(&json!({ "password": SECRET })).unwrap();
    masks(&redactor, &whole, r#"{"password":"********"}"#);
    masks(&Redactor::new(["a🔑bc"]), r"<a\ud83d\udd11bc>", "<********>");
}

#[test]
fn base64_is_covered_at_every_alignment() {
    let redactor = Redactor::new(["??secret~~>>"]);
    for before in ["", "u", "us", "use", "user:"] {
        for after in ["", "\n", "12", "345"] {
            let whole = format!("{before}??secret~~>>{after}");
            for encoded in [
                engines::STANDARD.encode(&whole),
                engines::STANDARD_NO_PAD.encode(&whole),
                engines::URL_SAFE.encode(&whole),
                engines::URL_SAFE_NO_PAD.encode(&whole),
            ] {
                let masked = redactor.mask(&encoded).into_owned();
                assert!(masked.contains("********"), "{whole:?} as {encoded} is {masked}");
                assert!(masked.len() <= before.len() + after.len() + 16, "{encoded} is {masked}");
            }
        }
    }
    masks(&redactor, "Basic Pz9zZWNyZXR+fj4+", "Basic ********");
    masks(&redactor, "?t=Pz9zZWNyZXR%2Bfj4%2B&u", "?t=********&u");
    masks(&Redactor::new(["secret-1"]), "x=c2VjcmV0LTE=;", "x=********;");
    masks(&Redactor::new(["secret-1"]), "x=c2VjcmV0LTE%3D;", "x=********;");
}

/// As `base64 -w` and others break it, whatever was encoded before and after the value: each line as in a log, and all
/// lines in one text.
#[test]
fn wrapped_base64_is_covered_line_by_line() {
    let value = "ghp_x7Kq2VbN8mTz4RwYc1LdE6uHs9JfA3gPoQ5i?>~Z0vXkMnBtWyCrDhGjLpSaFeUq";
    let redactor = Redactor::new([value]);
    for wrap in [20, 50, 64, 76] {
        for (before, after) in (0..80).flat_map(|before| [(before, 0), (before, 1), (before, 50)]) {
            let whole = format!("{}{value}{}", "u".repeat(before), "e".repeat(after));
            let encoded = engines::STANDARD.encode(&whole);
            let lines: Vec<_> =
                encoded.as_bytes().chunks(wrap).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let masked: String = lines.iter().map(|line| redactor.mask(line)).collect();
            assert!(masked.contains("********"), "{before} {after}: {masked}");
            // The characters that hold bits of the value and of what stands beside it may stay, and pieces too short to tell.
            let (first, last) = (before.div_ceil(3) * 4 + 4, (before + value.len()) / 3 * 4 - 4);
            for at in first..last - 7 {
                assert!(
                    !masked.contains(&encoded[at..at + 7]),
                    "{wrap} {before} {after}: {} of {encoded} in {masked}",
                    &encoded[at..at + 7]
                );
            }
            let text = redactor.mask(&lines.join("\n")).into_owned();
            assert!(text.len() <= before * 4 / 3 + after * 4 / 3 + 24, "{wrap} {before} {after}: {text}");
        }
    }
}

#[test]
fn values_are_covered_in_quotes_entities_and_colours_and_over_line_ends() {
    let value = "it's <&\"ä\"> $5 o'k";
    let redactor = Redactor::new([value]);
    for written in [
        r#"'it'\''s <&"ä"> $5 o'\''k'"#,
        r#"'it'"'"'s <&"ä"> $5 o'"'"'k'"#,
        r#""it's <&\"ä\"> \$5 o'k""#,
        r#"$'it\'s <&"\303\244"> $5 o\'k'"#,
        r#"it\'s\ \<\&\"ä\"\>\ \$5\ o\'k"#,
        "it&apos;s &lt;&amp;&quot;&#228;&quot;&gt; $5 o&#39;k",
        "it&#x27;s &lt;&amp;&quot;&#xe4;&#34;> $5 o&#039;k",
        "it&amp;apos;s &amp;lt;&amp;amp;&amp;quot;&amp;#228;&amp;quot;&amp;gt; $5 o&amp;#39;k",
        "'it''s <&\"ä\"> $5 o''k'",
        "\"it's <&\"\"ä\"\"> $5 o'k\"",
        r#"\"it's <&\"\"ä\"\"> $5 o'k\""#,
        "\u{1b}[31mit's <&\u{1b}[0m\"ä\"> $5\u{1b}]8;;x\u{7} o'k\u{1b}[0m",
        r#"\u001b[31mit's <&\u001b[0m\"ä\"> $5 o'k\u001b[0m"#,
        "it's <&\"ä\r\n    \"> $5 o'k",
        r#"it's <&\"ä\n\"> $5 o'k"#,
    ] {
        let masked = redactor.mask(written).into_owned();
        assert!(masked.contains("********") && masked.len() < 32, "{written} is {masked}");
    }
    masks(&Redactor::new(["a&b'c\"d"]), "x=&lt;a&amp;b&#x27;c&quot;d;", "x=&lt;********;");
    masks(&redactor, "it's & it isn''t \"\" &lt;", "it's & it isn''t \"\" &lt;");
}

#[test]
fn bytes_are_searched_in_utf16_too() {
    let redactor = Redactor::new([SECRET]);
    let text = format!("head {SECRET} tail");
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(redactor.is_in(text.as_bytes()) && redactor.is_in(&le) && redactor.is_in(&be));
    assert!(redactor.is_in(&[&[0xff, 0xfe, 0], le.as_slice()].concat()));
    assert!(!redactor.is_in(&le[..20]) && !Redactor::default().is_in(&le));
}

#[test]
fn each_line_of_a_value_is_covered() {
    let value = "-----BEGIN KEY-----\n  MIIEvQIBADANBg\r\nabc\n-----END KEY-----\n";
    let redactor = Redactor::new([value]);
    masks(&redactor, "read MIIEvQIBADANBg from", "read ******** from");
    masks(&redactor, value, "********\n");
    masks(&redactor, "abc", "abc");
    masks(&redactor, &value.replace("\r\n", "\\r\\n").replace('\n', "\\n"), "********\\n");
}

#[test]
fn a_long_value_is_covered_as_far_as_it_goes() {
    let value: String = (0..100_000).map(|number| format!("{number:x}.")).collect();
    let redactor = Redactor::new([&value]);
    masks(&redactor, &format!("<{value}>"), "<********>");
    masks(&redactor, &format!("<{}>", &value[..5_000]), "<********>");
    masks(&redactor, &engines::STANDARD.encode(&value), "********");
}

#[test]
fn json_is_covered_in_strings_keys_and_numbers() {
    let redactor = Redactor::new(["secret-1", "secret-2", "123456"]);
    let mut value = json!({
        "a": ["secret-1", 1, true, null, 123_456, 12_345_678],
        "secret-1": { "b": "is secret-2" },
        "secret-2": 2,
    });
    redactor.mask_json(&mut value);
    let expected = json!({
        "a": ["********", 1, true, null, "********", 12_345_678],
        "********": { "b": "is ********" },
        "******** (2)": 2,
    });
    assert_eq!(value, expected);
}

#[test]
fn values_that_hold_asterisks_are_not_completed_by_a_mask() {
    let redactor = Redactor::new(["a***", "bbbb"]);
    let masked = redactor.mask("abbbb a**a***").into_owned();
    assert!(!masked.contains("a***"), "{masked}");
}

fn values() -> impl Strategy<Value = Vec<String>> {
    let any = prop_oneof!["[ab*%]{4,6}", "[a-c\n ]{4,12}", "[a-d\"\\\\/+%é=]{4,9}", "\\PC{4,20}"];
    prop::collection::vec(any, 1..5)
}

fn worth(value: &str) -> bool {
    value.trim().len() >= 4 && !value.bytes().all(|byte| byte == b'*')
}

proptest! {
    #[test]
    fn no_masked_text_holds_a_value(values in values(), pieces in prop::collection::vec(("[ab*% \n\\\\]{0,6}", any::<prop::sample::Index>()), 0..6)) {
        let redactor = Redactor::new(&values);
        let text: String = pieces.iter().map(|(between, which)| format!("{between}{}", which.get(&values))).collect();
        let masked = redactor.mask(&text);
        for value in values.iter().filter(|value| worth(value)) {
            prop_assert!(!masked.contains(value.as_str()), "{value:?} is in {masked:?} of {text:?}");
        }
    }

    #[test]
    fn no_masked_encoding_holds_an_encoded_value(value in "[!-~]{6,24}", before in "[!-~]{0,5}", after in "[!-~]{0,5}") {
        prop_assume!(worth(&value));
        let redactor = Redactor::new([&value]);
        let whole = format!("{before}{value}{after}");
        for encoded in [engines::STANDARD.encode(&whole), engines::URL_SAFE_NO_PAD.encode(&whole)] {
            prop_assert!(redactor.mask(&encoded).contains("********"), "{encoded}");
        }
        let percent: String = whole.bytes().map(|byte| format!("%{byte:02x}")).collect();
        prop_assert!(redactor.mask(&percent).contains("********"), "{percent}");
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert!(redactor.mask(&json).contains("********"), "{json}");
    }

    #[test]
    fn text_without_secrets_stays(text in "[a-m ]{0,60}") {
        let redactor = Redactor::new(["nopq-rstu"]);
        prop_assert_eq!(redactor.mask(&text), text.as_str());
    }
}
