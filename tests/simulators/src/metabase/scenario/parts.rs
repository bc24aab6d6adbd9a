//! People, collections, questions and dashboards as they are set up. What requests find in them stands with the routes.

use serde_json::{Value, json};

use super::super::Rows;

/// Somebody who may come.
#[derive(Debug, Clone)]
pub struct PersonSetup {
    pub(in crate::metabase) email: String,
    pub(in crate::metabase) password: String,
    pub(in crate::metabase) key: Option<String>,
    pub(in crate::metabase) superuser: bool,
    pub(in crate::metabase) active: bool,
    pub(in crate::metabase) native: bool,
    pub(in crate::metabase) hidden: Vec<u64>,
}

impl PersonSetup {
    /// Somebody with a password who sees everything and may write queries.
    pub fn new(email: &str, password: &str) -> Self {
        Self {
            email: email.to_owned(),
            password: password.to_owned(),
            key: None,
            superuser: false,
            active: true,
            native: true,
            hidden: Vec::new(),
        }
    }

    /// Has an API key.
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// May everything.
    pub fn superuser(mut self) -> Self {
        self.superuser = true;
        self
    }

    /// The account is disabled.
    pub fn disabled(mut self) -> Self {
        self.active = false;
        self
    }

    /// May write no queries.
    pub fn without_queries(mut self) -> Self {
        self.native = false;
        self
    }

    /// Does not see this collection.
    pub fn not_seeing(mut self, collection: u64) -> Self {
        self.hidden.push(collection);
        self
    }
}

/// A collection.
#[derive(Debug, Clone)]
pub struct CollectionSetup {
    pub(in crate::metabase) id: u64,
    pub(in crate::metabase) name: String,
    pub(in crate::metabase) parent: Option<u64>,
    pub(in crate::metabase) archived: bool,
}

impl CollectionSetup {
    /// The 21 characters by which new versions know it too; they follow from its number.
    pub fn entity_id(id: u64) -> String {
        format!("coll_entity_{id:09}")
    }

    /// A collection in the root.
    pub fn new(id: u64, name: &str) -> Self {
        Self { id, name: name.to_owned(), parent: None, archived: false }
    }

    /// Within another one.
    pub fn within(mut self, parent: u64) -> Self {
        self.parent = Some(parent);
        self
    }

    /// In the trash.
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }
}

/// What a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardKind {
    /// A question.
    Question,
    /// A model; collections call it `dataset`.
    Model,
    /// A metric.
    Metric,
}

/// How a card asks its database.
#[derive(Debug, Clone)]
pub enum Query {
    /// In SQL, with template tags.
    Native(String, Vec<TagSetup>),
    /// With the editor, from the table of this number; aggregated or not.
    Built {
        /// The number of the table.
        table: u64,
        /// Whether it aggregates, which decides the limit of rows.
        aggregated: bool,
    },
}

/// The type of a template tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A field filter on days.
    DateField,
    /// A field filter on texts.
    TextField,
}

/// A template tag.
#[derive(Debug, Clone)]
pub struct TagSetup {
    pub(in crate::metabase) name: String,
    pub(in crate::metabase) title: String,
    pub(in crate::metabase) kind: TagKind,
    pub(in crate::metabase) required: bool,
    pub(in crate::metabase) default: Value,
}

impl TagSetup {
    /// A tag that may be left out.
    pub fn new(name: &str, kind: TagKind) -> Self {
        let title = name.replace('_', " ");
        Self { name: name.to_owned(), title, kind, required: false, default: Value::Null }
    }

    /// It must have a value.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its value where none is given.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = value.into();
        self
    }
}

/// How a query fails.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(in crate::metabase) error: String,
    pub(in crate::metabase) error_type: Option<String>,
    pub(in crate::metabase) class: String,
}

impl Failure {
    /// The database says this.
    pub fn new(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            error_type: None,
            class: "class org.postgresql.util.PSQLException".into(),
        }
    }

    /// With a type: `invalid-query`, `timed-out`, …
    pub fn typed(mut self, error_type: &str) -> Self {
        self.error_type = Some(error_type.to_owned());
        self
    }

    /// The document that tells it.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "database_id": 1,
            "started_at": "2026-11-20T08:00:00Z",
            "via": [{ "status": "failed", "class": self.class, "error": self.error }],
            "json_query": { "constraints": null, "type": "native", "database": 1 },
            "status": "failed",
            "class": self.class,
            "stacktrace": [
                "driver.sql_jdbc.execute$execute_statement_BANG_.invokeStatic(execute.clj:1)",
                "query_processor.pipeline$_STAR_execute_STAR_.invoke(pipeline.clj:1)",
            ],
            "row_count": 0,
            "running_time": 0,
            "data": { "rows": [], "cols": [] },
        });
        if let Some(error_type) = &self.error_type {
            document["error_type"] = error_type.as_str().into();
        }
        document["error"] = self.error.as_str().into();
        document
    }
}

/// A question, model or metric.
#[derive(Debug, Clone)]
pub struct CardSetup {
    pub(in crate::metabase) id: u64,
    pub(in crate::metabase) name: String,
    pub(in crate::metabase) kind: CardKind,
    pub(in crate::metabase) query: Query,
    pub(in crate::metabase) rows: Rows,
    pub(in crate::metabase) given: Vec<(String, Value, Rows)>,
    pub(in crate::metabase) collection: Option<u64>,
    pub(in crate::metabase) archived: bool,
    pub(in crate::metabase) paid: bool,
    pub(in crate::metabase) failure: Option<Failure>,
    pub(in crate::metabase) without_metadata: bool,
    pub(in crate::metabase) display: String,
}

impl CardSetup {
    /// A question in SQL without parameters, with ten plain rows.
    pub fn native(id: u64, name: &str) -> Self {
        Self::of(id, name, Query::Native("select * from orders".into(), Vec::new()))
    }

    /// A question made with the editor, with ten plain rows.
    pub fn built(id: u64, name: &str) -> Self {
        Self::of(id, name, Query::Built { table: 7, aggregated: false })
    }

    fn of(id: u64, name: &str, query: Query) -> Self {
        Self {
            id,
            name: name.to_owned(),
            kind: CardKind::Question,
            query,
            rows: Rows::plain(10),
            given: Vec::new(),
            collection: None,
            archived: false,
            paid: false,
            failure: None,
            without_metadata: false,
            display: "table".into(),
        }
    }

    /// The 21 characters by which new versions know a card too; they follow from its number.
    pub fn entity_id(id: u64) -> String {
        format!("card_entity_{id:09}")
    }

    /// What its query gives.
    pub fn rows(mut self, rows: Rows) -> Self {
        self.rows = rows;
        self
    }

    /// With a template tag, if it is a question in SQL.
    pub fn tag(mut self, tag: TagSetup) -> Self {
        if let Query::Native(sql, tags) = &mut self.query {
            *sql = format!("{sql} /* {{{{{}}}}} */", tag.name);
            tags.push(tag);
        }
        self
    }

    /// What its query gives where the tag of this name has this value.
    pub fn given(mut self, tag: &str, value: impl Into<Value>, rows: Rows) -> Self {
        self.given.push((tag.to_owned(), value.into(), rows));
        self
    }

    /// It aggregates, if it is made with the editor.
    pub fn aggregated(mut self) -> Self {
        if let Query::Built { aggregated, .. } = &mut self.query {
            *aggregated = true;
        }
        self
    }

    /// A model or a metric.
    pub fn kind(mut self, kind: CardKind) -> Self {
        self.kind = kind;
        self
    }

    /// In this collection.
    pub fn within(mut self, collection: u64) -> Self {
        self.collection = Some(collection);
        self
    }

    /// In the trash.
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }

    /// Runs only with a plan that is paid for.
    pub fn paid(mut self) -> Self {
        self.paid = true;
        self
    }

    /// Its query fails before a row is there.
    pub fn failing(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }

    /// Nothing is known of its columns, as before its first run.
    pub fn without_metadata(mut self) -> Self {
        self.without_metadata = true;
        self
    }

    /// Its tags.
    pub(in crate::metabase) fn tags(&self) -> &[TagSetup] {
        match &self.query {
            Query::Native(_, tags) => tags,
            Query::Built { .. } => &[],
        }
    }
}

/// A card on a dashboard, or a text there.
#[derive(Debug, Clone)]
pub struct DashcardSetup {
    pub(in crate::metabase) id: u64,
    pub(in crate::metabase) card: Option<u64>,
    pub(in crate::metabase) series: Vec<u64>,
    pub(in crate::metabase) at: (u64, u64),
    pub(in crate::metabase) tab: Option<u64>,
    pub(in crate::metabase) text: String,
    pub(in crate::metabase) maps: Vec<(String, String)>,
}

impl DashcardSetup {
    /// A card, under a number of its own on the dashboard.
    pub fn of(id: u64, card: u64) -> Self {
        Self { card: Some(card), ..Self::text(id, "") }
    }

    /// A text, which has no card.
    pub fn text(id: u64, text: &str) -> Self {
        Self {
            id,
            card: None,
            series: Vec::new(),
            at: (0, 0),
            tab: None,
            text: text.to_owned(),
            maps: Vec::new(),
        }
    }

    /// Where it is: row and column.
    pub fn at(mut self, row: u64, column: u64) -> Self {
        self.at = (row, column);
        self
    }

    /// On this tab.
    pub fn on_tab(mut self, tab: u64) -> Self {
        self.tab = Some(tab);
        self
    }

    /// Another card in the same chart.
    pub fn series(mut self, card: u64) -> Self {
        self.series.push(card);
        self
    }

    /// The dashboard's parameter of this id sets this tag of its card.
    pub fn mapping(mut self, parameter: &str, tag: &str) -> Self {
        self.maps.push((parameter.to_owned(), tag.to_owned()));
        self
    }
}

/// A dashboard.
#[derive(Debug, Clone)]
pub struct DashboardSetup {
    pub(in crate::metabase) id: u64,
    pub(in crate::metabase) name: String,
    pub(in crate::metabase) collection: Option<u64>,
    pub(in crate::metabase) archived: bool,
    pub(in crate::metabase) tabs: Vec<(u64, String)>,
    pub(in crate::metabase) parameters: Vec<Value>,
    pub(in crate::metabase) cards: Vec<DashcardSetup>,
}

impl DashboardSetup {
    /// The 21 characters by which new versions know it too; they follow from its number.
    pub fn entity_id(id: u64) -> String {
        format!("dash_entity_{id:09}")
    }

    /// An empty one.
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            collection: None,
            archived: false,
            tabs: Vec::new(),
            parameters: Vec::new(),
            cards: Vec::new(),
        }
    }

    /// In this collection.
    pub fn within(mut self, collection: u64) -> Self {
        self.collection = Some(collection);
        self
    }

    /// In the trash.
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }

    /// With a tab, behind those it has.
    pub fn tab(mut self, id: u64, name: &str) -> Self {
        self.tabs.push((id, name.to_owned()));
        self
    }

    /// With a parameter: its id, its slug, its type such as `string/=`.
    pub fn parameter(mut self, id: &str, slug: &str, kind: &str) -> Self {
        let name = slug.replace('_', " ");
        self.parameters
            .push(json!({ "id": id, "slug": slug, "name": name, "type": kind, "sectionId": "string" }));
        self
    }

    /// With this on it.
    pub fn with(mut self, card: DashcardSetup) -> Self {
        self.cards.push(card);
        self
    }
}
