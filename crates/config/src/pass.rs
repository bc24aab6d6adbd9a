//! What one reading of the configuration carries along: the surroundings, the kinds, and everything found wrong so far.

use std::{any::TypeId, collections::BTreeMap, rc::Rc};

use roundsman_model::HumanDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    chain::Link,
    check::Checker,
    draft::Draft,
    environment::Environment,
    header::Header,
    kinds::{KindFacts, Kinds, Refused, Unscheduled},
    node::{Entry, Reading, Table},
    references,
    source::Span,
    tables::schema_of,
    unsupported::{self, Section},
};

/// One reading of the configuration.
pub(crate) struct Pass<'a> {
    pub(crate) env: &'a Environment,
    /// The kinds that tasks may name, sorted.
    pub(crate) kind_names: Vec<String>,
    /// The kinds that are there, sorted.
    pub(crate) present: Vec<String>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) secrets: Vec<Span>,
    /// The tasks read so far, as others see them.
    pub(crate) links: Vec<Link>,
    /// The grace of each task read so far, and where it is written.
    pub(crate) graces: Vec<Grace>,
    /// The kinds that could not be taken as their files are now.
    pub(crate) refused: Vec<Refused>,
    /// The kinds that can be used, but not for the tasks that their files ask for.
    pub(crate) unscheduled: Vec<Unscheduled>,
    kinds: &'a dyn Kinds,
    facts: BTreeMap<String, Option<Rc<Known>>>,
    /// The schemas of tables: made once, since there may be hundreds of tasks.
    schemas: BTreeMap<TypeId, Rc<Value>>,
}

/// What is known about a kind, in the version that counts.
pub(crate) struct Known {
    pub(crate) facts: KindFacts,
    pub(crate) header: Option<Header>,
}

/// How far a reading was at one time.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    drafts: usize,
    links: usize,
    graces: usize,
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
            present: kind_names.clone(),
            kind_names,
            drafts: Vec::new(),
            secrets: Vec::new(),
            links: Vec::new(),
            graces: Vec::new(),
            refused: Vec::new(),
            unscheduled: Vec::new(),
            kinds,
            facts: BTreeMap::new(),
            schemas: BTreeMap::new(),
        }
    }

    /// What is known about a kind. Asked once for each: its schema is made anew each time. Of one that is gone, what was
    /// known before counts.
    pub(crate) fn kind(&mut self, name: &str) -> Option<Rc<Known>> {
        if let Some(known) = self.facts.get(name) {
            return known.clone();
        }
        let is_there = self.present.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        let facts = if is_there { self.kinds.kind(name) } else { self.kinds.before(name) };
        if !is_there && facts.is_some() {
            let reason = self.kinds.why_not(name).unwrap_or_else(|| "it is gone".to_owned());
            self.refused.push(Refused { kind: name.to_owned(), reason, kept: true });
        }
        let known = facts.map(|facts| Rc::new(Known::new(facts)));
        self.facts.insert(name.to_owned(), known.clone());
        known
    }

    /// What was known before about a kind that is there, in a version that has not been given up yet.
    pub(crate) fn before(&self, name: &str) -> Option<Rc<Known>> {
        let stepped_back = self.refused.iter().any(|refused| refused.kind == name);
        let before = if stepped_back { None } else { self.kinds.before(name) };
        before.map(|facts| Rc::new(Known::new(facts)))
    }

    /// Takes something else for what is known about a kind. Returns what counted up to now.
    pub(crate) fn replace(&mut self, name: &str, known: Option<Rc<Known>>) -> Option<Rc<Known>> {
        self.facts.insert(name.to_owned(), known).flatten()
    }

    /// From now on the version before counts for this kind, or none.
    pub(crate) fn step_back(&mut self, name: &str, reason: &str) {
        let before = self.before(name);
        let kept = before.is_some();
        self.replace(name, before);
        match self.refused.iter_mut().find(|refused| refused.kind == name) {
            // The version before does not fit either: what is wrong with the one of now is what matters.
            Some(refused) => refused.kept = kept,
            None => {
                self.refused.push(Refused { kind: name.to_owned(), reason: reason.to_owned(), kept });
            }
        }
    }

    /// Why a kind cannot be used, where more can be said than that there is none.
    pub(crate) fn why_not(&self, name: &str) -> Option<String> {
        let refused = self.refused.iter().find(|refused| refused.kind == name);
        refused.map(|refused| refused.reason.clone()).or_else(|| self.kinds.why_not(name))
    }

    /// How far it is.
    pub(crate) fn mark(&self) -> Mark {
        Mark { drafts: self.drafts.len(), links: self.links.len(), graces: self.graces.len() }
    }

    /// Whether something was found wrong since then.
    pub(crate) fn is_wrong_since(&self, mark: Mark) -> bool {
        self.drafts.len() > mark.drafts
    }

    /// Takes out what was found wrong since then; the tasks stay.
    pub(crate) fn drafts_since(&mut self, mark: Mark) -> Vec<Draft> {
        self.drafts.split_off(mark.drafts)
    }

    /// Forgets the tasks read since then. Returns what was found wrong in them.
    pub(crate) fn rewind(&mut self, mark: Mark) -> Vec<Draft> {
        self.links.truncate(mark.links);
        self.graces.truncate(mark.graces);
        self.drafts.split_off(mark.drafts)
    }

    /// The keys of a table.
    pub(crate) fn keys_of<T: JsonSchema + 'static>(&mut self) -> Vec<String> {
        let schema = self.schema_of::<T>();
        let keys = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        keys.map(|(key, _)| key.clone()).collect()
    }

    fn schema_of<T: JsonSchema + 'static>(&mut self) -> Rc<Value> {
        self.schemas.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(schema_of::<T>())).clone()
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
        T: DeserializeOwned + Default + JsonSchema + 'static,
    {
        self.resolve(table);
        let schema = self.schema_of::<T>();
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

    /// Checks a key of a table as it is written. Of references only the form counts: whoever needs what they stand for
    /// resolves them.
    pub(crate) fn check_as_written<T: JsonSchema + 'static>(&mut self, key: &str, entry: &Entry) {
        let before = self.drafts.len();
        let drafts = &mut self.drafts;
        entry.node.clone().each_text(&mut |text, spot| {
            if let Err(what) = references::check_form(&text.written) {
                drafts.push(Draft::new(spot.path, Some(spot.span), what));
            }
        });
        if self.drafts.len() > before {
            return;
        }
        let schema = self.schema_of::<T>();
        let mut checker = Checker::new(&schema, &self.kind_names);
        checker.entry(key, entry, &schema);
        self.drafts.append(&mut checker.drafts);
        self.secrets.append(&mut checker.secrets);
    }

    /// Resolves the references in a table. What cannot be resolved is reported and left out.
    pub(crate) fn resolve(&mut self, table: &mut Table) {
        let env = self.env;
        table.retain(|_, entry| {
            let before = self.drafts.len();
            references::resolve_node(&mut entry.node, env, &mut self.drafts);
            self.drafts.len() == before
        });
    }
}

impl Known {
    fn new(facts: KindFacts) -> Self {
        let header = facts.header.as_ref().map(Header::read);
        Self { facts, header }
    }
}

fn refused(section: Section, key: &str, entry: &Entry) -> Option<Draft> {
    let what = unsupported::key(section, key)?;
    Some(Draft::new(&entry.node.path, Some(&entry.key), what))
}
