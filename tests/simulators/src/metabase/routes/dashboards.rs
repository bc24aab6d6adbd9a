//! Dashboards in the shapes that versions give them: `dashcards` and tabs, or `ordered_cards`. Their queries are run elsewhere.

use serde_json::{Value, json};

use super::{Request, forbidden, not_found, ok};
use crate::{
    exchange::Answer,
    metabase::{
        scenario::{DashboardSetup, DashcardSetup},
        world::World,
    },
};

pub(super) fn list(world: &World, request: &Request<'_>) -> Answer {
    let seen = |own: &&DashboardSetup| !own.archived && world.sees(&request.person, own.collection);
    let short = |own: &DashboardSetup| json!({ "id": own.id, "name": own.name, "collection_id": own.collection, "archived": false });
    ok(world.dashboards.iter().filter(seen).map(short).collect())
}

pub(super) fn one(world: &World, request: &Request<'_>, id: &str) -> Answer {
    match find(world, request, id) {
        Ok(dashboard) => ok(described(world, dashboard)),
        Err(answer) => answer,
    }
}

/// A dashboard by its number, or in new versions by its entity id.
pub(super) fn find<'a>(
    world: &'a World,
    request: &Request<'_>,
    id: &str,
) -> Result<&'a DashboardSetup, Answer> {
    let new = world.settings.release.is_new();
    let meant =
        |own: &&DashboardSetup| id.parse() == Ok(own.id) || (new && DashboardSetup::entity_id(own.id) == id);
    let dashboard = world.dashboards.iter().find(meant).ok_or_else(not_found)?;
    if world.sees(&request.person, dashboard.collection) { Ok(dashboard) } else { Err(forbidden()) }
}

fn described(world: &World, dashboard: &DashboardSetup) -> Value {
    let new = world.settings.release.is_new();
    let cards: Vec<Value> = dashboard.cards.iter().map(|card| place(world, dashboard, card)).collect();
    let mut body = json!({
        "id": dashboard.id,
        "name": dashboard.name,
        "description": null,
        "archived": dashboard.archived,
        "collection_id": dashboard.collection,
        "parameters": dashboard.parameters,
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-11-02T10:30:00Z",
    });
    if !new {
        body["ordered_cards"] = cards.into();
        return body;
    }
    let tabs = dashboard.tabs.iter().enumerate().map(|(position, (id, name))| {
        json!({ "id": id, "dashboard_id": dashboard.id, "name": name, "position": position })
    });
    body["tabs"] = tabs.collect();
    body["dashcards"] = cards.into();
    body["entity_id"] = DashboardSetup::entity_id(dashboard.id).into();
    body
}

fn place(world: &World, dashboard: &DashboardSetup, own: &DashcardSetup) -> Value {
    let new = world.settings.release.is_new();
    let short =
        |id: u64| world.card(id).map(|card| json!({ "id": id, "name": card.name, "display": card.display }));
    let series: Vec<Value> = own.series.iter().filter_map(|id| short(*id)).collect();
    let mappings: Vec<Value> = own
        .maps
        .iter()
        .map(|(parameter, tag)| {
            json!({
                "parameter_id": parameter,
                "card_id": own.card,
                "target": ["variable", ["template-tag", tag]],
            })
        })
        .collect();
    let settings = if own.card.is_none() {
        json!({ "virtual_card": { "name": null, "display": "text", "visualization_settings": {}, "archived": false },
                "text": own.text })
    } else {
        json!({})
    };
    // Texts have no card; old versions give one in which nothing stands.
    let card = match own.card {
        Some(id) => short(id).unwrap_or(Value::Null),
        None if new => Value::Null,
        None => json!({ "query_average_duration": null }),
    };
    let mut body = json!({
        "id": own.id,
        "dashboard_id": dashboard.id,
        "card_id": own.card,
        "card": card,
        "series": series,
        "row": own.at.0,
        "col": own.at.1,
        "size_x": 12,
        "size_y": 6,
        "parameter_mappings": mappings,
        "visualization_settings": settings,
    });
    if new {
        body["dashboard_tab_id"] = own.tab.map_or(Value::Null, Value::from);
    }
    body
}
