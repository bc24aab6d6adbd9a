//! Questions, models and metrics as they are set up: their queries, tags and rows, and how they fail. What requests find in
//! them stands with the routes.

use serde_json::{Value, json};

use super::super::Rows;

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
