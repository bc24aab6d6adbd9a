//! Keys as schemars writes them: optional ones, lists of tables, choices, tables of tables.

use expect_test::expect;
use serde_json::json;

use super::{of, render};
use crate::cli::look::Look;

#[test]
fn all_shapes() {
    let schema = json!({
        "type": "object",
        "required": ["collector", "checks"],
        "properties": {
            "collector": { "description": "Who\ncollects.", "enum": ["local", "paloalto"] },
            "limit": { "type": ["integer", "null"], "format": "uint32", "minimum": 0 },
            "every": { "type": "string", "format": "duration", "default": "30s" },
            "tags": { "type": "array", "items": { "type": "string" }, "default": [] },
            "checks": { "type": "array", "items": { "$ref": "#/$defs/Check" } },
            "proxy": { "anyOf": [{ "$ref": "#/$defs/Proxy" }, { "type": "null" }] },
            "by_site": { "type": "object", "additionalProperties": { "$ref": "#/$defs/Proxy" } },
        },
        "$defs": {
            "Check": {
                "type": "object",
                "required": ["server"],
                "properties": {
                    "server": { "type": "string", "description": "Asks this one." },
                    "expect": { "oneOf": [{ "const": "answer" }, { "const": "refusal" }] },
                },
            },
            "Proxy": { "type": "object", "properties": { "url": { "type": "string", "format": "uri" } } },
        },
    });
    expect![[r#"
        Keys
          by_site: table
          by_site.NAME.url: uri
          checks: list of tables, must be written
          checks[].expect: "answer" or "refusal"
          checks[].server: text, must be written
              Asks this one.
          collector: "local" or "paloalto", must be written
              Who collects.
          every: duration, default "30s"
          limit: whole number
          proxy: table
          proxy.url: uri
          tags: list of text, default []
    "#]]
    .assert_eq(&format!("Keys\n{}", render(&of(&schema), Look::PLAIN)));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({ "$ref": "#/$defs/A", "$defs": { "A": {
        "type": "object", "properties": { "inner": { "$ref": "#/$defs/A" } },
    } } });
    assert_eq!(of(&schema).len(), 5);
    assert_eq!(of(&json!({ "$ref": "#" })), []);
}
