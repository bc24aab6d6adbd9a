//! What one reading of the configuration carries along: the surroundings, the kinds, and everything found wrong so far.

use std::collections::BTreeMap;

use roundsman_model::HumanDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    chain::Link,
    check::Checker,
    draft::Draft,
    environment::Environment,
    kinds::{KindFacts, Kinds},
    node::{Entry, Reading, Table},
    references,
    source::Span,
    tables::schema_of,
    unsupported::{self, Section},
};

/// One reading of the configuration.
pub(crate) struct Pass<'a> {
    pub(crate) env: &'a Environment,
    pub(crate) kind_names: Vec<String>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) secrets: Vec<Span>,
    /// The tasks read so far, as others see them.
    pub(crate) links: Vec<Link>,
    /// The grace of each task read so far, and where it is written.
    pub(crate) graces: Vec<Grace>,
    kinds: &'a dyn Kinds,
    facts: BTreeMap<String, Option<std::rc::Rc<KindFacts>>>,
}

/// How long a task's processes have between the polite and the final signal.
pub(crate) struct Grace {
    pub(crate) task: String,
    pub(crate) length: HumanDuration,
    pub(crate) written: Option<Span>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(kinds: &'a dyn Kinds, env: &'a Environment) -> Self {
        let mut kind_names = kinds.names();
        kind_names.sort();
        Self {
            env,
            kind_names,
            drafts: Vec::new(),
            secrets: Vec::new(),
            links: Vec::new(),
            graces: Vec::new(),
            kinds,
            facts: BTreeMap::new(),
        }
    }

    /// What is known about a kind. Asked once for each: its schema is made anew each time.
    pub(crate) fn kind(&mut self, name: &str) -> Option<std::rc::Rc<KindFacts>> {
        let kinds = self.kinds;
        self.facts.entry(name.to_owned()).or_insert_with(|| kinds.kind(name).map(std::rc::Rc::new)).clone()
    }

    /// Reads a table whose keys are known: references resolved, every problem reported, bad keys left out.
    pub(crate) fn section<T>(
        &mut self,
        section: Section,
        table: &mut Table,
        path: &str,
        span: Option<&Span>,
    ) -> T
    where
        T: DeserializeOwned + Default + JsonSchema,
    {
        self.resolve(table);
        let schema = schema_of::<T>();
        let mut checker = Checker::new(&schema, &self.kind_names);
        let mut good = Map::new();
        for (key, entry) in table.iter() {
            if let Some(draft) = refused(section, key, entry) {
                checker.drafts.push(draft);
            } else if checker.entry(key, entry, &schema) {
                good.insert(key.clone(), entry.node.json(Reading::Resolved));
            }
        }
        if let Some(span) = span {
            checker.missing(table, path, span, &schema);
        }
        self.drafts.append(&mut checker.drafts);
        self.secrets.append(&mut checker.secrets);
        serde_json::from_value(Value::Object(good)).unwrap_or_else(|error| {
            // What the schema lets through and the type does not: said without a place rather than not at all.
            self.drafts.push(Draft::new(path, span, error.to_string()));
            T::default()
        })
    }

    /// Resolves the references in a table. What cannot be resolved is reported and left out.
    fn resolve(&mut self, table: &mut Table) {
        let env = self.env;
        table.retain(|_, entry| {
            let before = self.drafts.len();
            references::resolve_node(&mut entry.node, env, &mut self.drafts);
            self.drafts.len() == before
        });
    }
}

fn refused(section: Section, key: &str, entry: &Entry) -> Option<Draft> {
    let what = unsupported::key(section, key)?;
    Some(Draft::new(&entry.node.path, Some(&entry.key), what))
}
