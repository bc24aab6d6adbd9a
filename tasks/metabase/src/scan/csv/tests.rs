//! The rules of CSV one by one. Random exports and damages are in `tests/scan`.

use super::*;

/// What is said of bytes, whole and byte by byte; both must agree.
fn scan(bytes: &[u8]) -> Result<Scanned, Flaw> {
    let in_pieces = |length: usize| {
        let mut scanner = CsvScanner::default();
        for piece in bytes.chunks(length) {
            scanner.feed(piece)?;
        }
        scanner.finish()
    };
    let whole = in_pieces(bytes.len().max(1));
    assert_eq!(in_pieces(1), whole, "pieces change nothing");
    whole
}

fn rows_and_titles(text: &str) -> (u64, Vec<String>) {
    let scanned = scan(text.as_bytes()).unwrap_or_else(|flaw| panic!("{flaw} in {text:?}"));
    (scanned.rows.unwrap(), scanned.columns.unwrap())
}

#[test]
fn legal_exports_are_counted() {
    for (text, rows, titles) in [
        ("a\n", 0, &["a"][..]),
        ("\n", 0, &[""]),
        ("a,b\n1,2\n", 1, &["a", "b"]),
        ("a\n\n\n", 2, &["a"]),
        ("a\r\n1\r\n", 1, &["a"]),
        ("a\n\"x\"\r\n", 1, &["a"]),
        ("\"a \"\"b\"\", c\",\"\"\n\"1\n2\",3\n", 1, &["a \"b\", c", ""]),
        ("\"\"\"\"\n\"\"\"\"\n", 1, &["\""]),
        ("a\n{\n{}\n", 2, &["a"]),
        ("a,b\n{,}\n{x,{y}\n", 2, &["a", "b"]),
        ("a\n\"{\"\"status\"\":\"\"failed\"\"}\"\n", 1, &["a"]),
        ("a\n\"{\"\"\"\n", 1, &["a"]),
        ("a,b\n1\r2,3\n", 1, &["a", "b"]),
        ("a\n\"1\r\n2\"\n", 1, &["a"]),
        ("\u{feff}a,b\n1,2\n", 1, &["a", "b"]),
        ("\u{feff}\"a\",b\n1,2\n", 1, &["a", "b"]),
        ("\u{fec0}a\n1\n", 1, &["\u{fec0}a"]),
        ("{ü}\n1\n", 1, &["{ü}"]),
    ] {
        let titles: Vec<_> = titles.iter().map(|&title| title.to_owned()).collect();
        assert_eq!(rows_and_titles(text), (rows, titles), "{text:?}");
    }
}

#[test]
fn rows_of_another_width_are_counted() {
    let scanned = scan(b"a,b\n1,2\n3\n\"x,y\",4,5\n6,\"7\"\n").unwrap();
    assert_eq!((scanned.rows, scanned.uneven, scanned.first_uneven), (Some(4), 2, Some(2)));
}

#[test]
fn what_is_cut_is_truncated() {
    for text in [
        "",
        "\u{feff}",
        "a",
        "a,b",
        "a\n1",
        "a\n\"1",
        "a\n\"1\n",
        "a\n\"1\"",
        "a\n\"1\"\r",
        "a\n1\r",
        "a\n1,",
        "a\n{",
    ] {
        let verdict = scan(text.as_bytes());
        assert!(matches!(verdict, Err(Flaw::Truncated(_))), "{text:?}: {verdict:?}");
    }
}

#[test]
fn impossible_quotes_without_a_document_are_damage() {
    for text in
        ["a\nx\"y\n", "a\n\"x\"y\n", "a\n\"x\"\ry\n", "a\n\"x\"\r,\n", "a\n{\"\n", "a\n{\"status\"\n1\n"]
    {
        let verdict = scan(text.as_bytes());
        assert!(matches!(verdict, Err(Flaw::Truncated(_))), "{text:?}: {verdict:?}");
    }
}

#[test]
fn errors_are_found_wherever_they_are_written() {
    let document = r#"{"status":"failed","error_type":"timed-out","error":"it took too long","class":"E"}"#;
    for before in [
        "",
        "a\n",
        "a\n1\n",
        "a\n1",
        "a\n1,",
        "a\n\"open",
        "a\n\"open\n",
        "a\n\"closed\"",
        "a\n\"half \"\"",
        "a\n{",
        "a\n\"{\"\"error\"\":\"\"a cell\"\"}\"\n",
    ] {
        for behind in ["", "\n", "\n2\n3\n"] {
            let verdict = scan(format!("{before}{document}{behind}").as_bytes());
            let Err(Flaw::ErrorDocument(error)) = verdict else { panic!("{before:?}: {verdict:?}") };
            assert_eq!(error.message, "it took too long");
            assert_eq!(error.error_type.as_deref(), Some("timed-out"));
        }
    }
}

#[test]
fn documents_that_are_cut_stripped_or_without_words_are_errors() {
    for (document, message) in [
        (r#"{"error":"no table","stacktrace":["a","#, "no table"),
        (r#"{"via":[{"type":"A","message":"outer"},{"type":"B","message":"inner"}]}"#, "inner"),
        (r#"{"via":[],"cause":"the cause"}"#, "the cause"),
        (r#"{"error":"","message":"the message"}"#, "the message"),
        (r#"{"error":{"code":7}}"#, r#"{"code":7}"#),
        (r#"{"_status":500}"#, "it gave no reason"),
        (r#"{"anything":1}"#, "it gave no reason"),
        ("{\n  \"error\": \"on many lines\"\n}", "on many lines"),
    ] {
        let verdict = scan(format!("a,b\n1,2\n{document}").as_bytes());
        let Err(Flaw::ErrorDocument(error)) = verdict else { panic!("{document}: {verdict:?}") };
        assert_eq!(error.message, message, "{document}");
    }
}

#[test]
fn a_page_or_another_object_is_no_csv() {
    for (body, says) in [
        ("<!DOCTYPE html>\n<html lang=\"en\"><body>Log in</body>", "a page that begins"),
        ("{\"status\":\"completed\",\"data\":{}}", "something that begins"),
    ] {
        let Err(Flaw::NotThisFormat(what)) = scan(body.as_bytes()) else { panic!("{body}") };
        assert!(what.starts_with(says), "{what}");
    }
}

#[test]
fn memory_stays_bounded_whatever_comes() {
    let mut scanner = CsvScanner::default();
    for _ in 0..200 {
        scanner.feed(&b"x".repeat(64 * 1024)).unwrap();
    }
    assert!(scanner.header.is_none() && scanner.witness.tail().len() <= 128 * 1024);
    scanner.feed(b"\n1\n").unwrap();
    assert_eq!(scanner.finish().unwrap().columns, None);

    let mut scanner = CsvScanner::default();
    scanner.feed(b"a\n1\nx\"").unwrap();
    let mut fed = 0;
    while scanner.feed(&[b'{', b'"'].repeat(10_000)).is_ok() {
        fed += 1;
        assert!(fed < 100, "a violation must end what is waited for");
    }
}
