//! People, collections and dashboards as they are set up. What requests find in them stands with the routes.

use serde_json::{Value, json};

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
