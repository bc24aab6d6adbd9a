//! What was looked at lately, in the form of new versions and in both forms of old ones.

use serde_json::{Value, json};

use super::{Request, ok, refused, text};
use crate::{exchange::Answer, metabase::world::World};

pub(super) fn answer(world: &World, request: &Request<'_>, form: &str) -> Answer {
    let new = world.settings.release.is_new();
    match form {
        "recents" if new => {
            if request.asked.params("context").is_empty() {
                return refused("context", "vector of enum of views, selections", "missing required key");
            }
            ok(json!({ "recents": seen(world, request).collect::<Vec<_>>() }))
        }
        "recent_views" if new => ok(json!({ "recent_views": seen(world, request).collect::<Vec<_>>() })),
        "recent_views" => ok(seen(world, request).map(old_form).collect()),
        _ => text(404, "API endpoint does not exist."),
    }
}

fn seen<'a>(world: &'a World, request: &'a Request<'_>) -> impl Iterator<Item = Value> + 'a {
    world.recents.iter().filter_map(|(model, id)| {
        let (name, collection) = match *model {
            "dashboard" => {
                let own = world.dashboards.iter().find(|own| own.id == *id)?;
                (own.name.as_str(), own.collection)
            }
            "collection" => {
                let own = world.collection(*id)?;
                (own.name.as_str(), Some(own.id))
            }
            _ => {
                let own = world.card(*id)?;
                (own.name.as_str(), own.collection)
            }
        };
        world.sees(&request.person, collection).then(|| {
            json!({
                "id": id,
                "name": name,
                "model": model,
                "timestamp": "2026-11-19T17:00:00Z",
                "can_write": true,
                "parent_collection": { "id": collection },
            })
        })
    })
}

fn old_form(item: Value) -> Value {
    json!({
        "user_id": 1,
        "cnt": 1,
        "max_ts": item["timestamp"],
        "model": item["model"],
        "model_id": item["id"],
        "model_object": { "id": item["id"], "name": item["name"] },
    })
}
