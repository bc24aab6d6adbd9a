//! Requests: whether the server works, who asks, and which part of the API they mean. What a part does stands with that part.

mod admission;
mod cards;
mod collections;
mod dashboards;
mod exports;
mod parameters;
mod queries;
mod recents;
mod session;

use roundsman_model::Timestamp;
use serde_json::{Value, json};

use super::{scenario::PersonSetup, stream::Export, world::World};
use crate::exchange::{Answer, Asked};

/// What goes back: an answer that is whole, or an export that streams.
pub(super) enum Reply {
    Plain(Answer),
    Export(Box<Export>),
}

impl Reply {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Plain(answer) => answer.status,
            Self::Export(_) => 200,
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Plain(answer)
    }
}

/// A request with who asks.
struct Request<'a> {
    asked: &'a Asked,
    person: PersonSetup,
}

/// What the server does and says.
pub(super) fn answer(world: &mut World, asked: &Asked, now: Timestamp) -> Reply {
    if let Some(answer) = admission::before_login(world, asked, now) {
        return answer.into();
    }
    match admission::who(world, asked, now) {
        Some(person) => {
            let mut reply = route(world, &Request { asked, person });
            if let Reply::Export(export) = &mut reply {
                let accepted = asked.header("accept-encoding").unwrap_or_default();
                export.packed = accepted.contains("gzip") && !world.settings.strips_gzip;
            }
            reply
        }
        None => text(401, "Unauthenticated").into(),
    }
}

fn route(world: &mut World, request: &Request<'_>) -> Reply {
    let segments = request.asked.segments();
    let Some((&"api", segments)) = segments.split_first() else { return nothing_there() };
    match (request.asked.method.as_str(), segments) {
        ("GET", ["user", "current"]) => session::current(&request.person).into(),
        ("GET", ["card"]) => cards::list(world, request).into(),
        ("GET", ["card", id]) => cards::one(world, request, id).into(),
        ("GET", ["dashboard"]) => dashboards::list(world, request).into(),
        ("GET", ["dashboard", id]) => dashboards::one(world, request, id).into(),
        ("GET", ["collection"]) => collections::list(world, request).into(),
        ("GET", ["collection", id]) => collections::one(world, request, id).into(),
        ("GET", ["collection", id, "items"]) => collections::items(world, request, id).into(),
        ("GET", ["activity", form]) => recents::answer(world, request, form).into(),
        ("POST", ["card", id, "query"]) => queries::card(world, request, id, None),
        ("POST", ["card", id, "query", format]) => queries::card(world, request, id, Some(format)),
        ("POST", ["dashboard", dashboard, "dashcard", dashcard, "card", card, "query", format @ ..])
            if format.len() < 2 =>
        {
            queries::dashcard(world, request, [dashboard, dashcard, card], format.first().copied())
        }
        ("POST", ["dataset"]) => queries::dataset(world, request, None),
        ("POST", ["dataset", format]) => queries::dataset(world, request, Some(format)),
        _ => nothing_there(),
    }
}

/// A path that there is not.
pub(super) fn nothing_there() -> Reply {
    text(404, "API endpoint does not exist.").into()
}

fn text(status: u16, text: &str) -> Answer {
    Answer::text(status, "text/plain", text.to_owned())
}

fn not_found() -> Answer {
    text(404, "Not found.")
}

fn forbidden() -> Answer {
    text(403, "You don't have permissions to do that.")
}

/// A field that is refused: the message, and more specific ones.
fn refused(field: &str, message: &str, specific: &str) -> Answer {
    let body = json!({ "errors": { field: message }, "specific-errors": { field: [specific] } });
    Answer::json(400, &body)
}

fn ok(body: Value) -> Answer {
    Answer::ok(&body)
}
