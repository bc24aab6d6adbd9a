//! What an action wants printed: a text, a table, or whatever it is as JSON. It knows no kind.

use serde_json::Value;

use super::{look::Look, table::Table};

/// The text to print; nothing where nothing is wanted. A table is `{"columns": […], "rows": [[…]]}`, or a list of objects.
pub(crate) fn text(print: &Value, look: Look) -> String {
    match print {
        Value::Null => String::new(),
        Value::String(text) => lines(text),
        print => table(print).map_or_else(
            || lines(&serde_json::to_string_pretty(print).unwrap_or_default()),
            |table| table.render(look),
        ),
    }
}

/// Each line without what would reach the terminal as a command to it.
fn lines(text: &str) -> String {
    text.lines().map(|line| super::look::clean(line) + "\n").collect()
}

fn table(print: &Value) -> Option<Table> {
    let (columns, rows) = match print {
        Value::Object(_) => with_columns(print)?,
        Value::Array(objects) => of_objects(objects)?,
        _ => return None,
    };
    let numbers = |at: usize| {
        rows.iter().all(|row| row.get(at).is_some_and(|cell| cell.is_number() || cell.is_null()))
            && !rows.is_empty()
    };
    let heads = columns.iter().enumerate();
    let mut table =
        heads.fold(
            Table::new(),
            |table, (at, column)| {
                if numbers(at) { table.number(column) } else { table.column(column) }
            },
        );
    for row in &rows {
        table.row((0..columns.len()).map(|at| cell(row.get(at)).into()).collect());
    }
    Some(table)
}

/// The columns in the order they are named.
fn with_columns(print: &Value) -> Option<(Vec<String>, Vec<Vec<Value>>)> {
    let columns = print.get("columns")?.as_array()?.iter().map(|column| cell(Some(column)));
    let rows = print.get("rows")?.as_array()?.iter().map(|row| row.as_array().cloned());
    Some((columns.collect(), rows.collect::<Option<_>>()?))
}

/// Every key that an object has is a column.
fn of_objects(objects: &[Value]) -> Option<(Vec<String>, Vec<Vec<Value>>)> {
    let objects = objects.iter().map(Value::as_object).collect::<Option<Vec<_>>>()?;
    let mut columns: Vec<String> = Vec::new();
    for key in objects.iter().flat_map(|object| object.keys()) {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
    }
    let row = |object: &&serde_json::Map<String, Value>| {
        columns.iter().map(|column| object.get(column).cloned().unwrap_or_default()).collect()
    };
    let rows = objects.iter().map(row).collect();
    (!columns.is_empty()).then_some((columns, rows))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(print: Value, expected: Expect) {
        expected.assert_eq(&text(&print, Look::PLAIN));
    }

    #[test]
    fn what_actions_print() {
        check(json!(null), expect![""]);
        check(
            json!("one\n\u{1b}[2Jtwo"),
            expect![[r"
            one
            two
        "]],
        );
        check(
            json!({ "columns": ["name", "age"], "rows": [["Ada", 36], ["Bob", null]] }),
            expect![[r"
                name  age
                Ada    36
                Bob
            "]],
        );
        check(
            json!([{ "a": 1, "b": "x" }, { "b": true, "c": [1] }]),
            expect![[r"
            a  b     c
            1  x
               true  [1]
        "]],
        );
        check(
            json!([]),
            expect![[r"
            []
        "]],
        );
        check(
            json!({ "deleted": 3 }),
            expect![[r#"
            {
              "deleted": 3
            }
        "#]],
        );
    }
}
