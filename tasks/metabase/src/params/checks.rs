//! Whether a value is one that a parameter takes, as far as its type tells. The server has the last word.

use chrono::NaiveDate;
use serde_json::Value;

use crate::server::Parameter;

/// Whether the value fits; if not, why.
pub(super) fn fits(parameter: &Parameter, value: &Value) -> Result<(), String> {
    if value.is_object() || nested(value) {
        return Err("a text, a number, true, false or a list of these was expected".to_owned());
    }
    let word = parameter.parameter_type.as_deref().unwrap_or("category");
    let (family, kind) = word.split_once('/').unwrap_or((word, ""));
    match (family, kind) {
        ("number", "between") if value.as_array().is_none_or(|list| list.len() != 2) => {
            Err(expected(value, "a list of two numbers"))
        }
        ("number", _) => each(value, is_number, "a number"),
        ("boolean", _) => each(value, is_bool, "true or false"),
        ("date", "single") => single(value, is_date, "a day such as 2026-11-20"),
        ("date", "range") => single(value, is_range, "two days such as 2026-11-01~2026-11-07"),
        ("date", "month-year") => single(value, is_month, "a month such as 2026-11"),
        ("date", "quarter-year") => single(value, is_quarter, "a quarter such as Q4-2026"),
        ("date", _) => single(value, |text| !text.is_empty(), "days such as 2026-11-20 or past7days"),
        _ => Ok(()),
    }
}

fn nested(value: &Value) -> bool {
    let has_parts = |value: &Value| value.is_array() || value.is_object() || value.is_null();
    value.as_array().is_some_and(|list| list.iter().any(has_parts))
}

fn each(value: &Value, fits: fn(&Value) -> bool, wanted: &str) -> Result<(), String> {
    let all = match value {
        Value::Array(list) => list.iter().all(fits),
        value => fits(value),
    };
    if all { Ok(()) } else { Err(expected(value, wanted)) }
}

/// Days come alone; a list of one is forgiven.
fn single(value: &Value, fits: fn(&str) -> bool, wanted: &str) -> Result<(), String> {
    let value = match value {
        Value::Array(list) if list.len() == 1 => &list[0],
        value => value,
    };
    if value.as_str().is_some_and(fits) { Ok(()) } else { Err(expected(value, wanted)) }
}

fn expected(value: &Value, wanted: &str) -> String {
    let written: String = value.to_string().chars().take(60).collect();
    format!("{written} is not {wanted}")
}

fn is_number(value: &Value) -> bool {
    let text = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    value.is_number() || value.as_str().is_some_and(text)
}

fn is_bool(value: &Value) -> bool {
    value.is_boolean() || matches!(value.as_str(), Some("true" | "false"))
}

fn is_date(text: &str) -> bool {
    // A time may follow.
    let day = text.split_once(['T', ' ']).map_or(text, |(day, _)| day);
    NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok()
}

fn is_range(text: &str) -> bool {
    text.split_once('~').is_some_and(|(from, to)| {
        (is_date(from) && is_date(to)) || (is_date(from) && to.is_empty()) || (from.is_empty() && is_date(to))
    })
}

fn is_month(text: &str) -> bool {
    NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").is_ok()
}

fn is_quarter(text: &str) -> bool {
    let parts = text.strip_prefix('Q').and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(quarter, year)| {
        matches!(quarter, "1" | "2" | "3" | "4") && year.len() == 4 && year.parse::<u16>().is_ok()
    })
}
