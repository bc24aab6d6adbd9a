//! Queries: of cards, of places on dashboards, and one's own; answered as JSON with its limits, or handed to exports. What
//! rows are is the scenario's.

use serde_json::{Value, json};

use super::{
    Reply, Request, cards, dashboards,
    exports::{self, Wanted},
    forbidden, not_found, nothing_there, parameters, refused,
};
use crate::{
    exchange::Answer,
    metabase::{
        Cell, Column, ColumnType, DashcardSetup, Rows,
        body::{described, json_cell},
        scenario::{CardSetup, Failure, Query},
        world::World,
    },
};

/// The fields of a query of a card that is answered as JSON.
const QUERY_FIELDS: [&str; 5] =
    ["parameters", "ignore_cache", "collection_preview", "dashboard_id", "dashboard_load_id"];

pub(super) fn card(world: &mut World, request: &Request<'_>, id: &str, format: Option<&str>) -> Reply {
    let card = match cards::find(world, request, id) {
        Ok(card) => card.clone(),
        Err(answer) => return answer.into(),
    };
    let Some(wanted) = exports::wanted(format) else { return nothing_there() };
    match exports::fields(world, request, wanted, &QUERY_FIELDS) {
        Ok(fields) => {
            let rows = parameters::rows_of(&card, &fields["parameters"]);
            run(world, &card, rows, wanted, &fields)
        }
        Err(answer) => answer.into(),
    }
}

pub(super) fn dashcard(
    world: &mut World,
    request: &Request<'_>,
    [dashboard, dashcard, card]: [&str; 3],
    format: Option<&str>,
) -> Reply {
    let dashboard = match dashboards::find(world, request, dashboard) {
        Ok(dashboard) => dashboard.clone(),
        Err(answer) => return answer.into(),
    };
    let number = card.parse::<u64>().ok();
    let meant = |own: &&DashcardSetup| {
        let has = own.card.into_iter().chain(own.series.iter().copied()).any(|own| Some(own) == number);
        dashcard.parse() == Ok(own.id) && has
    };
    let Some(place) = dashboard.cards.iter().find(meant) else { return not_found().into() };
    let card = match cards::find(world, request, card) {
        Ok(card) => card.clone(),
        Err(answer) => return answer.into(),
    };
    let Some(wanted) = exports::wanted(format) else { return nothing_there() };
    let fields = match exports::fields(world, request, wanted, &QUERY_FIELDS) {
        Ok(fields) => fields,
        Err(answer) => return answer.into(),
    };
    let mapped = parameters::mapped(&dashboard, place, &card, &fields["parameters"]);
    let rows = mapped.and_then(|mapped| parameters::rows_of(&card, &mapped));
    run(world, &card, rows, wanted, &fields)
}

fn run(
    world: &mut World,
    card: &CardSetup,
    rows: Result<Rows, Failure>,
    wanted: Wanted,
    fields: &Value,
) -> Reply {
    if card.archived {
        let body = json!({ "message": "The object has been archived.", "error_code": "archived" });
        return Answer::json(404, &body).into();
    }
    if card.paid {
        let text =
            "This is a paid feature not currently available to your instance. Please upgrade to use it.";
        let body = json!({ "message": text, "status": "error-premium-feature-not-available" });
        return Answer::json(402, &body).into();
    }
    let rows = match (rows, &card.failure) {
        (Err(failure), _) => return failed(world, &failure, wanted),
        (Ok(_), Some(failure)) => return failed(world, &failure.clone(), wanted),
        (Ok(rows), None) => world.run(card.id, &rows),
    };
    match wanted {
        Wanted::Export(format) => exports::export(world, &rows, format, fields, &card.name),
        Wanted::Result => {
            let aggregates = matches!(card.query, Query::Built { aggregated: true, .. });
            let mut body = result(world, &rows, aggregates);
            (body["context"], body["card_id"]) = ("question".into(), card.id.into());
            Answer::json(202, &body).into()
        }
    }
}

/// A query of one's own: SQL that the scenario knows, or one that looks at a card or counts it.
pub(super) fn dataset(world: &mut World, request: &Request<'_>, format: Option<&str>) -> Reply {
    let Some(wanted) = exports::wanted(format) else { return nothing_there() };
    let (query, fields) = match wanted {
        Wanted::Result => (request.asked.json(), Value::Null),
        Wanted::Export(_) => {
            let fields = match exports::fields(world, request, wanted, &["query"]) {
                Ok(fields) => fields,
                Err(answer) => return answer.into(),
            };
            (fields["query"].clone(), fields)
        }
    };
    if query["database"].as_u64().is_none() {
        return refused("database", "value must be an integer greater than zero.", "missing required key")
            .into();
    }
    let rows = match query["type"].as_str() {
        Some("native") => native(world, request, &query),
        Some("query") => built(world, request, &query),
        _ => Err(refused("type", "enum of native, query", "invalid dispatch value").into()),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(Refused::Answer(answer)) => return answer.into(),
        Err(Refused::Failure(failure)) => return failed(world, &failure, wanted),
    };
    match wanted {
        Wanted::Export(format) => exports::export(world, &rows, format, &fields, "query_result"),
        Wanted::Result => {
            let mut body = result(world, &rows, query["query"]["aggregation"].is_array());
            body["context"] = "ad-hoc".into();
            Answer::json(202, &body).into()
        }
    }
}

enum Refused {
    Answer(Answer),
    Failure(Failure),
}

impl From<Answer> for Refused {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

fn native(world: &World, request: &Request<'_>, query: &Value) -> Result<Rows, Refused> {
    if !request.person.native {
        return Err(forbidden().into());
    }
    let sql = query["native"]["query"].as_str().unwrap_or_default().trim();
    let known = world.queries.iter().find(|(own, _)| own == sql);
    known.map(|(_, rows)| rows.clone()).ok_or_else(|| {
        let near = sql.split_whitespace().last().unwrap_or_default();
        let failure = Failure::new(&format!("ERROR: relation {near:?} does not exist"));
        Refused::Failure(failure.typed("invalid-query"))
    })
}

fn built(world: &mut World, request: &Request<'_>, query: &Value) -> Result<Rows, Refused> {
    let source = query["query"]["source-table"].as_str().and_then(|source| source.strip_prefix("card__"));
    let Some(id) = source else {
        let failure = Failure::new("There is no such table here.").typed("invalid-query");
        return Err(Refused::Failure(failure));
    };
    let card = cards::find(world, request, id)?.clone();
    let rows = parameters::rows_of(&card, &Value::Null).map_err(Refused::Failure)?;
    if let Some(failure) = card.failure {
        return Err(Refused::Failure(failure));
    }
    let rows = world.run(card.id, &rows);
    let counts = query["query"]["aggregation"] == json!([["count"]]);
    Ok(if counts { count_of(&rows) } else { rows })
}

fn count_of(rows: &Rows) -> Rows {
    let column = Column::new("count", ColumnType::Integer);
    let count = i64::try_from(rows.count()).unwrap_or(i64::MAX);
    Rows::table(vec![column.titled("Count")], vec![vec![Cell::Integer(count)]])
}

fn result(world: &World, rows: &Rows, aggregates: bool) -> Value {
    let settings = &world.settings;
    let limit = if aggregates { settings.aggregated_row_limit } else { settings.row_limit };
    let given = rows.count().min(limit);
    let cells = |at: u64| rows.row(at).iter().map(|cell| json_cell(cell, false)).collect::<Vec<_>>();
    let list: Vec<Value> = (0..given).map(|at| cells(at).into()).collect();
    let mut data = json!({ "cols": described(rows), "rows": list, "results_timezone": "UTC" });
    if rows.count() > limit {
        data["rows_truncated"] = limit.into();
    }
    json!({
        "status": "completed",
        "row_count": given,
        "running_time": 41,
        "started_at": "2026-11-20T08:00:01Z",
        "database_id": cards::DATABASE,
        "data": data,
    })
}

/// A query that fails before its first row: new versions say so with the status, old ones only in the body.
fn failed(world: &World, failure: &Failure, wanted: Wanted) -> Reply {
    let document = failure.document();
    match wanted {
        _ if world.settings.release.is_new() => Answer::json(500, &document).into(),
        Wanted::Result => Answer::json(202, &document).into(),
        Wanted::Export(format) => exports::instead(world, format, &document),
    }
}
