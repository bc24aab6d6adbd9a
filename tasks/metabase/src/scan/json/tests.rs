//! The rules of JSON one by one, next to a parser that is known to be right. Random exports and damages are in
//! `tests/scan`.

use serde_json::Value;

use super::*;

/// What is said of bytes, whole and byte by byte; both must agree.
fn scan(bytes: &[u8]) -> Result<Scanned, Flaw> {
    let in_pieces = |length: usize| {
        let mut scanner = JsonScanner::default();
        for piece in bytes.chunks(length) {
            scanner.feed(piece)?;
        }
        scanner.finish()
    };
    let whole = in_pieces(bytes.len().max(1));
    assert_eq!(in_pieces(1), whole, "pieces change nothing");
    whole
}

/// Values, good and bad.
const VALUES: &[&str] = &[
    "0",
    "-0",
    "00",
    "01",
    "-",
    "1.",
    ".5",
    "1.5",
    "1e5",
    "1E+05",
    "1e",
    "1e+",
    "-1.0e-10",
    "+1",
    "1x",
    "0x1",
    "true",
    "false",
    "null",
    "True",
    "nul",
    "nulll",
    "NaN",
    "Infinity",
    "\"\"",
    "\"a",
    "\"\\n\\\"\\/\\u00e9\"",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"\\u12\"",
    "\"\t\"",
    "\"\n\"",
    "\"\u{7f}\"",
    "\"ü日🦀\"",
    "'a'",
    "[]",
    "[1,2]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{}",
    "{\"a\":1}",
    "{\"a\"}",
    "{\"a\":}",
    "{a:1}",
    "{\"a\":1,}",
    "{\"a\" : [ { } ] }",
    "[}",
    "{]",
    "",
    " ",
    "1 2",
    "\"a\"\"b\"",
];

#[test]
fn values_are_judged_as_a_parser_does() {
    for value in VALUES {
        let text = format!("[{{\"v\":{value}}}]");
        let parsed = serde_json::from_str::<Value>(&text).is_ok();
        assert_eq!(scan(text.as_bytes()).is_ok(), parsed, "{text}");
    }
    // A half of a character pair is legal JSON, though no text.
    assert!(scan(br#"[{"v":"\ud800"}]"#).is_ok());
}

#[test]
fn texts_are_utf8_however_they_are_cut() {
    for (bytes, good) in [
        (&b"\xC3\xBC"[..], true),
        (b"\xF0\x9F\xA6\x80", true),
        (b"\xC3", false),
        (b"\xC3\xC3\xBC", false),
        (b"\xED\xA0\x80", false),
        (b"\xC0\x80", false),
        (b"\xFF", false),
        (b"\xE2\x82\\n\xAC", false),
    ] {
        let text = [b"[{\"v\":\"", bytes, b"\"}]"].concat();
        assert_eq!(scan(&text).is_ok(), good, "{bytes:02x?}");
    }
}

#[test]
fn elements_and_keys_are_told() {
    for (text, rows, columns, uneven) in [
        ("[]", 0, None, 0),
        (" [ ] \n", 0, None, 0),
        ("[{}]", 1, Some(vec![]), 0),
        (r#"[{"b":1,"a":{"x":1,"y":[{}]}},{"b":2,"a":3}]"#, 2, Some(vec!["b", "a"]), 0),
        (r#"[{"a":1},{"a":1,"b":2},{}]"#, 3, Some(vec!["a"]), 2),
        (r#"[{"\u00fc\"":1,"\ud800":2}]"#, 1, Some(vec!["ü\"", "\\ud800"]), 0),
    ] {
        let scanned = scan(text.as_bytes()).unwrap_or_else(|flaw| panic!("{text}: {flaw}"));
        let columns = columns.map(|columns| columns.into_iter().map(str::to_owned).collect());
        assert_eq!((scanned.rows, scanned.columns, scanned.uneven), (Some(rows), columns, uneven), "{text}");
    }
}

#[test]
fn errors_are_found_wherever_they_are_written() {
    let document = r#"{"via":[{"type":"E"}],"trace":[],"cause":"it took too long"}"#;
    for before in [
        "",
        "[",
        "[{\"a\":1}",
        "[{\"a\":1},",
        "[{\"a\":1},\n",
        "[{\"a\":",
        "[{\"a\":\"x",
        "[{\"a\":\"x\\",
        "[{\"a",
        "[{",
        "[{\"a\":1",
        "[{\"a\":tr",
        "[{\"a\":[",
        "[{\"a\":{\"error\":\"a cell\"},\"b",
        "[{\"a\":1}]",
        "[]\n",
        "[{\"a\":\"\\u00",
    ] {
        let verdict = scan(format!("{before}{document}").as_bytes());
        let Err(Flaw::ErrorDocument(error)) = verdict else { panic!("{before:?}: {verdict:?}") };
        assert_eq!(error.message, "it took too long", "{before:?}");
    }
}

#[test]
fn rows_with_names_like_errors_are_rows() {
    let rows = r#"[{"error":"a","message":"b"},{"error":"c","message":"d"}"#;
    assert_eq!(scan(format!("{rows}]").as_bytes()).unwrap().rows, Some(2));
    assert!(matches!(scan(rows.as_bytes()), Err(Flaw::Truncated(_))), "nobody said it is an error");
}

#[test]
fn other_answers_are_no_export() {
    for body in
        ["<html lang=\"en\">", "1", "\"text\"", "null", r#"{"status":"completed"}"#, "\u{feff}[]", "a,b\n"]
    {
        let verdict = scan(body.as_bytes());
        assert!(matches!(verdict, Err(Flaw::NotThisFormat(_))), "{body}: {verdict:?}");
    }
    for body in ["", " \n", "[", "[{\"a\":1}", "[1]", "[[]]", "[{}]x", "[{}]]"] {
        assert!(matches!(scan(body.as_bytes()), Err(Flaw::Truncated(_))), "{body}");
    }
}

#[test]
fn depth_and_titles_are_bounded() {
    let nested = |depth: usize| format!("[{{\"a\":{}{}}}]", "[".repeat(depth), "]".repeat(depth));
    assert!(scan(nested(126).as_bytes()).is_ok());
    assert!(scan(nested(127).as_bytes()).is_err());
    let long = format!("[{{\"{}\":1}}]", "k".repeat(2 << 20));
    let mut scanner = JsonScanner::default();
    scanner.feed(long.as_bytes()).unwrap();
    assert_eq!(scanner.finish().unwrap().columns, None);
}

#[test]
fn later_elements_may_have_the_keys_of_the_first_or_others() {
    let first = r#"{"a":1,"ab\"c":"x","ü":true}"#;
    let later = [
        (first, Ok(0)),
        (r#"{"a" :1,"ab\"c" : "x\\","ü":null}"#, Ok(0)),
        (r#"{"ab\"c":12.50,"a":{"a":1,"b":[]},"ü":-1e9}"#, Ok(0)),
        (r#"{"a":1}"#, Ok(1)),
        (r#"{"a":1,"ab\"c":2,"ü":3,"d":4}"#, Ok(1)),
        // As many keys, but others.
        (r#"{"a":1,"ab\"c":2,"u":3}"#, Ok(1)),
        (r#"{"b":1,"ab\"c":2,"ü":3}"#, Ok(1)),
        (r#"{"a":1,"ab\"c":2,"a":3}"#, Ok(1)),
        (r#"{"a":1,"ab\"c":{"ü":1},"a":3}"#, Ok(1)),
        (r#"{"a"1}"#, Err(())),
        (r#"{"a":1,}"#, Err(())),
        (r#"{"a":1"ab\"c":2}"#, Err(())),
        (r#"{"a":trup}"#, Err(())),
    ];
    for (second, uneven) in later {
        let text = format!("[{first},\n{second},\n{first}]");
        let seen = scan(text.as_bytes());
        assert_eq!(seen.as_ref().map(|seen| seen.uneven).map_err(drop), uneven, "{second}");
        assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), seen.is_ok(), "{second}");
        if let Ok(seen) = seen {
            assert_eq!(seen.rows, Some(3));
            assert_eq!(seen.columns, Some(vec!["a".into(), "ab\"c".into(), "ü".into()]));
        }
    }
}

#[test]
fn one_key_twice_is_no_table() {
    let flaw = scan(br#"[{"a":1,"b":2,"a":3}]"#).unwrap_err();
    assert!(matches!(&flaw, Flaw::NotThisFormat(what) if what.contains("\"a\" twice")), "{flaw:?}");
    // However it is written.
    scan(br#"[{"a":1,"\u0061":3}]"#).unwrap_err();
    scan(br#"[{"a":{"x":1,"y":2},"b":[{"x":1},{"x":2}]}]"#).unwrap();
}
