//! What happened to a cluster, page by page in either style, each event once. What it means for usage is computed elsewhere.

use std::collections::HashSet;

use roundsman_http::{Answer, HttpError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Clusters, TerminationReason};
use crate::api::{
    ask_whole,
    lenient::{self, open_enum},
    pages::Pages,
};

/// How many events are asked for at a time; the vendor gives no more.
const PAGE: u32 = 500;

open_enum! {
    /// What happened. Those that say nothing of running are not named here.
    EventType {
        /// It was created, and starts.
        Creating = "CREATING",
        /// Somebody started it.
        Starting = "STARTING",
        /// Somebody restarted it.
        Restarting = "RESTARTING",
        /// It runs.
        Running = "RUNNING",
        /// It is about to end; no event tells that it has.
        Terminating = "TERMINATING",
        /// It gets more or fewer workers.
        Resizing = "RESIZING",
        /// Its specification was changed.
        Edited = "EDITED",
        /// It was pinned.
        Pinned = "PINNED",
        /// It was unpinned.
        Unpinned = "UNPINNED",
    }
}

impl EventType {
    /// Those that tell when a cluster runs.
    pub const LIFE: [Self; 5] =
        [Self::Creating, Self::Starting, Self::Restarting, Self::Running, Self::Terminating];
}

/// Something that happened to a cluster.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// To which one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub cluster_id: String,
    /// When, in milliseconds since the Unix epoch.
    #[serde(default, rename = "timestamp", deserialize_with = "lenient::i64")]
    pub at_ms: i64,
    /// What.
    #[serde(default, rename = "type")]
    pub kind: EventType,
    /// More about it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub details: EventDetails,
}

/// More about an event.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct EventDetails {
    /// Who did it; absent where the vendor did.
    #[serde(default)]
    pub user: Option<String>,
    /// Why it ended.
    pub reason: Option<TerminationReason>,
    /// Everything else.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// In which order events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Order {
    /// Oldest first.
    #[default]
    #[serde(rename = "ASC")]
    OldestFirst,
    /// Latest first.
    #[serde(rename = "DESC")]
    LatestFirst,
}

/// Which events of a cluster are asked for.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Of which cluster.
    pub cluster_id: String,
    /// From this instant on, in milliseconds since the Unix epoch.
    pub from_ms: Option<i64>,
    /// Up to this instant.
    pub until_ms: Option<i64>,
    /// In which order.
    pub order: Order,
    /// Only these; all if none is named.
    pub types: Vec<EventType>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default, deserialize_with = "lenient::or_default")]
    events: Vec<Event>,
    #[serde(default, rename = "next_page_token", deserialize_with = "lenient::or_default")]
    token: String,
    #[serde(default, rename = "next_page")]
    request: Option<Value>,
}

impl EventQuery {
    /// The events that tell when this cluster ran.
    pub fn life_of(cluster_id: &str) -> Self {
        Self { cluster_id: cluster_id.to_owned(), types: EventType::LIFE.to_vec(), ..Self::default() }
    }

    fn body(&self, size: u32) -> Value {
        let mut body = json!({ "cluster_id": self.cluster_id, "order": self.order, "page_size": size });
        for (key, bound) in [("start_time", self.from_ms), ("end_time", self.until_ms)] {
            if let Some(bound) = bound {
                body[key] = bound.into();
            }
        }
        if !self.types.is_empty() {
            body["event_types"] = json!(self.types);
        }
        body
    }
}

impl Clusters<'_> {
    /// All events that the query means, each once.
    pub async fn events(self, query: &EventQuery) -> Result<Vec<Event>, HttpError> {
        let (mut events, mut seen, mut pages) = (Vec::new(), HashSet::new(), Pages::default());
        let mut body = query.body(PAGE);
        loop {
            let (page, answer) = self.events_page(&body).await?;
            let next = next_body(&body, &page);
            for mut event in page.events {
                if event.cluster_id.is_empty() {
                    event.cluster_id.clone_from(&query.cluster_id);
                }
                if seen.insert((event.cluster_id.clone(), event.at_ms, event.kind.clone())) {
                    events.push(event);
                }
            }
            match next {
                Some((mark, next)) => {
                    pages.turn(&answer, &mark)?;
                    body = next;
                }
                None => return Ok(events),
            }
        }
    }

    /// The first event that the query means, if there is one.
    pub async fn first_event(self, query: &EventQuery) -> Result<Option<Event>, HttpError> {
        Ok(self.events_page(&query.body(1)).await?.0.events.into_iter().next())
    }

    async fn events_page(self, body: &Value) -> Result<(Page, Answer), HttpError> {
        ask_whole(self.post("clusters/events", "events").json(body).repeatable()).await
    }
}

/// What asks for the next page, and by what it is known: the token with everything else unchanged, or the older style's next
/// request as a whole.
fn next_body(body: &Value, page: &Page) -> Option<(String, Value)> {
    if !page.token.is_empty() {
        let mut next = body.clone();
        next["page_token"] = page.token.as_str().into();
        return Some((page.token.clone(), next));
    }
    let next = page.request.as_ref().filter(|next| next.as_object().is_some_and(|next| !next.is_empty()))?;
    Some((next.to_string(), next.clone()))
}
