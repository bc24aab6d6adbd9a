//! Collections: what they are and what is in them, page by page. A page without limits is the whole.

use serde_json::{Value, json};

use super::{Request, cards::kind_word, forbidden, not_found, ok, refused};
use crate::{
    exchange::Answer,
    metabase::{
        scenario::{CardKind, CardSetup, CollectionSetup, DashboardSetup},
        world::World,
    },
};

/// How long a page is if paging is asked for without saying so.
const PAGE: usize = 50;

pub(super) fn list(world: &World, request: &Request<'_>) -> Answer {
    let root = json!({ "id": "root", "name": "Our analytics", "parent_id": null, "is_personal": false });
    let seen = |own: &&CollectionSetup| !own.archived && world.sees(&request.person, Some(own.id));
    let own = world.collections.iter().filter(seen).map(|own| described(world, own));
    ok(std::iter::once(root).chain(own).collect())
}

pub(super) fn one(world: &World, request: &Request<'_>, id: &str) -> Answer {
    match find(world, request, id) {
        Ok(None) => ok(json!({ "id": "root", "name": "Our analytics", "effective_location": null })),
        Ok(Some(own)) => ok(described(world, own)),
        Err(answer) => answer,
    }
}

pub(super) fn items(world: &World, request: &Request<'_>, id: &str) -> Answer {
    let within = match find(world, request, id) {
        Ok(collection) => collection.map(|own| own.id),
        Err(answer) => return answer,
    };
    let models = request.asked.params("models");
    // The words that the versions before 0.50 check them against.
    let known = ["card", "dataset", "collection", "dashboard", "pulse", "snippet", "no_models", "timeline"];
    if !world.settings.release.is_new() && models.iter().any(|model| !known.contains(&model.as_str())) {
        let message = "value may be nil, or if non-nil, value must be an array. Each value must be one of the known models.";
        return refused("models", message, "unknown model");
    }
    let archived = request.asked.param("archived").as_deref() == Some("true");
    let mut items = all(world, request, within, archived);
    let pinned = request.asked.param("pinned_state").as_deref() == Some("is_pinned");
    items
        .retain(|item| !pinned && (models.is_empty() || models.iter().any(|model| item["model"] == **model)));
    let descending = request.asked.param("sort_direction").as_deref() == Some("desc");
    items.sort_by_key(|item| item["name"].as_str().unwrap_or_default().to_lowercase());
    if descending {
        items.reverse();
    }
    let number = |name: &str| request.asked.param(name).and_then(|text| text.parse::<usize>().ok());
    let (limit, offset) = (number("limit"), number("offset"));
    let total = items.len();
    if limit.is_none() && offset.is_none() {
        return ok(
            json!({ "data": items, "total": total, "limit": null, "offset": null, "models": kinds(&items) }),
        );
    }
    let (limit, offset) = (limit.unwrap_or(PAGE), offset.unwrap_or(0));
    let page: Vec<Value> = items.into_iter().skip(offset).take(limit).collect();
    ok(json!({ "data": page, "total": total, "limit": limit, "offset": offset, "models": kinds(&page) }))
}

fn kinds(items: &[Value]) -> Vec<Value> {
    let mut kinds: Vec<Value> = items.iter().map(|item| item["model"].clone()).collect();
    kinds.dedup();
    kinds
}

/// None is the root.
fn find<'a>(
    world: &'a World,
    request: &Request<'_>,
    id: &str,
) -> Result<Option<&'a CollectionSetup>, Answer> {
    if id == "root" {
        return Ok(None);
    }
    let entity =
        |own: &&CollectionSetup| world.settings.release.is_new() && CollectionSetup::entity_id(own.id) == id;
    let own = match id.parse() {
        Ok(number) => world.collection(number),
        Err(_) => world.collections.iter().find(entity),
    };
    let own = own.ok_or_else(not_found)?;
    if world.sees(&request.person, Some(own.id)) { Ok(Some(own)) } else { Err(forbidden()) }
}

fn all(world: &World, request: &Request<'_>, within: Option<u64>, archived: bool) -> Vec<Value> {
    let new = world.settings.release.is_new();
    let person = &request.person;
    let mut items = Vec::new();
    let collections = world.collections.iter().filter(|own| own.parent == within && own.archived == archived);
    for own in collections.filter(|own| world.sees(person, Some(own.id))) {
        let mut item = item(new, "collection", own.id, &own.name, CollectionSetup::entity_id);
        item["location"] = location(world, own).into();
        items.push(item);
    }
    let in_reach = world.sees(person, within);
    let cards =
        world.cards.iter().filter(|own| in_reach && own.collection == within && own.archived == archived);
    for own in cards {
        let model = match own.kind {
            CardKind::Question => "card",
            CardKind::Model => "dataset",
            CardKind::Metric => "metric",
        };
        let mut item = item(new, model, own.id, &own.name, CardSetup::entity_id);
        item["display"] = own.display.as_str().into();
        if new {
            item["type"] = kind_word(own.kind).into();
        }
        items.push(item);
    }
    let dashboards = world.dashboards.iter();
    for own in dashboards.filter(|own| in_reach && own.collection == within && own.archived == archived) {
        items.push(item(new, "dashboard", own.id, &own.name, DashboardSetup::entity_id));
    }
    items
}

fn item(new: bool, model: &str, id: u64, name: &str, entity: impl Fn(u64) -> String) -> Value {
    let mut item = json!({
        "id": id,
        "name": name,
        "model": model,
        "description": null,
        "collection_position": null,
        "last-edit-info": { "id": 1, "email": "admin@example.com", "timestamp": "2026-11-02T10:30:00Z" },
    });
    if new {
        item["entity_id"] = entity(id).into();
    }
    item
}

/// The collections around one: `/1/4/`.
fn location(world: &World, own: &CollectionSetup) -> String {
    let around = own.parent.map_or_else(Vec::new, |parent| world.way_to(parent));
    around.iter().fold("/".to_owned(), |path, id| format!("{path}{id}/"))
}

fn described(world: &World, own: &CollectionSetup) -> Value {
    json!({
        "id": own.id,
        "name": own.name,
        "location": location(world, own),
        "parent_id": own.parent,
        "archived": own.archived,
        "entity_id": CollectionSetup::entity_id(own.id),
        "slug": own.name.to_lowercase().replace(' ', "_"),
    })
}
