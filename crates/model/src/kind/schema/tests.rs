//! Schemas that are let in, and those of which a word would not be checked.

use serde_json::json;

use super::*;

fn refused(schema: &Value, expected: &str) {
    let error = check("schema", schema).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

fn property(schema: &Value) -> Value {
    json!({ "type": "object", "properties": { "a": schema } })
}

#[test]
fn everything_that_is_checked_is_let_in() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config",
        "type": "object",
        "additionalProperties": false,
        "required": ["a"],
        "$defs": { "host": { "type": "string", "format": "host", "minLength": 1, "maxLength": 9 },
            "tree": { "type": "object", "properties": { "below": { "$ref": "#/$defs/tree" } } } },
        "properties": {
            "a": { "$ref": "#/$defs/host", "description": "one", "default": "b" },
            "b": { "type": ["integer", "null"], "minimum": 1, "maximum": 2.5, "x-note": 7 },
            "c": { "type": "array", "items": { "enum": ["x", "y"] }, "uniqueItems": true, "minItems": 1 },
            "d": { "anyOf": [{ "const": 1 }, { "type": "null" }] },
            "e": { "type": "object", "additionalProperties": { "$ref": "#/$defs/tree" } },
            "f": true,
            "g": { "type": "array", "prefixItems": [{ "type": "string" }] }
        }
    });
    assert_eq!(check("schema", &schema), Ok(()));
}

#[test]
fn words_that_nothing_checks_are_refused() {
    for (word, value) in [
        ("pattern", json!("^a")),
        ("multipleOf", json!(5)),
        ("minProperties", json!(1)),
        ("not", json!({})),
        ("if", json!({})),
        ("patternProperties", json!({})),
        ("$dynamicRef", json!("#a")),
        ("contains", json!({})),
    ] {
        refused(&property(&json!({ word: value })), &format!("schema.properties.a.{word}: this word"));
        refused(&json!({ word: value }), &format!("schema.{word}: this word"));
    }
    refused(&json!({ "$defs": { "x": { "pattern": "a" } } }), "schema.$defs.x.pattern: ");
    refused(&property(&json!({ "anyOf": [{ "pattern": "a" }] })), "schema.properties.a.anyOf[0].pattern: ");
}

#[test]
fn references_lead_somewhere_and_not_back() {
    let root = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object" } } });
    refused(&root, "schema.$ref: a reference at the root");
    refused(&property(&json!({ "$ref": "#/$defs/none" })), "schema.properties.a.$ref: ");
    refused(&property(&json!({ "$ref": "https://example.com/schema" })), "schema.properties.a.$ref: ");
    refused(
        &json!({ "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "$ref": "#/$defs/a" } } }),
        "schema.$defs.",
    );
    refused(&json!({ "anyOf": [{ "$ref": "#" }] }), "schema.anyOf[0]: it refers to itself");
    let beside = json!({ "type": "object", "$defs": { "n": { "type": "integer" } },
        "properties": { "a": { "$ref": "#/$defs/n", "minimum": 3 } } });
    refused(&beside, "schema.properties.a.minimum: beside `$ref`");
}

#[test]
fn schemas_that_take_for_ever_are_refused() {
    let mut defs = Map::new();
    for n in 0..30 {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
        defs.insert(format!("d{n}"), json!({ "anyOf": [next, next] }));
    }
    defs.insert("d30".into(), json!({ "type": "string" }));
    refused(&json!({ "$defs": defs }), "schema.$defs.d");
}

#[test]
fn words_with_a_wrong_value_are_refused() {
    for (word, value) in [
        ("type", json!("text")),
        ("required", json!("a")),
        ("properties", json!([])),
        ("items", json!([])),
        ("items", json!(false)),
        ("enum", json!("a")),
        ("minLength", json!(-1)),
        ("maximum", json!("7")),
        ("uniqueItems", json!(1)),
        ("anyOf", json!({})),
    ] {
        refused(&property(&json!({ word: value })), &format!("schema.properties.a.{word}: "));
    }
    refused(&property(&json!(false)), "schema.properties.a: a schema was expected");
    refused(&json!([]), "schema: the JSON Schema of a table");
}
