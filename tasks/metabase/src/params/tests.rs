//! Parameters found and refused, for questions, dashboards and queries.

use serde_json::json;

use super::*;

fn days() -> Days {
    Days::at("2026-11-20T12:00:00Z".parse().unwrap(), None, chrono_tz::Tz::UTC)
}

fn card() -> Card {
    serde_json::from_value(json!({
        "id": 12, "name": "Orders",
        "parameters": [
            { "id": "a1", "slug": "region", "name": "Region", "type": "category",
              "target": ["variable", ["template-tag", "region"]] },
            { "id": "b2", "slug": "created_at", "name": "Created", "type": "date/all-options",
              "target": ["dimension", ["template-tag", "created_at"], { "stage-number": 0 }] },
            { "id": "c3", "slug": "min", "name": "region", "type": "number/=", "required": true, "default": [5],
              "target": ["variable", ["template-tag", "min"]] },
            { "id": "d4", "slug": "day", "name": "Day", "type": "date/single" }
        ],
        "dataset_query": { "type": "native", "native": { "query": "…", "template-tags": {
            "region": { "id": "a1", "name": "region", "type": "text" },
            "extra": { "id": "e5", "name": "extra", "display-name": "Extra", "type": "number" },
            "span": { "id": "f6", "name": "span", "type": "dimension", "widget-type": "date/range" },
            "#3": { "id": "g7", "name": "#3", "type": "card" }
        } } }
    }))
    .unwrap()
}

fn wanted(value: Value) -> Wanted {
    serde_json::from_value(value).unwrap()
}

#[test]
fn they_are_found_by_slug_name_id_and_tag() {
    let check = |written: Value, expected: Value| {
        let resolved = of_card(&card(), &wanted(written.clone()), &days());
        assert_eq!(resolved.map(Value::Array), Ok(expected), "{written}");
    };
    let region = |value: Value| json!([{ "id": "a1", "type": "category", "target": ["variable", ["template-tag", "region"]], "value": value }]);
    // The slug of one is the name of another: slugs come first.
    check(json!({ "region": ["EMEA"] }), region(json!(["EMEA"])));
    check(json!({ "Region": "EMEA" }), region(json!("EMEA")));
    check(json!({ "a1": "EMEA" }), region(json!("EMEA")));
    check(
        json!({ "created_at": "{{today-7d}}~{{today-1d}}" }),
        json!([{ "id": "b2", "type": "date/all-options",
            "target": ["dimension", ["template-tag", "created_at"], { "stage-number": 0 }],
            "value": "2026-11-13~2026-11-19" }]),
    );
    check(
        json!({ "extra": 7 }),
        json!([{ "id": "e5", "type": "number/=", "target": ["variable", ["template-tag", "extra"]], "value": 7 }]),
    );
    check(
        json!({ "span": "2026-11-01~2026-11-02" }),
        json!([{ "id": "f6", "type": "date/range", "target": ["dimension", ["template-tag", "span"]],
            "value": "2026-11-01~2026-11-02" }]),
    );
    // No value is as good as none given.
    check(json!({ "region": null, "day": "" }), json!([]));
    check(
        json!({ "day": "{{yesterday}}" }),
        json!([{ "id": "d4", "type": "date/single", "value": "2026-11-19" }]),
    );
}

#[test]
fn what_is_wrong_is_told_before_any_query() {
    let check = |written: Value, expected: &str| {
        let told = of_card(&card(), &wanted(written.clone()), &days()).unwrap_err().to_string();
        assert!(told.contains(expected), "{written}: {told}");
    };
    check(json!({ "regoin": "EMEA" }), "did you mean \"region\"?");
    check(json!({ "nonsense": 1 }), "there are \"region\", \"created_at\"");
    check(json!({ "#3": 1 }), "has no parameter");
    check(json!({ "min": "many" }), "\"many\" is not a number");
    check(json!({ "min": [1, "x"] }), "is not a number");
    check(json!({ "day": "20.11.2026" }), "is not a day such as");
    check(json!({ "day": ["2026-11-20", "2026-11-21"] }), "is not a day such as");
    check(json!({ "span": "2026-11-01" }), "two days");
    check(json!({ "span": "{{tody}}~" }), "did you mean \"today\"?");
    check(json!({ "region": { "a": 1 } }), "a text, a number");
    check(json!({ "region": "a", "a1": "b" }), "the same parameter");
}

#[test]
fn what_is_required_needs_a_value_or_a_default() {
    let mut card = card();
    assert!(of_card(&card, &Wanted::new(), &days()).is_ok(), "it has a default");
    card.parameters[2].default = Some(json!([]));
    let told = of_card(&card, &Wanted::new(), &days()).unwrap_err();
    assert!(matches!(&told, ParamsError::Missing { name, .. } if name == "min"), "{told}");
    assert!(of_card(&card, &wanted(json!({ "min": null })), &days()).is_err());
    assert!(of_card(&card, &wanted(json!({ "min": 3 })), &days()).is_ok());
    assert!(matches!(TaskError::from(told), TaskError::Config { .. }));
}

#[test]
fn those_of_dashboards_go_by_id() {
    let dashboard = Dashboard::read(json!({
        "id": 7, "name": "Sales", "dashcards": [],
        "parameters": [{ "id": "p1", "slug": "region", "name": "Region", "type": "string/=" }]
    }))
    .unwrap();
    let resolved = of_dashboard(&dashboard, &wanted(json!({ "region": ["EMEA"] })), &days()).unwrap();
    assert_eq!(Value::Array(resolved), json!([{ "id": "p1", "type": "string/=", "value": ["EMEA"] }]));
    assert!(of_dashboard(&dashboard, &wanted(json!({ "extra": 1 })), &days()).is_err());
}

#[test]
fn those_of_queries_are_found_in_their_text() {
    let query =
        "select * from t where a = {{ a }} and b > {{b}} [[and c = {{c}}]] and d in {{#12}} {{snippet: x}}";
    let params = of_sql(query, &wanted(json!({ "a": ["{{today}}"], "b": 7 })), &days()).unwrap();
    assert_eq!(params.template_tags.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(params.template_tags["b"]["type"], "number");
    assert_eq!(params.parameters.len(), 2, "the part with c is left out");
    assert_eq!(params.parameters[0]["value"], "2026-11-20");
    let check = |written: Value, expected: &str| {
        let told = of_sql(query, &wanted(written), &days()).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
    };
    check(json!({ "a": 1 }), "needs a value for parameter \"b\"");
    check(json!({ "a": 1, "b": 2, "cc": 3 }), "did you mean \"c\"?");
    check(json!({ "a": [1, 2], "b": 2 }), "one text or number");
    // What is opened and not closed is the database's matter.
    assert_eq!(of_sql("select '{{'", &Wanted::new(), &days()), Ok(SqlParams::default()));
}

#[test]
fn new_servers_write_queries_in_stages() {
    let card: Card = serde_json::from_value(json!({
        "id": 3, "name": "N", "parameters": null, "result_metadata": null,
        "dataset_query": { "stages": [{ "native": "…", "template-tags": { "x": { "id": "i", "type": "text" } } }] }
    }))
    .unwrap();
    assert_eq!(of_card(&card, &wanted(json!({ "x": "1" })), &days()).unwrap().len(), 1);
}
