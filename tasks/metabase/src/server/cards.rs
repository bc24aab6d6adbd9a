//! Questions as the server describes them, and their parameters. Reading them forgives what other versions leave out.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{FailureClass, Server, ServerFailure, collections::segment};
use crate::config::CardRef;

/// A question, model or metric.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Card {
    /// Its number.
    pub id: u64,
    /// Its entity id, in newer versions.
    #[serde(default, deserialize_with = "if_fit")]
    pub entity_id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `question`, `model` or `metric`.
    #[serde(default, rename = "type", deserialize_with = "if_fit")]
    pub card_type: Option<String>,
    /// Whether it is in the trash.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
    /// The database that it asks.
    #[serde(default)]
    pub database_id: Option<i64>,
    /// The collection that it is in; absent for the root.
    #[serde(default)]
    pub collection_id: Option<Value>,
    /// The dashboard that it belongs to, if it is in no collection.
    #[serde(default, deserialize_with = "if_fit")]
    pub dashboard_id: Option<u64>,
    /// How it is shown: `table`, `pivot`, `bar`.
    #[serde(default, deserialize_with = "if_fit")]
    pub display: Option<String>,
    /// Its query.
    #[serde(default)]
    pub dataset_query: Value,
    /// Its parameters.
    #[serde(default, deserialize_with = "or_default")]
    pub parameters: Vec<Parameter>,
    /// Its columns as of its last run.
    #[serde(default, deserialize_with = "or_default")]
    pub result_metadata: Vec<Column>,
    /// When it was changed last.
    #[serde(default, deserialize_with = "if_fit")]
    pub updated_at: Option<String>,
}

impl Card {
    /// The tags of a native query, by name.
    pub fn template_tags(&self) -> Option<&Map<String, Value>> {
        let old = self.dataset_query.pointer("/native/template-tags");
        // Newer versions write queries in stages.
        old.or_else(|| self.dataset_query.pointer("/stages/0/template-tags"))?.as_object()
    }
}

/// A parameter of a question or dashboard.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Parameter {
    /// Its id.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    /// The name in addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub slug: String,
    /// The name for people.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its type: `category`, `date/all-options`.
    #[serde(default, rename = "type")]
    pub parameter_type: Option<String>,
    /// What it sets.
    #[serde(default)]
    pub target: Option<Value>,
    /// What it is if nobody says.
    #[serde(default)]
    pub default: Option<Value>,
    /// Whether somebody must say.
    #[serde(default, deserialize_with = "or_default")]
    pub required: bool,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the query.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its title in files.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Its type: `type/Integer`.
    #[serde(default)]
    pub base_type: Option<String>,
    /// Its type as the server reads it, where it makes another one of what the database has.
    #[serde(default)]
    pub effective_type: Option<String>,
    /// What it means: `type/PK`.
    #[serde(default)]
    pub semantic_type: Option<String>,
}

/// A question in a list of many: what people know it by. Lists hold much more of each, which is not kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ListedCard {
    /// Its number.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `question`, `model` or `metric`.
    #[serde(default, rename = "type", deserialize_with = "if_fit")]
    pub card_type: Option<String>,
    /// The collection that it is in; absent for the root.
    #[serde(default)]
    pub collection_id: Option<Value>,
    /// Its parameters.
    #[serde(default, deserialize_with = "or_default")]
    pub parameters: Vec<ListedParameter>,
}

/// A parameter in a list of many questions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListedParameter {
    /// The name in addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub slug: String,
}

/// Which questions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardFilter {
    /// All that we may see.
    All,
    /// Our own.
    Mine,
    /// Those we marked.
    Bookmarked,
    /// Those in the trash.
    Archived,
    /// Those of a database.
    Database(u64),
    /// Those of a table.
    Table(u64),
}

impl CardFilter {
    fn query(self) -> Vec<(&'static str, String)> {
        let (word, of) = match self {
            Self::All => ("all", None),
            Self::Mine => ("mine", None),
            Self::Bookmarked => ("bookmarked", None),
            Self::Archived => ("archived", None),
            Self::Database(id) => ("database", Some(id)),
            Self::Table(id) => ("table", Some(id)),
        };
        let of = of.map(|id| ("model_id", id.to_string()));
        [("f", word.to_owned())].into_iter().chain(of).collect()
    }
}

impl Server {
    /// One question.
    pub async fn card(&self, card: &CardRef) -> Result<Card, ServerFailure> {
        let path = format!("api/card/{}", segment(card));
        let answer = self.get(&path, &[], "card").await?;
        serde_json::from_value(answer).map_err(|error| self.unexpected(&path, &error))
    }

    /// All questions that the filter lets through.
    pub async fn cards(&self, filter: CardFilter) -> Result<Vec<ListedCard>, ServerFailure> {
        self.get_large("api/card", &filter.query(), "cards").await
    }

    /// How many rows a question has now, by a query of its own. It takes no parameters.
    pub async fn count(&self, card: &Card) -> Result<u64, ServerFailure> {
        let Some(database) = card.database_id else {
            let told = format!("question {} says no database, so its rows cannot be counted", card.id);
            return Err(ServerFailure::new(FailureClass::BadRequest, super::Again::Never, told));
        };
        let body = serde_json::json!({
            "database": database,
            "type": "query",
            "query": { "source-table": format!("card__{}", card.id), "aggregation": [["count"]] },
        });
        let answer = self.query("api/dataset", &body, "count").await?;
        let rows = answer.pointer("/data/rows").and_then(Value::as_array).filter(|rows| rows.len() == 1);
        let count = rows.and_then(|rows| rows[0].get(0)).and_then(whole);
        count.ok_or_else(|| self.unexpected("api/dataset", &"there is no count in the answer"))
    }
}

/// A number without a fraction, however databases and drivers write it.
fn whole(value: &Value) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
    let of_float =
        |float: f64| (float >= 0.0 && float.fract() == 0.0 && float < 9e15).then_some(float as u64);
    value
        .as_u64()
        .or_else(|| value.as_f64().and_then(of_float))
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// Reads what only tells more, and on which no rows depend: in another shape than known it is nothing.
pub(super) fn if_fit<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

/// Reads `null` as nothing.
pub(super) fn or_default<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
