//! Log lines for people and programs; nothing in them can steer a terminal.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use chrono_tz::Tz;
use expect_test::expect;

use super::Printer;
use crate::cli::look::Look;

const LINES: [(u32, &str); 7] = [
    (1, r#"{"at":"2026-11-21T22:59:59.500Z","stream":"roundsman","level":"info","text":"attempt 1 begins"}"#),
    (
        1,
        r#"{"at":"2026-11-21T22:59:59.900Z","stream":"log","level":"info","text":"reading fw1.example.com"}"#,
    ),
    (
        1,
        r#"{"at":"2026-11-21T23:00:00.100Z","stream":"stdout","level":"info","text":"\u001b[2Jhello\ttabs"}"#,
    ),
    (1, r#"{"at":"2026-11-21T23:00:00.200Z","stream":"stderr","level":"info","text":""}"#),
    (2, r#"{"at":"2026-11-21T23:00:30.000Z","stream":"log","level":"error","text":"gave up"}"#),
    (2, r#"{"at":"2026-11-21T23:00:31.000Z","stream":"log","level":"debug","text":"x","more":1}"#),
    (2, "not JSON at all\u{7}"),
];

fn print(json: bool) -> String {
    let mut printer = Printer::new(Tz::Europe__Berlin, json);
    LINES.iter().map(|(attempt, line)| printer.print(*attempt, line, Look::PLAIN)).collect()
}

#[test]
fn for_people() {
    expect![[r#"
        --- attempt 1, 2026-11-21 23:59:59 +01:00 Europe/Berlin ---
        23:59:59.500 ·     attempt 1 begins
        23:59:59.900 INFO  reading fw1.example.com
        --- 2026-11-22 00:00:00 +01:00 Europe/Berlin ---
        00:00:00.100 out   hello tabs
        00:00:00.200 err
        --- attempt 2, 2026-11-22 00:00:30 +01:00 Europe/Berlin ---
        00:00:30.000 ERROR gave up
        00:00:31.000 DEBUG x
        not JSON at all
    "#]]
    .assert_eq(&print(false));
}

#[test]
fn for_programs() {
    let text = print(true);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), LINES.len());
    assert_eq!(lines[4]["attempt"], 2);
    assert_eq!(lines[5]["more"], 1);
    assert_eq!(lines[6]["text"], "not JSON at all\u{7}");
}
