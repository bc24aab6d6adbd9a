//! Columns line up, give way on narrow terminals, and are whole in pipes.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use expect_test::{Expect, expect};

use super::{Cell, Table, cut};
use crate::cli::look::{Look, Tone};

fn check(look: Look, expected: Expect) {
    let mut table = Table::new().number("ID").column("STATE").text("SUMMARY").column("EMPTY").column("LAST");
    table.row(vec![
        "7".into(),
        Cell::toned("failed", Tone::Bad),
        "cannot reach 192.0.2.7".into(),
        "".into(),
        "x".into(),
    ]);
    table.row(vec![
        "1234".into(),
        "ok".into(),
        "118 Geräte, 9 geändert\nand a second line".into(),
        "".into(),
        "".into(),
    ]);
    expected.assert_eq(&table.render(look));
}

#[test]
fn a_pipe_gets_everything() {
    check(
        Look::PLAIN,
        expect![[r#"
          ID  STATE   SUMMARY                                   LAST
           7  failed  cannot reach 192.0.2.7                    x
        1234  ok      118 Geräte, 9 geändert and a second line
    "#]],
    );
}

#[test]
fn a_narrow_terminal_cuts_what_may_be_cut() {
    check(
        Look { width: Some(40), color: false },
        expect![[r#"
          ID  STATE   SUMMARY               LAST
           7  failed  cannot reach 192.0.…  x
        1234  ok      118 Geräte, 9 geänd…
    "#]],
    );
}

#[test]
fn colour_does_not_shift_columns() {
    let mut table = Table::new().column("STATE").column("TASK");
    table.row(vec![Cell::toned("failed", Tone::Bad), "a".into()]);
    table.row(vec![Cell::toned("succeeded", Tone::Good), "b".into()]);
    expect![[r#"
        ESC[1mSTATEESC[0m      ESC[1mTASKESC[0m
        ESC[31mfailedESC[0m     a
        ESC[32msucceededESC[0m  b
    "#]]
    .assert_eq(&table.render(Look { width: None, color: true }).replace('\x1b', "ESC"));
}

#[test]
fn wide_characters_count_twice_and_control_characters_not_at_all() {
    assert_eq!(cut("日本語テキスト", 7), "日本語…");
    let mut table = Table::new().column("A").column("B");
    table.row(vec!["日本\x1b[31m".into(), "b".into()]);
    expect![[r#"
        A     B
        日本  b
    "#]]
    .assert_eq(&table.render(Look::PLAIN));
}
