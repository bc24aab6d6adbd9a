//! What is in a collection, page by page and level by level, and what was looked at last. Which of it is exported is decided
//! elsewhere.

use std::collections::{BTreeSet, VecDeque};

use roundsman_http::BaseUrl;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Server, ServerFailure,
    cards::{if_fit, or_default},
};
use crate::config::CardRef;

/// How many items are asked for at once.
const PAGE: usize = 100;
/// No collection has more pages; a server that always says there is more is not believed.
const MOST_PAGES: usize = 1_000;
/// No tree has more collections.
const MOST_COLLECTIONS: usize = 2_000;

/// What servers before 0.50 have no word for.
const METRIC: &str = "metric";

/// Something in a collection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CollectionItem {
    /// Its number.
    pub id: u64,
    /// Its entity id, in newer versions.
    #[serde(default, deserialize_with = "if_fit")]
    pub entity_id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What it is: `card`, `dataset` for a model, `metric`, `dashboard`, `collection`.
    #[serde(default, deserialize_with = "or_default")]
    pub model: String,
    /// The names of the collections that lead to it, from the one that was asked for.
    #[serde(skip)]
    pub path: Vec<String>,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it is: `card`, `dashboard`, `collection`.
    pub model: String,
    /// When, as the server writes it.
    pub at: Option<String>,
}

impl Server {
    /// What of these models is in a collection itself.
    pub async fn collection_items(
        &self,
        collection: &CardRef,
        models: &[&str],
    ) -> Result<Vec<CollectionItem>, ServerFailure> {
        let path = format!("api/collection/{}/items", segment(collection));
        let mut course = Course::default();
        let mut items: Vec<CollectionItem> = Vec::new();
        while course.pages < MOST_PAGES && items.len() < MOST_PAGES * PAGE {
            let answer = self.page(&path, models, course.offset).await?;
            let page = read_page(answer).map_err(|error| self.unexpected(&path, &error))?;
            let is_last = course.after(&page).map_err(|why| self.unexpected(&path, &why))?;
            items.extend(page.items);
            if is_last {
                return Ok(items);
            }
        }
        let told = format!("after {} pages with {} things there is no end", course.pages, items.len());
        Err(self.unexpected(&path, &told))
    }

    /// What is on a page; of servers that know no metrics of their own, without them.
    async fn page(&self, path: &str, models: &[&str], offset: usize) -> Result<Value, ServerFailure> {
        let answer = self.get(path, &query_of(models, offset), "collection_items").await;
        match answer {
            Err(failure) if failure.status == Some(400) && models.contains(&METRIC) => {
                let known: Vec<&str> = models.iter().copied().filter(|model| *model != METRIC).collect();
                tracing::debug!(
                    "the server refuses to be asked for metrics ({failure}); it is asked without"
                );
                self.get(path, &query_of(&known, offset), "collection_items").await
            }
            answer => answer,
        }
    }

    /// What of these models is in a collection and in the collections within it, level by level, each item once.
    pub async fn collection_tree(
        &self,
        collection: &CardRef,
        models: &[&str],
    ) -> Result<Vec<CollectionItem>, ServerFailure> {
        let mut asked: Vec<&str> = models.to_vec();
        if !asked.contains(&"collection") {
            asked.push("collection");
        }
        let mut seen = BTreeSet::new();
        let mut visited = BTreeSet::from([collection.clone()]);
        let mut next = VecDeque::from([(collection.clone(), Vec::new())]);
        let mut found = Vec::new();
        while let Some((at, path)) = next.pop_front() {
            for item in self.collection_items(&at, &asked).await? {
                if item.model == "collection" {
                    let inner = CardRef::Number(item.id);
                    // A circle is left where it closes.
                    if visited.insert(inner.clone()) {
                        if visited.len() > MOST_COLLECTIONS {
                            let why = format!("there are more than {MOST_COLLECTIONS} collections in it");
                            return Err(
                                self.unexpected(&format!("api/collection/{}", segment(collection)), &why)
                            );
                        }
                        let path = path.iter().cloned().chain([item.name.clone()]).collect();
                        next.push_back((inner, path));
                    }
                }
                let wanted = models.contains(&item.model.as_str());
                if wanted && seen.insert((item.model.clone(), item.id)) {
                    found.push(CollectionItem { path: path.clone(), ..item });
                }
            }
        }
        Ok(found)
    }

    /// What was looked at last, latest first.
    pub async fn recents(&self) -> Result<Vec<Recent>, ServerFailure> {
        let query = [("context", "views".to_owned())];
        let answer = match self.get("api/activity/recents", &query, "recents").await {
            Ok(answer) => answer,
            // The name of old.
            Err(failure) if failure.class == super::FailureClass::NotFound => {
                self.get("api/activity/recent_views", &[], "recents").await?
            }
            Err(failure) => return Err(failure),
        };
        read_recents(&answer)
            .ok_or_else(|| self.unexpected("api/activity/recents", &"there is no list in it"))
    }
}

/// What is asked of a page.
fn query_of<'a>(models: &[&str], offset: usize) -> Vec<(&'a str, String)> {
    let models = models.iter().map(|model| ("models", (*model).to_owned()));
    let rest = [
        ("limit", PAGE.to_string()),
        ("offset", offset.to_string()),
        ("sort_column", "name".to_owned()),
        ("sort_direction", "asc".to_owned()),
        ("archived", "false".to_owned()),
        ("pinned_state", "all".to_owned()),
    ];
    models.chain(rest).collect()
}

/// A page as it came.
struct Page {
    /// What of it can be exported.
    items: Vec<CollectionItem>,
    /// How many things were on it, whatever they are: so many are left out of the next one.
    length: usize,
    /// The first of them.
    first: Option<Value>,
    /// How many things there are, if it says so.
    total: Option<usize>,
    /// It is no page, but all there is.
    is_whole: bool,
    /// How many things it has at most.
    limit: usize,
}

/// How far a collection was read.
#[derive(Default)]
struct Course {
    offset: usize,
    pages: usize,
    first: Option<Value>,
}

impl Course {
    /// Goes on behind a page; whether it was the last one.
    fn after(&mut self, page: &Page) -> Result<bool, &'static str> {
        self.pages += 1;
        if self.offset > 0 && page.first.is_some() && page.first == self.first {
            return Err(
                "its pages begin with the same again: the server, or what is before it, ignores `offset`",
            );
        }
        self.first = self.first.take().or_else(|| page.first.clone());
        self.offset += page.length;
        if page.is_whole || page.length == 0 {
            return Ok(true);
        }
        // Without a total, what is not full is the last one; what has more than was asked for is no page at all.
        Ok(page.total.map_or(page.length != page.limit, |total| self.offset >= total))
    }
}

fn read_page(answer: Value) -> Result<Page, serde_json::Error> {
    let number = |page: &Map<String, Value>, name: &str| {
        page.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
    };
    // Without paging, old servers answer with the list itself.
    let (written, total, limit, is_whole) = match answer {
        Value::Object(mut page) => {
            let limit = number(&page, "limit").filter(|limit| *limit > 0).unwrap_or(PAGE);
            (page.remove("data").unwrap_or_default(), number(&page, "total"), limit, false)
        }
        list => (list, None, PAGE, true),
    };
    let items: Vec<Value> = serde_json::from_value(written)?;
    let (length, first) = (items.len(), items.first().map(identity));
    // Collections whose id is a word, such as the trash, are nothing that can be exported.
    let is_word = |item: &Value| item["model"] == "collection" && item["id"].is_string();
    let items = items.into_iter().filter(|item| !is_word(item));
    let items = items.map(serde_json::from_value).collect::<Result<_, _>>()?;
    Ok(Page { items, length, first, total, is_whole, limit })
}

/// What tells an item from others.
fn identity(item: &Value) -> Value {
    Value::Array(["model", "id"].map(|name| item.get(name).cloned().unwrap_or_default()).to_vec())
}

/// What was looked at; nothing if it is written in no way that is known.
fn read_recents(answer: &Value) -> Option<Vec<Recent>> {
    // No answer at all says that there is nothing.
    if answer.is_null() {
        return Some(Vec::new());
    }
    let nested = answer.get("recents").or_else(|| answer.get("recent_views"));
    let list = nested.unwrap_or(answer).as_array()?;
    Some(list.iter().filter_map(read_recent).collect())
}

fn read_recent(entry: &Value) -> Option<Recent> {
    let text = |at: &str| entry.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let id = entry.get("id").or_else(|| entry.get("model_id")).and_then(Value::as_u64)?;
    Some(Recent {
        id,
        name: text("/name").or_else(|| text("/model_object/name")).unwrap_or_default(),
        model: text("/model")?,
        at: text("/timestamp").or_else(|| text("/max_ts")),
    })
}

/// A question, dashboard or collection as a segment of a path.
pub(super) fn segment(of: &CardRef) -> String {
    match of {
        CardRef::Number(number) => number.to_string(),
        CardRef::Entity(id) => BaseUrl::segment(id.trim()),
    }
}
