//! Both shapes of dashboards, and the order in which their cards come.

use serde_json::json;

use super::*;

fn order(dashboard: &Dashboard) -> Vec<(u64, Option<u64>)> {
    dashboard.cards.iter().map(|card| (card.id, card.card.as_ref().map(|card| card.id))).collect()
}

#[test]
fn tabs_then_rows_then_columns() {
    let answer = json!({
        "id": 7, "name": "Sales", "parameters": null,
        "tabs": [{ "id": 20, "position": 1 }, { "id": 10, "position": 0 }],
        "dashcards": [
            { "id": 1, "card_id": 101, "card": { "id": 101, "name": "B" }, "dashboard_tab_id": 20, "row": 0, "col": 0 },
            { "id": 2, "card_id": null, "card": { "query_average_duration": null }, "dashboard_tab_id": 10, "row": 0, "col": 0,
              "visualization_settings": { "virtual_card": { "display": "heading" } } },
            { "id": 3, "card_id": 103, "card": { "id": 103, "name": "D" }, "dashboard_tab_id": 10, "row": 1, "col": 4 },
            { "id": 4, "card_id": 104, "card": { "id": 104, "name": "C", "display": "bar" }, "dashboard_tab_id": 10, "row": 1,
              "col": 0, "series": [{ "id": 105, "name": "E" }, { "name": "without a number" }] }
        ]
    });
    let dashboard = Dashboard::read(answer).unwrap();
    assert_eq!(order(&dashboard), [(2, None), (4, Some(104)), (3, Some(103)), (1, Some(101))]);
    let series: Vec<_> = dashboard.cards[1].series.iter().map(|card| card.id).collect();
    assert_eq!(series, [105]);
    assert_eq!(dashboard.cards[1].card.as_ref().unwrap().display.as_deref(), Some("bar"));
}

#[test]
fn old_servers_call_them_otherwise() {
    let answer = json!({
        "id": 7, "name": "Sales",
        "ordered_cards": [
            { "id": 2, "card_id": 102, "row": 3, "col": 0 },
            { "id": 1, "card_id": 101, "card": { "id": 101, "name": "A" }, "row": 0, "col": 0, "series": null }
        ]
    });
    assert_eq!(order(&Dashboard::read(answer).unwrap()), [(1, Some(101)), (2, Some(102))]);
}

#[test]
fn one_without_cards() {
    let dashboard = Dashboard::read(json!({ "id": 7, "name": null, "dashcards": [] })).unwrap();
    assert!(dashboard.cards.is_empty() && dashboard.name.is_empty());
    assert!(Dashboard::read(json!({ "name": "no number" })).is_err());
}
