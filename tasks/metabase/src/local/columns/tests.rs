//! Which type a column has, by what the server says of it and where the export has it.

use serde_json::json;

use super::{
    ColumnType::{Date, Float, Integer, Text, Unknown},
    *,
};

#[test]
fn types_follow_their_names() {
    for (base, effective, kind) in [
        ("type/Integer", None, ColumnType::Integer),
        ("type/BigInteger", None, ColumnType::Integer),
        ("type/Float", None, ColumnType::Float),
        ("type/Decimal", None, ColumnType::Decimal),
        ("type/Boolean", None, ColumnType::Boolean),
        ("type/Date", None, ColumnType::Date),
        ("type/DateTimeWithLocalTZ", None, ColumnType::DateTime),
        ("type/Instant", None, ColumnType::DateTime),
        ("type/TimeWithTZ", None, ColumnType::Time),
        ("type/Text", Some("type/DateTime"), ColumnType::DateTime),
        ("type/Integer", Some("type/*"), ColumnType::Integer),
        ("type/UUID", None, ColumnType::Text),
        ("type/Something", None, ColumnType::Text),
        ("type/*", None, ColumnType::Unknown),
        ("", None, ColumnType::Unknown),
    ] {
        assert_eq!(ColumnType::of(base, effective), kind, "{base} {effective:?}");
    }
}

#[test]
fn titles_find_their_columns() {
    let columns = columns(&json!([
        { "name": "id", "display_name": "ID", "base_type": "type/Integer" },
        { "name": "name", "base_type": "type/Text" },
        { "name": "at", "display_name": "At", "base_type": "type/Text", "effective_type": "type/Date" },
        { "name": "at_2", "display_name": "At", "base_type": "type/Float" },
        { "display_name": "no name" },
    ]));
    let types = |titles: &[&str]| {
        let titles: Vec<_> = titles.iter().map(|&title| title.to_owned()).collect();
        column_types(&titles, &columns)
    };
    assert_eq!(types(&["name", "ID", "At", "At"]), [Text, Integer, Date, Float]);
    assert_eq!(types(&["id", "other"]), [Integer, Unknown]);
    assert_eq!(types(&["At"]), [Unknown], "which of the two nobody knows");
    assert_eq!(types(&["at_2", "at"]), [Float, Date]);
    assert_eq!(super::columns(&json!(null)), []);
}
