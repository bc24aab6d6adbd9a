//! One value as text or JSON: as it is, or formatted as questions show it.

use serde_json::Value;

use super::super::Cell;

/// A value in CSV, before quoting.
pub(super) fn text(cell: &Cell, formatted: bool) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) if formatted => grouped(&number.to_string()),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) if formatted => {
            let text = format!("{number:.2}");
            let (whole, rest) = text.split_once('.').unwrap_or((&text, "00"));
            format!("{}.{rest}", grouped(whole))
        }
        Cell::Float(number) => format!("{number:?}"),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Date(day) if formatted => day.format("%B %-d, %Y").to_string(),
        Cell::Date(day) => day.to_string(),
        Cell::DateTime(at) if formatted => at.format("%B %-d, %Y, %-I:%M %p").to_string(),
        Cell::DateTime(at) => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// A value in JSON.
pub(in crate::metabase) fn json_cell(cell: &Cell, formatted: bool) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) if !formatted => Value::from(*number),
        Cell::Float(number) if !formatted => Value::from(*number),
        Cell::Boolean(truth) => Value::from(*truth),
        other => Value::from(text(other, formatted)),
    }
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut out = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
