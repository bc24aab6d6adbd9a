//! Configurations that cannot mean what they say: refused when they are read, all that is wrong at once.

use roundsman_metabase::config::Checked;
use roundsman_metabase::kind::MetabaseExport;
use roundsman_task::Entry;
use serde_json::{Value, json};

fn with(keys: Value) -> Value {
    let mut with = json!({ "base_url": "https://metabase.example.com", "output_dir": "/data/exports" });
    for (key, value) in keys.as_object().unwrap() {
        with[key] = value.clone();
    }
    with
}

/// What is told of a configuration; nothing where it will do.
fn told(with: &Value) -> Option<String> {
    serde_json::from_value::<Checked>(with.clone()).err().map(|error| error.to_string())
}

fn refused(keys: Value, expected: &[&str]) {
    let with = with(keys);
    let told = told(&with).unwrap_or_else(|| panic!("{with} was accepted"));
    for part in expected {
        assert!(told.contains(part), "{part:?} is not in {told:?}");
    }
}

fn accepted(keys: Value) {
    let with = with(keys);
    assert_eq!(told(&with), None, "{with}");
}

fn item(keys: Value) -> Value {
    let mut item = json!({ "name": "orders" });
    for (key, value) in keys.as_object().unwrap() {
        item[key] = value.clone();
    }
    json!({ "item": [item] })
}

#[test]
fn templates_that_cannot_be_read() {
    refused(json!({ "template": "{nmae}.{ext}" }), &["template \"{nmae}.{ext}\"", "{nmae} is no word"]);
    refused(json!({ "template": "{name.{ext}" }), &["template"]);
    refused(json!({ "template": "/{name}" }), &["template"]);
    let in_item = |template: &str, keys: Value| {
        let mut item = item(keys);
        item["item"][0]["template"] = template.into();
        item
    };
    refused(
        in_item("{nam}.{ext}", json!({ "card": 1 })),
        &["item[0] (\"orders\"): template", "{nam} is no word"],
    );
    refused(in_item("{param.region}.{ext}", json!({ "card": 1 })), &["{param.region} stands for nothing"]);
    refused(in_item("{dashboard}.{ext}", json!({ "card": 1 })), &["{dashboard} stands for nothing"]);
    refused(in_item("{collection}.{ext}", json!({ "cards": [1] })), &["{collection} stands for nothing"]);
    accepted(in_item("{param.region}.{ext}", json!({ "card": 1, "params": { "region": "EMEA" } })));
    accepted(in_item("{dashboard}/{seq}.{ext}", json!({ "dashboard": 1 })));
    // Empty ones are none, and the task's is for all items.
    accepted(in_item("", json!({ "card": 1 })));
    accepted(json!({ "template": "", "ca_file": "", "proxy": "" }));
    accepted(
        json!({ "template": "{dashboard}{param.region}{name}.{ext}", "item": [{ "name": "a", "card": 1 }] }),
    );
}

#[test]
fn addresses_in_the_open() {
    refused(json!({ "base_url": "http://metabase.example.com:3000" }), &["base_url: ", "allow_http = true"]);
    accepted(json!({ "base_url": "http://metabase.example.com:3000", "allow_http": true }));
    accepted(json!({ "base_url": "http://127.0.0.1:3000" }));
    accepted(json!({ "base_url": "https://metabase.example.com/reports/" }));
    refused(json!({ "base_url": "https://user:word@metabase.example.com" }), &["base_url: "]);
    accepted(json!({ "proxy": "http://user:word@proxy.example.com:3128" }));
}

#[test]
fn what_stands_between_cells() {
    for char in ["\"", "\n", "\r", "é", "→"] {
        refused(json!({ "csv_delimiter": char }), &["csv_delimiter", "cannot stand between cells"]);
    }
    for char in [";", "\t", "|", ","] {
        accepted(json!({ "csv_delimiter": char }));
    }
}

#[test]
fn keys_of_items_without_effect() {
    for (keys, expected) in [
        (json!({ "card": 1, "include_series": true }), "include_series has no effect"),
        (json!({ "card": 1, "recursive": true }), "recursive has no effect"),
        (json!({ "dashboard": 1, "include": ["a*"] }), "include has no effect"),
        (json!({ "cards": [1], "exclude": ["a*"] }), "exclude has no effect"),
        (json!({ "collection": 1, "include": [""] }), "include has no effect"),
        (json!({ "dashboard": 1, "prefix": "daily" }), "prefix has no effect"),
        (json!({ "cards": [1], "prefix": "daily", "template": "{id}.{ext}" }), "prefix has no effect"),
        (json!({ "card": 1, "expect_order": true }), "expect_order has no effect"),
        (json!({ "sql": { "database": 1, "query": "select 1" }, "verify": "count" }), "has no effect"),
        (json!({ "card": 1, "allow_empty": true, "min_rows": 1 }), "contradicts min_rows = 1"),
        (json!({ "card": 1, "allow_empty": false, "max_rows": 0 }), "contradicts max_rows = 0"),
        (json!({ "card": 1, "timeout": "0s" }), "timeout is no time at all"),
        (json!({ "cards": [1], "prefix": " " }), "prefix is empty"),
        (json!({ "card": " " }), "an id is empty"),
        (json!({ "sql": { "database": 1, "query": " " } }), "sql.query is empty"),
    ] {
        refused(item(keys), &[expected, "item[0] (\"orders\")"]);
    }
    // What a task says of all its items may be for some of them only.
    accepted(with(
        json!({ "csv_bom": true, "csv_delimiter": ";", "format": "json", "count_tolerance_percent": 1.0,
                          "pivot_results": true, "item": [{ "name": "a", "card": 1 }] }),
    ));
    accepted(item(json!({ "collection": 1, "params": { "region": "EMEA" }, "allow_empty": false })));
    accepted(item(json!({ "card": 1, "verify": "count", "params": { "region": "EMEA" } })));
}

#[test]
fn values_that_stand_for_nothing() {
    let params = |value: Value| item(json!({ "card": 1, "params": { "created_at": value } }));
    refused(params(json!("{{slot.dat}}")), &["item[0] (\"orders\"): params.created_at", "did you mean"]);
    refused(params(json!("{{today-7}}")), &["params.created_at"]);
    refused(params(json!(["{{today", "x"])), &["params.created_at", "not closed"]);
    refused(params(json!({ "from": 1 })), &["params.created_at", "a list of these was expected"]);
    accepted(params(json!("{{today-7d}}~{{today-1d}}")));
    let sql = |params: Value| {
        item(json!({ "sql": { "database": 1, "query": "select {{a}} [[ {{b}} ]]" }, "params": params }))
    };
    refused(sql(json!({ "a": 1, "c": 2 })), &["params: the query has no parameter \"c\""]);
    refused(sql(json!({ "b": 1 })), &["params: the query needs a value for parameter \"a\""]);
    accepted(sql(json!({ "a": "{{today}}" })));
}

#[test]
fn everything_at_once() {
    let with = json!({
        "base_url": "ftp://metabase",
        "output_dir": "exports",
        "file_mode": "rw-r-----",
        "ca_file": "ca.pem",
        "proxy": "ftp://proxy",
        "csv_delimiter": "\"",
        "template": "{x}",
        "timeouts": { "idle": "0s" },
        "item": [
            { "name": "a", "card": 1, "prefix": "p" },
            { "name": "a", "dashboard": 2, "params": { "d": "{{slot.dat}}" } },
            { "name": " ", "collection": 3, "template": "{y}" },
        ],
    });
    let told = told(&with).unwrap();
    for part in [
        "base_url: ",
        "output_dir = \"exports\" must be an absolute path",
        "file_mode = \"rw-r-----\"",
        "ca_file = \"ca.pem\" must be an absolute path",
        "proxy: ",
        "csv_delimiter",
        "template \"{x}\"",
        "timeouts.idle",
        "item[0] (\"a\"): prefix has no effect",
        "item[1] (\"a\"): name: another item has the same name",
        "item[1] (\"a\"): params.d: ",
        "item[2] has no name",
        "item[2]: template \"{y}\"",
    ] {
        assert!(told.contains(part), "{part:?} is not in {told:?}");
    }
    // That is how `config check` asks.
    assert!(Entry::of::<MetabaseExport>("test").check(&with).is_err());
    for mode in ["0200", "888", "+640", "", "7777"] {
        refused(json!({ "file_mode": mode }), &["file_mode"]);
    }
    accepted(json!({ "file_mode": "0644" }));
}

#[test]
fn the_words_of_formats_are_told() {
    let schema = Entry::of::<MetabaseExport>("test").schema();
    let told = schema["properties"]["format"]["description"].as_str().unwrap();
    for word in ["`csv`", "`json`", "`xlsx`", "`xlsx-local`", "`excel`"] {
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn templates_that_lead_elsewhere() {
    for template in ["../{name}.{ext}", "a/../{name}", "./{name}", "a//{name}", "{name}/..", " ../{name}"] {
        refused(json!({ "template": template }), &["template", "below the folder of a run"]);
    }
    accepted(json!({ "template": "{item}/{name}...{ext}" }));
}
