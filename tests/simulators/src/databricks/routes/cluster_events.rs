//! `POST /clusters/events`: windows, orders, and both ways to say that there is more.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{integer, missing_cluster, refuse};
use crate::{
    databricks::{
        scenario::Paging,
        world::{
            Level, World,
            events::{Event, events},
        },
    },
    exchange::{Answer, Asked},
    faults::shape::error,
};

/// The most that may be asked for.
const LARGEST_PAGE: i64 = 500;
/// What is given where nothing is asked for.
const USUAL_PAGE: i64 = 50;

pub(super) fn answer(world: &World, asked: &Asked, user: &str) -> Answer {
    let body = asked.json();
    let id = body["cluster_id"].as_str().unwrap_or_default();
    let Some(cluster) = world.by_id(id) else {
        return missing_cluster(world, id);
    };
    if let Err(refused) = world.require(user, cluster, Level::CanAttachTo) {
        return refuse(world, &refused);
    }
    let shown_until = world.now - world.settings.events_lag_secs as i64 * 1_000;
    match Question::of(&body) {
        Ok(question) => question.answer(world, events(cluster, shown_until)),
        Err(complaint) => error(400, "INVALID_PARAMETER_VALUE", &complaint),
    }
}

struct Question<'a> {
    body: &'a Value,
    cluster_id: &'a str,
    size: usize,
    offset: usize,
}

impl<'a> Question<'a> {
    fn of(body: &'a Value) -> Result<Self, String> {
        let size = integer(&body["page_size"]).or_else(|| integer(&body["limit"])).unwrap_or(0);
        if !(0..=LARGEST_PAGE).contains(&size) {
            return Err(format!("page_size must be between 0 and {LARGEST_PAGE}"));
        }
        let order = body["order"].as_str().unwrap_or("DESC");
        if !matches!(order, "ASC" | "DESC") {
            return Err(format!("Invalid order {order:?}"));
        }
        let token = body["page_token"].as_str().filter(|token| !token.is_empty());
        let offset = match token {
            Some(token) => offset_of(token, body).ok_or("Invalid page token")?,
            None => integer(&body["offset"]).unwrap_or(0).max(0) as usize,
        };
        let size = if size == 0 { USUAL_PAGE } else { size } as usize;
        Ok(Self { body, cluster_id: body["cluster_id"].as_str().unwrap_or_default(), size, offset })
    }

    /// The events of the question, in its order.
    fn meant(&self, all: Vec<Event>) -> Vec<Event> {
        let from = integer(&self.body["start_time"]).unwrap_or(i64::MIN);
        let until = integer(&self.body["end_time"]).unwrap_or(i64::MAX);
        let names = self.body["event_types"].as_array();
        let named = |event: &Event| {
            names.is_none_or(|names| names.is_empty() || names.iter().any(|name| name == event.name))
        };
        let mut meant: Vec<Event> =
            all.into_iter().filter(|event| (from..=until).contains(&event.at) && named(event)).collect();
        if self.body["order"] != "ASC" {
            meant.reverse();
        }
        meant
    }

    fn answer(&self, world: &World, all: Vec<Event>) -> Answer {
        let settings = &world.settings;
        let meant = self.meant(all);
        let size = self.size.min(settings.events_page_size);
        let end = (self.offset + size).min(meant.len());
        let repeated = usize::from(settings.repeat_events && self.offset > 0);
        let page = meant.get(self.offset.saturating_sub(repeated)..end).unwrap_or_default();
        let mut body = Map::new();
        if !page.is_empty() {
            body.insert(
                "events".to_owned(),
                page.iter().map(|event| event.to_json(self.cluster_id)).collect(),
            );
        }
        let more = end < meant.len();
        let (by_token, by_request) = match settings.events_paging {
            Paging::Token => (true, false),
            Paging::NextPage => (false, true),
            Paging::Both => (true, true),
        };
        if by_token {
            let token = if more { token(end, self.body) } else { String::new() };
            body.insert("next_page_token".to_owned(), token.into());
        }
        if by_request && more {
            body.insert("next_page".to_owned(), self.next_request(end, size));
        }
        body.insert("total_count".to_owned(), meant.len().into());
        Answer::ok(&Value::Object(body))
    }

    /// The request that asks for what follows, as a whole.
    fn next_request(&self, offset: usize, size: usize) -> Value {
        let keep = ["cluster_id", "start_time", "end_time", "order", "event_types"];
        let kept = keep.iter().filter_map(|key| Some(((*key).to_owned(), self.body.get(*key)?.clone())));
        let mut next: Map<String, Value> = kept.collect();
        next.insert("offset".to_owned(), offset.into());
        next.insert("limit".to_owned(), size.into());
        json!(next)
    }
}

/// A token belongs to its question: with other fields it is no good.
fn token(offset: usize, body: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("events/{offset}/{}", fingerprint(body)))
}

fn offset_of(token: &str, body: &Value) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (offset, asked) = text.strip_prefix("events/")?.split_once('/')?;
    (asked == fingerprint(body)).then(|| offset.parse().ok()).flatten()
}

fn fingerprint(body: &Value) -> String {
    let mut question = body.clone();
    if let Some(fields) = question.as_object_mut() {
        fields.remove("page_token");
    }
    let digest = Sha256::digest(question.to_string().as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
