//! Which cells are values in a workbook and which stay text.

use super::*;

fn check(kind: ColumnType, cases: &[(&str, Value)]) {
    for &(text, value) in cases {
        assert_eq!(Value::of(text, kind), value, "{kind:?} {text:?}");
    }
}

#[test]
fn numbers_that_would_change_stay_text() {
    use Value::{Number, Text};
    check(
        ColumnType::Integer,
        &[
            ("0", Number(0.0)),
            ("-17", Number(-17.0)),
            ("999999999999999", Number(999_999_999_999_999.0)),
            ("9007199254740992", Text),
            ("9007199254740993", Text),
            ("12345678901234567890", Text),
            ("5000000000000000", Number(5e15)),
            ("007", Text),
            ("+7", Text),
            ("1,234", Text),
            ("", Text),
            ("-", Text),
            ("1.", Text),
            ("NaN", Text),
            ("inf", Text),
        ],
    );
    check(
        ColumnType::Decimal,
        &[
            ("12.30", Number(12.3)),
            ("0.1", Number(0.1)),
            ("0.000001", Number(0.000_001)),
            ("123456789012.345", Number(123_456_789_012.345)),
            ("1234567890123.4567", Text),
            ("0.1000000000000000055511151231257827", Text),
            ("-0.00", Number(0.0)),
            ("1e400", Text),
            ("1e-400", Text),
        ],
    );
    check(
        ColumnType::Float,
        &[("0.30000000000000004", Number(0.1 + 0.2)), ("1.0E10", Number(1e10)), ("1e999999999999", Text)],
    );
    check(ColumnType::Text, &[("12", Text), ("true", Text)]);
    check(ColumnType::Unknown, &[("12", Text)]);
    check(
        ColumnType::Boolean,
        &[("true", Value::Boolean(true)), ("false", Value::Boolean(false)), ("1", Text)],
    );
}

#[test]
fn days_are_counted_as_spreadsheets_do() {
    use Value::{Date, Text};
    check(
        ColumnType::Date,
        &[
            ("1900-01-01", Date(1.0)),
            ("1900-02-28", Date(59.0)),
            ("1900-03-01", Date(61.0)),
            ("2026-11-20", Date(46_346.0)),
            ("9999-12-31", Date(2_958_465.0)),
            ("2026-11-20T00:00:00Z", Date(46_346.0)),
            ("1899-12-31", Text),
            ("10000-01-01", Text),
            ("-0044-03-15", Text),
            ("2026-02-29", Text),
            ("20.11.2026", Text),
            ("November 20, 2026", Text),
        ],
    );
}

#[test]
fn instants_are_times_as_written() {
    use Value::{DateTime, Text, Time};
    check(
        ColumnType::DateTime,
        &[
            ("2026-11-20T12:00:00", DateTime(46_346.5)),
            ("2026-11-20 12:00", DateTime(46_346.5)),
            ("2026-11-20T12:00:00Z", DateTime(46_346.5)),
            ("2026-11-20T12:00:00+01:00", DateTime(46_346.5)),
            ("2026-11-20T12:00:00.000-0330", DateTime(46_346.5)),
            ("2026-11-20T00:00:00Z", DateTime(46_346.0)),
            ("2026-11-20T06:00:00.5Z", DateTime(46_346.0 + 21_600.5 / 86_400.0)),
            ("2026-11-20T06:00:00.000001Z", DateTime(46_346.0 + 21_600.000_001 / 86_400.0)),
            ("2026-11-20T06:00:00.0000001Z", Text),
            ("2026-11-20", Value::Date(46_346.0)),
            ("1899-12-31T23:00:00Z", Text),
            ("2026-11-20T24:00:00Z", Text),
            ("2026-11-20T23:59:60Z", Text),
            ("2026-11-20T12:00:00[Europe/Berlin]", Text),
            ("2026-11-20T", Text),
            ("2026-11-2ü0", Text),
        ],
    );
    check(
        ColumnType::Time,
        &[("18:00:00", Time(0.75)), ("06:00Z", Time(0.25)), ("6:00 AM", Text), ("25:00:00", Text)],
    );
}
