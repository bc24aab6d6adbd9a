//! Questions, models and metrics as the API describes them. Their queries are run elsewhere.

use serde_json::{Value, json};

use super::{Request, forbidden, not_found, ok, parameters, refused};
use crate::{
    exchange::Answer,
    metabase::{
        body::described,
        scenario::{CardKind, CardSetup, Query},
        world::World,
    },
};

/// The filters that lists know.
const FILTERS: [&str; 9] = [
    "all",
    "mine",
    "bookmarked",
    "archived",
    "database",
    "table",
    "using_model",
    "using_metric",
    "using_segment",
];

pub(super) fn list(world: &World, request: &Request<'_>) -> Answer {
    let filter = request.asked.param("f").unwrap_or_else(|| "all".into());
    let model = request.asked.param("model_id").and_then(|id| id.parse::<u64>().ok());
    if !FILTERS.contains(&filter.as_str()) {
        let text =
            "nullable enum of archived, table, using_model, bookmarked, using_segment, all, mine, database";
        return refused("f", text, &format!("should be either one of them, received: {filter:?}"));
    }
    let needs_model = !matches!(filter.as_str(), "all" | "mine" | "bookmarked" | "archived");
    if needs_model && model.is_none() {
        return refused(
            "model_id",
            "model_id is a required parameter for this filter",
            "missing required key",
        );
    }
    let meant = |card: &&CardSetup| match filter.as_str() {
        "archived" => card.archived,
        "all" | "mine" => !card.archived,
        "database" => !card.archived && model == Some(DATABASE),
        "table" => matches!(card.query, Query::Built { table, .. } if model == Some(table)) && !card.archived,
        _ => false,
    };
    let cards = world.cards.iter().filter(meant).filter(|card| world.sees(&request.person, card.collection));
    ok(cards.map(|card| described_card(world, card)).collect())
}

pub(super) fn one(world: &World, request: &Request<'_>, id: &str) -> Answer {
    match find(world, request, id) {
        Ok(card) => ok(described_card(world, card)),
        Err(answer) => answer,
    }
}

/// A card by its number, or in new versions by its entity id.
pub(super) fn find<'a>(world: &'a World, request: &Request<'_>, id: &str) -> Result<&'a CardSetup, Answer> {
    let by_entity =
        |card: &&CardSetup| world.settings.release.is_new() && CardSetup::entity_id(card.id) == id;
    let card = match id.parse::<u64>() {
        Ok(number) => world.card(number),
        Err(_) => world.cards.iter().find(by_entity),
    };
    let card = card.ok_or_else(not_found)?;
    if world.sees(&request.person, card.collection) { Ok(card) } else { Err(forbidden()) }
}

/// The number of the one database there is.
pub(super) const DATABASE: u64 = 1;

fn described_card(world: &World, card: &CardSetup) -> Value {
    let kind = kind_word(card.kind);
    let mut body = json!({
        "id": card.id,
        "name": card.name,
        "description": null,
        "archived": card.archived,
        "database_id": DATABASE,
        "table_id": null,
        "collection_id": card.collection,
        "display": card.display,
        "query_type": if matches!(card.query, Query::Native(..)) { "native" } else { "query" },
        "dataset_query": dataset_query(card),
        "parameters": parameters::of_card(card),
        "parameter_mappings": [],
        "result_metadata": if card.without_metadata { Value::Null } else { described(&card.rows) },
        "visualization_settings": {},
        "creator_id": 1,
        "enable_embedding": false,
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-11-02T10:30:00.123Z",
        "can_write": true,
    });
    if world.settings.release.is_new() {
        body["entity_id"] = CardSetup::entity_id(card.id).into();
        body["type"] = kind.into();
        body["dashboard_id"] = Value::Null;
    } else {
        body["dataset"] = (card.kind == CardKind::Model).into();
    }
    body
}

pub(super) fn kind_word(kind: CardKind) -> &'static str {
    match kind {
        CardKind::Question => "question",
        CardKind::Model => "model",
        CardKind::Metric => "metric",
    }
}

fn dataset_query(card: &CardSetup) -> Value {
    match &card.query {
        Query::Native(sql, _) => json!({
            "database": DATABASE,
            "type": "native",
            "native": { "query": sql, "template-tags": parameters::template_tags(card) },
        }),
        Query::Built { table, aggregated: false } => {
            json!({ "database": DATABASE, "type": "query", "query": { "source-table": table } })
        }
        Query::Built { table, aggregated: true } => json!({
            "database": DATABASE,
            "type": "query",
            "query": { "source-table": table, "aggregation": [["count"]], "breakout": [["field", 1, null]] },
        }),
    }
}
