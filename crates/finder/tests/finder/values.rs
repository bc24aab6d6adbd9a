//! Text as values, by the schemas that scripts, plugins and compiled kinds have.

use expect_test::{Expect, expect};
use roundsman_finder::{params_of, value_of, with_defaults};
use serde_json::{Value, json};

fn check(schema: Value, texts: &[&str], expected: Expect) {
    let line = |text: &&str| match value_of(&schema, text) {
        Ok(value) => format!("{text:?} -> {value}\n"),
        Err(why) => format!("{text:?}: {why}\n"),
    };
    expected.assert_eq(&texts.iter().map(line).collect::<String>());
}

#[test]
fn numbers() {
    check(
        json!({ "type": "integer", "minimum": 1, "maximum": 9 }),
        &["5", " 7 ", "0", "2.5", "", "ten"],
        expect![[r#"
            "5" -> 5
            " 7 " -> 7
            "0": found 0; expected a whole number, at least 1 and at most 9
            "2.5": found "2.5"; expected a whole number, at least 1 and at most 9
            "": found ""; expected a whole number, at least 1 and at most 9
            "ten": found "ten"; expected a whole number, at least 1 and at most 9
        "#]],
    );
    check(
        json!({ "type": "integer" }),
        &["-3", "18446744073709551615", "18446744073709551616", "0x10"],
        expect![[r#"
            "-3" -> -3
            "18446744073709551615" -> 18446744073709551615
            "18446744073709551616": found "18446744073709551616"; expected a whole number
            "0x10": found "0x10"; expected a whole number
        "#]],
    );
    check(
        json!({ "type": "number" }),
        &["5", "2.5", "1e3", "nan", "inf", "1,5"],
        expect![[r#"
        "5" -> 5
        "2.5" -> 2.5
        "1e3" -> 1000.0
        "nan": found "nan"; expected a number
        "inf": found "inf"; expected a number
        "1,5": found "1,5"; expected a number
    "#]],
    );
}

#[test]
fn words_and_texts() {
    check(
        json!({ "type": "string" }),
        &["", "5", "true", " a "],
        expect![[r#"
        "" -> ""
        "5" -> "5"
        "true" -> "true"
        " a " -> " a "
    "#]],
    );
    check(
        json!({ "type": "boolean" }),
        &["true", "No", "on", "0", "maybe"],
        expect![[r#"
        "true" -> true
        "No" -> false
        "on" -> true
        "0" -> false
        "maybe": found "maybe"; expected true or false
    "#]],
    );
    check(
        json!({ "type": "string", "enum": ["a", "b"] }),
        &["a", "c"],
        expect![[r#"
        "a" -> "a"
        "c": found "c"; expected "a" or "b"
    "#]],
    );
    check(
        json!({ "type": "string", "minLength": 2, "maxLength": 3 }),
        &["a", "äö", "abcd"],
        expect![[r#"
        "a": found 1 characters; expected at least 2
        "äö" -> "äö"
        "abcd": found 4 characters; expected at most 3
    "#]],
    );
}

#[test]
fn lists_and_tables() {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    check(
        texts,
        &["", "a", "a, b", r#"["a,b", "c"]"#, r#"["a""#, "[1]"],
        expect![[r#"
        "" -> []
        "a" -> ["a"]
        "a, b" -> ["a","b"]
        "[\"a,b\", \"c\"]" -> ["a,b","c"]
        "[\"a\"": found "[\"a\""; expected a list, each entry text
        "[1]": entry 1: found 1; expected text
    "#]],
    );
    let numbers = json!({ "type": "array", "items": { "type": "integer" }, "minItems": 1 });
    check(
        numbers,
        &["1,2", "1,x", "[1, 2]", ""],
        expect![[r#"
        "1,2" -> [1,2]
        "1,x": entry 2: found "x"; expected a whole number
        "[1, 2]" -> [1,2]
        "": found 0 entries; expected at least 1
    "#]],
    );
    check(
        json!({ "type": "object" }),
        &[r#"{"a": 1}"#, "a=1"],
        expect![[r#"
        "{\"a\": 1}" -> {"a":1}
        "a=1": found "a=1"; expected a table in JSON
    "#]],
    );
    let table = json!({ "type": "object", "properties": { "days": { "type": "integer" } }, "required": ["days"], "additionalProperties": false });
    check(
        table,
        &[r#"{"days": 1}"#, r#"{"days": "1"}"#, "{}", r#"{"days": 1, "dyas": 2}"#],
        expect![[r#"
        "{\"days\": 1}" -> {"days":1}
        "{\"days\": \"1\"}": `days`: found "1"; expected a whole number
        "{}": the key `days` is missing
        "{\"days\": 1, \"dyas\": 2}": unknown key `dyas`; did you mean `days`?
    "#]],
    );
}

#[test]
fn schemas_as_compiled_kinds_have_them() {
    check(
        json!({ "type": ["integer", "null"] }),
        &["5", "null", "x"],
        expect![[r#"
        "5" -> 5
        "null": found "null"; expected a whole number
        "x": found "x"; expected a whole number
    "#]],
    );
    check(
        json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }, { "type": "null" }] }),
        &["5", "x"],
        expect![[r#"
            "5" -> 5
            "x" -> "x"
        "#]],
    );
    check(
        json!({ "oneOf": [{ "const": "fast" }, { "const": "slow" }] }),
        &["fast", "quick"],
        expect![[r#"
        "fast" -> "fast"
        "quick": found "quick"; expected "fast" or "slow"
    "#]],
    );
    check(
        json!({}),
        &["5", "x", r#"{"a": 1}"#],
        expect![[r#"
        "5" -> 5
        "x" -> "x"
        "{\"a\": 1}" -> {"a":1}
    "#]],
    );
    check(
        json!({ "enum": [1, "one", true] }),
        &["1", "one", "true", "two"],
        expect![[r#"
            "1" -> 1
            "one" -> "one"
            "true" -> true
            "two": found "two"; expected 1, "one" or true
        "#]],
    );
    let secret = json!({ "type": "string", "writeOnly": true, "minLength": 5 });
    assert!(!value_of(&secret, "hush").unwrap_err().contains("hush"));
}

#[test]
fn tables_of_parameters() {
    let schema = json!({
        "type": "object",
        "properties": { "days": { "$ref": "#/$defs/Days" }, "name": { "type": "string" } },
        "required": ["name"],
        "additionalProperties": false,
        "$defs": { "Days": { "type": "integer", "minimum": 1 } },
    });
    let read = |given: &[(&str, &str)]| match params_of(&schema, given.iter().copied()) {
        Ok(values) => Value::Object(values).to_string(),
        Err(wrong) => wrong.join("\n"),
    };
    expect![[r#"{"days":3,"name":"5"}"#]].assert_eq(&read(&[("days", "3"), ("name", "5")]));
    expect!["{}"].assert_eq(&read(&[]));
    expect![[r#"
        parameter `days`: found 0; expected a whole number, at least 1
        there is no parameter `nmae`; did you mean `name`?
        there is no parameter `elephant`; expected `days` or `name`
        parameter `name` is given twice"#]]
    .assert_eq(&read(&[("days", "0"), ("nmae", "x"), ("elephant", "x"), ("name", "a"), ("name", "b")]));
    let none = json!({ "type": "object", "additionalProperties": false });
    expect!["there is no parameter `a`; it takes none"]
        .assert_eq(&params_of(&none, [("a", "1")]).unwrap_err().join("\n"));
    let open = json!({ "type": "object", "additionalProperties": { "type": "integer" } });
    assert_eq!(params_of(&open, [("a", "1")]).unwrap()["a"], 1);
}

#[test]
fn defaults_fill_what_is_left_out() {
    let schema = json!({ "properties": { "a": { "default": 1 }, "b": { "default": null }, "c": { "default": 3 }, "d": {} } });
    assert_eq!(with_defaults(&schema, &json!({ "c": 5, "x": 6 })), json!({ "a": 1, "c": 5, "x": 6 }));
    assert_eq!(with_defaults(&schema, &Value::Null), json!({ "a": 1, "c": 3 }));
}

#[test]
fn every_word_that_a_schema_may_have_is_looked_at() {
    check(
        json!({ "type": "array", "prefixItems": [{ "type": "integer" }], "items": { "type": "string" }, "uniqueItems": true }),
        &["[1,\"a\"]", "[\"a\"]", "[1,\"a\",\"a\"]"],
        expect![[r#"
            "[1,\"a\"]" -> [1,"a"]
            "[\"a\"]": entry 1: found "a"; expected a whole number
            "[1,\"a\",\"a\"]": entry 3: it is there twice
        "#]],
    );
    check(
        json!({ "anyOf": [{ "type": "integer" }, { "type": "boolean" }], "maximum": 5 }),
        &["3", "7", "true"],
        expect![[r#"
            "3" -> 3
            "7": found 7; expected a whole number or true or false
            "true" -> true
        "#]],
    );
}
