//! Looks at a server: whether it is there, what it has, what was looked at last. They write nothing.

use std::time::Duration;

use roundsman_task::{ActionInfo, Counts, Outcome, TaskContext, TaskError, no_params, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{beside, read_params};
use crate::{
    config::Checked,
    server::{CardFilter, Server},
};

const SHORT: Duration = Duration::from_mins(5);

/// What was looked at last.
pub(super) const RECENT: ActionInfo =
    beside("recent", "lists what was looked at last in Metabase", SHORT, params_of::<Recent>);
/// All questions.
pub(super) const LIST: ActionInfo =
    beside("list", "lists questions with their numbers", SHORT, params_of::<List>);
/// Whether the server is there.
pub(super) const PING: ActionInfo =
    beside("ping", "asks whether the server is ready and lets us in, and for its version", SHORT, no_params);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recent {
    /// How many at most.
    #[serde(default = "twenty")]
    limit: usize,
}

const fn twenty() -> usize {
    20
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct List {
    /// Only those.
    filter: Filter,
    /// Only those whose name has this in it; large and small letters are the same.
    name: Option<String>,
}

/// Which questions.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Filter {
    /// All that we may see.
    #[default]
    All,
    /// Our own.
    Mine,
    /// Those we marked.
    Bookmarked,
    /// Those in the trash.
    Archived,
}

pub(super) async fn recent(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let Recent { limit } = read_params(cx)?;
    let server = Server::open(cx, config).await?;
    let recents = server.recents().await;
    server.close().await;
    let rows = recents?.into_iter().take(limit);
    let rows: Vec<Value> = rows
        .map(|seen| json!({ "id": seen.id, "what": seen.model, "name": seen.name, "at": seen.at }))
        .collect();
    Ok(table(&["id", "what", "name", "at"], rows, "things that were looked at last"))
}

pub(super) async fn list(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let List { filter, name } = read_params(cx)?;
    let filter = match filter {
        Filter::All => CardFilter::All,
        Filter::Mine => CardFilter::Mine,
        Filter::Bookmarked => CardFilter::Bookmarked,
        Filter::Archived => CardFilter::Archived,
    };
    let server = Server::open(cx, config).await?;
    let cards = server.cards(filter).await;
    server.close().await;
    let wanted = name.map(|name| name.to_lowercase());
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| name.to_lowercase().contains(wanted));
    let mut cards: Vec<_> = cards?.into_iter().filter(|card| is_wanted(&card.name)).collect();
    cards.sort_by_key(|card| card.id);
    let rows = cards.into_iter().map(|card| {
        json!({
            "id": card.id,
            "name": card.name,
            "type": card.card_type.unwrap_or_else(|| "question".to_owned()),
            "collection": card.collection_id,
            "parameters": card.parameters.into_iter().map(|parameter| parameter.slug).collect::<Vec<_>>().join(", "),
        })
    });
    let rows: Vec<Value> = rows.collect();
    Ok(table(&["id", "name", "type", "collection", "parameters"], rows, "questions"))
}

pub(super) async fn ping(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let server = Server::open(cx, config).await?;
    let seen = seen(&server).await;
    server.close().await;
    let (version, user) = seen?;
    let summary = format!("{} {version} is ready; we are {user}", server.base_url());
    let detail = json!({ "base_url": server.base_url(), "version": version, "user": user });
    Ok(Outcome { print: json!(summary), ..Outcome::success(summary).with_detail(detail) })
}

async fn seen(server: &Server) -> Result<(String, String), TaskError> {
    server.wait_ready().await?;
    let user = server.current_user().await?;
    let properties = server.properties().await?;
    let name = user.common_name.unwrap_or_else(|| format!("user {}", user.id));
    Ok((properties.tag.unwrap_or_else(|| "of an unknown version".to_owned()), name))
}

/// A table for people, and the same as a list of objects for programs.
fn table(columns: &[&str], rows: Vec<Value>, what: &str) -> Outcome {
    let shown: Vec<Vec<Value>> =
        rows.iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect();
    let summary = format!("{} {what}", rows.len());
    let counts = Counts { processed: rows.len() as u64, ..Counts::default() };
    let outcome = Outcome::success(summary).with_counts(counts).with_detail(rows);
    Outcome { print: json!({ "columns": columns, "rows": shown }), ..outcome }
}
