//! How texts read in places of each sort. What is said of those that do not fit is held in the tests from outside.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::read;
use crate::shape::Shapes;

fn check(schema: &Value, texts: &[&str], expected: Expect) {
    let shapes = Shapes { root: schema };
    let line = |text: &&str| format!("{text:?} → {:?}\n", read(text, schema, shapes));
    expected.assert_eq(&texts.iter().map(line).collect::<String>());
}

#[test]
fn numbers() {
    check(
        &json!({ "type": ["number", "null"] }),
        &["210", " 0.5 ", "-1e3", "NaN", "inf", "", "ten"],
        expect![[r#"
            "210" → As(Number(210))
            " 0.5 " → As(Number(0.5))
            "-1e3" → As(Number(-1000.0))
            "NaN" → Not
            "inf" → Not
            "" → Not
            "ten" → Not
        "#]],
    );
    check(
        &json!({ "type": "integer", "format": "uint32", "minimum": 0 }),
        &["8", "8.0", "-8", "99999999999999999999"],
        expect![[r#"
            "8" → As(Number(8))
            "8.0" → Not
            "-8" → As(Number(-8))
            "99999999999999999999" → Not
        "#]],
    );
}

#[test]
fn true_and_false() {
    check(
        &json!({ "$ref": "#/$defs/B", "$defs": { "B": { "type": "boolean" } } }),
        &["true", "False", "YES", "off", "1", "0", "maybe", ""],
        expect![[r#"
            "true" → As(Bool(true))
            "False" → As(Bool(false))
            "YES" → As(Bool(true))
            "off" → As(Bool(false))
            "1" → As(Bool(true))
            "0" → As(Bool(false))
            "maybe" → Not
            "" → Not
        "#]],
    );
}

#[test]
fn lists() {
    check(
        &json!({ "type": "array", "items": { "type": "string" } }),
        &["a@example.com, b@example.com,", "one", "", r#"["x, y", "z"]"#, "[broken"],
        expect![[r#"
            "a@example.com, b@example.com," → As(Array [String("a@example.com"), String("b@example.com")])
            "one" → As(Array [String("one")])
            "" → As(Array [])
            "[\"x, y\", \"z\"]" → As(Array [String("x, y"), String("z")])
            "[broken" → As(Array [String("[broken")])
        "#]],
    );
    check(
        &json!({ "anyOf": [{ "type": "array", "items": { "type": "integer" } }, { "type": "null" }] }),
        &["1, 2", "1, two"],
        expect![[r#"
            "1, 2" → As(Array [Number(1), Number(2)])
            "1, two" → Not
        "#]],
    );
}

#[test]
fn what_takes_a_text_keeps_it() {
    for schema in [
        json!({}),
        json!({ "type": "string" }),
        json!({ "type": "string", "format": "secret", "writeOnly": true }),
        json!({ "enum": ["1", "2"] }),
        json!({ "oneOf": [{ "const": "1" }, { "const": "2" }] }),
        json!({ "type": ["string", "integer"] }),
        json!({ "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "string" }] }),
    ] {
        assert_eq!(read("1", &schema, Shapes { root: &schema }), super::Read::Text, "{schema}");
    }
}

#[test]
fn numbers_that_are_words() {
    check(
        &json!({ "enum": [1, 2] }),
        &["1", "3"],
        expect![[r#"
            "1" → As(Number(1))
            "3" → As(Number(3))
        "#]],
    );
}
