//! Holds a tree against a JSON Schema and reports everything that does not fit. It understands what schemars writes;
//! for other schema words the kind's own check has the last say.

mod expectation;
mod format;
mod secrecy;

use serde_json::{Map, Value};

use crate::{
    draft::Draft,
    nearest::nearest,
    node::{Entry, Node, Reading, Table, Text, Written, join},
    shape,
    source::Span,
};

pub(crate) use expectation::{enumeration, expectation, shorten, toml_text, types};
pub(crate) use secrecy::{hide_what_sounds_secret, is_secret};

use expectation::{found, quoted, sort};

/// One pass over one table.
pub(crate) struct Checker<'a> {
    /// What `$ref` points into.
    root: &'a Value,
    /// The names of all kinds, for the format `kind`.
    kinds: &'a [String],
    pub(crate) drafts: Vec<Draft>,
    /// Where secrets are written in the open.
    pub(crate) secrets: Vec<Span>,
}

impl<'a> Checker<'a> {
    /// A pass against this schema.
    pub(crate) fn new(root: &'a Value, kinds: &'a [String]) -> Self {
        Self { root, kinds, drafts: Vec::new(), secrets: Vec::new() }
    }

    /// Checks one value.
    pub(crate) fn value(&mut self, node: &Node, schema: &'a Value) {
        let Some(map) = self.follow(schema).as_object() else { return };
        if is_secret(map) {
            return self.secret(node);
        }
        if let Some(words) = enumeration(map) {
            return self.one_of_words(node, &words);
        }
        for branches in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = map.get(branches) {
                self.branches(node, schema, branches);
            }
        }
        if let Some(Value::Array(parts)) = map.get("allOf") {
            for part in parts {
                self.value(node, part);
            }
        }
        if !fits(node, &types(map)) {
            return self.mismatch(node, schema);
        }
        match &node.value {
            Written::Text(text) => self.text(node, text, map),
            Written::Integer(number) => self.number(node, *number as f64, map),
            Written::Float(number) => self.number(node, *number, map),
            Written::List(nodes) => self.list(node, nodes, map),
            Written::Table(table) => self.table(table, &node.path, &node.span, schema),
            Written::Boolean(_) => {}
        }
    }

    /// Checks the keys of a table. `span` is where a missing key is reported.
    fn table(&mut self, table: &Table, path: &str, span: &Span, schema: &'a Value) {
        for (key, entry) in table {
            self.entry(key, entry, schema);
        }
        self.missing(table, path, span, schema);
    }

    /// Checks one key of a table and its value; says whether both are good.
    pub(crate) fn entry(&mut self, key: &str, entry: &Entry, schema: &'a Value) -> bool {
        let Some(map) = self.follow(schema).as_object() else { return true };
        let before = self.drafts.len();
        match self.property(map, key) {
            Property::Known(schema) => self.value(&entry.node, schema),
            Property::Elsewhere => {}
            Property::Unknown => self.unknown_key(key, &entry.key, &entry.node, schema),
        }
        self.drafts.len() == before
    }

    /// Reports the keys that a table must have and has not.
    pub(crate) fn missing(&mut self, table: &Table, path: &str, span: &Span, schema: &'a Value) {
        let Some(map) = self.follow(schema).as_object() else { return };
        let required =
            map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for key in required.filter(|key| !table.contains_key(*key)) {
            let meaning = match self.property(map, key) {
                Property::Known(schema) => expectation(self.follow(schema)),
                _ => "a value".into(),
            };
            let what = format!("the key `{key}` is missing");
            self.drafts
                .push(Draft::new(path, Some(span), what).expected(format!("`{key} = …` with {meaning}")));
        }
    }

    /// The schema itself, or what it refers to.
    pub(crate) fn follow(&self, schema: &'a Value) -> &'a Value {
        shape::follow(self.root, schema)
    }

    fn property(&self, map: &'a Map<String, Value>, key: &str) -> Property<'a> {
        if let Some(schema) = map.get("properties").and_then(|known| known.get(key)) {
            return Property::Known(schema);
        }
        let in_part = |name: &str| {
            let parts = map.get(name).and_then(Value::as_array);
            parts.is_some_and(|parts| parts.iter().any(|part| self.known_keys(part, 0).contains(&key)))
        };
        if ["allOf", "anyOf", "oneOf"].into_iter().any(in_part) {
            return Property::Elsewhere;
        }
        match (map.get("additionalProperties"), map.get("unevaluatedProperties")) {
            (Some(Value::Bool(false)), _) | (None, Some(Value::Bool(false))) => Property::Unknown,
            (Some(schema @ Value::Object(_)), _) => Property::Known(schema),
            _ => Property::Elsewhere,
        }
    }

    fn known_keys(&self, schema: &'a Value, depth: u8) -> Vec<&'a str> {
        let Some(map) = self.follow(schema).as_object().filter(|_| depth < 8) else { return Vec::new() };
        let own = map
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str());
        let parts =
            ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| map.get(name)?.as_array()).flatten();
        own.chain(parts.flat_map(|part| self.known_keys(part, depth + 1))).collect()
    }

    fn unknown_key(&mut self, key: &str, span: &Span, node: &Node, schema: &'a Value) {
        let known = self.known_keys(schema, 0);
        let near = nearest(key, known.iter().copied());
        self.hide_unknown(key, near.as_deref(), node, schema);
        let parent = node.path.strip_suffix(&join("", key)).unwrap_or(&node.path).trim_end_matches('.');
        let mut draft = Draft::new(parent, Some(span), format!("unknown key `{key}`"));
        if near.is_none() && !known.is_empty() && known.len() <= 16 {
            draft = draft.expected(expectation::either(
                &known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>(),
            ));
        }
        self.drafts.push(draft.nearest(near));
    }

    fn mismatch(&mut self, node: &Node, schema: &'a Value) {
        let found = if self.hide_mismatch(node, schema) { sort(node) } else { found(node) };
        let expected = expectation(self.follow(schema));
        self.drafts
            .push(Draft::new(&node.path, Some(&node.span), format!("found {found}")).expected(expected));
    }

    fn one_of_words(&mut self, node: &Node, words: &[Value]) {
        if words.contains(&node.json(Reading::Resolved)) {
            return;
        }
        let shown: Vec<String> = words.iter().map(quoted).collect();
        let near = match &node.value {
            Written::Text(text) if !text.referring => {
                nearest(&text.value, words.iter().filter_map(Value::as_str))
            }
            _ => None,
        };
        let draft = Draft::new(&node.path, Some(&node.span), format!("found {}", found(node)));
        self.drafts.push(draft.expected(expectation::either(&shown)).nearest(near));
    }

    fn branches(&mut self, node: &Node, schema: &'a Value, branches: &'a [Value]) {
        // A table that fits none of the shapes may hold the secret of any.
        self.hide_secrets_of(node, branches);
        let of_type =
            |branch: &&'a Value| self.follow(branch).as_object().is_some_and(|map| fits(node, &types(map)));
        let candidates: Vec<&Value> = branches.iter().filter(of_type).collect();
        if candidates.is_empty() {
            return self.mismatch(node, schema);
        }
        let tagged: Vec<&Value> =
            candidates.iter().copied().filter(|branch| self.wrong_tag(node, branch).is_none()).collect();
        if tagged.is_empty() {
            let tags: Vec<_> = candidates.iter().filter_map(|branch| self.wrong_tag(node, branch)).collect();
            let words: Vec<Value> = tags.iter().map(|(_, word)| (*word).clone()).collect();
            return self.one_of_words(tags[0].0, &words);
        }
        if tagged
            .iter()
            .all(|branch| self.follow(branch).as_object().is_some_and(|map| enumeration(map).is_some()))
        {
            return self.one_of_words_or_else(node, schema, &tagged);
        }
        let before = std::mem::take(&mut self.drafts);
        let mut best: Option<Vec<Draft>> = None;
        for branch in tagged {
            self.value(node, branch);
            let tried = std::mem::take(&mut self.drafts);
            if best.as_ref().is_none_or(|best| tried.len() < best.len()) {
                best = Some(tried);
            }
        }
        self.drafts = before;
        self.drafts.extend(best.unwrap_or_default());
    }

    /// Words, where something other than a word would be possible too.
    fn one_of_words_or_else(&mut self, node: &Node, schema: &'a Value, branches: &[&'a Value]) {
        let words =
            branches.iter().filter_map(|branch| enumeration(self.follow(branch).as_object()?)).flatten();
        if !words.into_iter().any(|word| word == node.json(Reading::Resolved)) {
            self.mismatch(node, schema);
        }
    }

    /// The key of a table that must hold a certain word for this branch, and holds another; and the word.
    fn wrong_tag<'n>(&self, node: &'n Node, branch: &'a Value) -> Option<(&'n Node, &'a Value)> {
        let properties = self.follow(branch).get("properties")?.as_object()?;
        properties.iter().find_map(|(key, property)| {
            let word = self.follow(property).get("const")?;
            let tag = &node.table()?.get(key)?.node;
            (tag.json(Reading::Resolved) != *word).then_some((tag, word))
        })
    }

    fn text(&mut self, node: &Node, text: &Text, map: &'a Map<String, Value>) {
        self.length(node, text, map);
        let Some(name) = map.get("format").and_then(Value::as_str) else { return };
        let bound = |word: &str| map.get(word).and_then(Value::as_str);
        let bounds = format::Bounds { least: bound("x-min"), most: bound("x-max") };
        let Some(problem) = format::check(name, &text.value, bounds, self.kinds) else { return };
        // An address that cannot be taken apart may hold a password anywhere.
        if name == "store-url" && !text.value.starts_with("sqlite:") {
            self.secrets.push(node.span.clone());
        }
        if let Some(whose) = node.stands_for() {
            // The message may quote the value, which only the environment may know.
            let what = format!("what {whose} stands for does not fit");
            self.report(
                node,
                format::FormatProblem::new(what).expected(expectation(&Value::Object(map.clone()))),
            );
        } else {
            self.report(node, problem);
        }
    }

    fn length(&mut self, node: &Node, text: &Text, map: &Map<String, Value>) {
        let limit = |word: &str| map.get(word).and_then(Value::as_u64);
        let length = text.value.chars().count() as u64;
        let (adjective, expected) = match (limit("minLength"), limit("maxLength")) {
            (Some(least), _) if length < least => ("short", format!("at least {least} characters")),
            (_, Some(most)) if length > most => ("long", format!("at most {most} characters")),
            _ => return,
        };
        let what = format!("{} is too {adjective}", found(node));
        self.report(node, format::FormatProblem::new(what).expected(expected));
    }

    fn report(&mut self, node: &Node, problem: format::FormatProblem) {
        let mut draft = Draft::new(&node.path, Some(&node.span), problem.what);
        draft.expected = problem.expected;
        self.drafts.push(draft.nearest(problem.nearest));
    }

    fn number(&mut self, node: &Node, number: f64, map: &Map<String, Value>) {
        let limit = |word: &str| map.get(word).and_then(Value::as_f64);
        let below = limit("minimum").is_some_and(|least| number < least);
        let above = limit("maximum").is_some_and(|most| number > most);
        let outside = limit("exclusiveMinimum").is_some_and(|bound| number <= bound)
            || limit("exclusiveMaximum").is_some_and(|bound| number >= bound);
        if below || above || outside {
            let expected = expectation(&Value::Object(map.clone()));
            self.drafts.push(
                Draft::new(&node.path, Some(&node.span), format!("found {}", found(node))).expected(expected),
            );
        }
    }

    fn list(&mut self, node: &Node, nodes: &[Node], map: &'a Map<String, Value>) {
        let first = map.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, node) in nodes.iter().enumerate() {
            if let Some(schema) = first.get(index).or_else(|| map.get("items")) {
                self.value(node, schema);
            }
        }
        if map.get("uniqueItems") == Some(&Value::Bool(true)) {
            self.unique(nodes);
        }
        let limit = |word: &str| map.get(word).and_then(Value::as_u64);
        let length = nodes.len() as u64;
        let expected = match (limit("minItems"), limit("maxItems")) {
            (Some(least), _) if length < least => format!("at least {least}"),
            (_, Some(most)) if length > most => format!("at most {most}"),
            _ => return,
        };
        let what = match node.stands_for() {
            Some(whose) => format!("what {whose} stands for is a list of {length}"),
            None => format!("found a list of {length}"),
        };
        self.drafts.push(Draft::new(&node.path, Some(&node.span), what).expected(expected));
    }

    fn unique(&mut self, nodes: &[Node]) {
        for (at, node) in nodes.iter().enumerate() {
            let value = node.json(Reading::Resolved);
            if nodes[..at].iter().any(|earlier| earlier.json(Reading::Resolved) == value) {
                self.drafts.push(Draft::new(
                    &node.path,
                    Some(&node.span),
                    format!("{} is listed twice", found(node)),
                ));
            }
        }
    }
}

/// What a table's schema says about a key.
enum Property<'a> {
    Known(&'a Value),
    /// Another part of the schema knows it, or anything is allowed.
    Elsewhere,
    Unknown,
}

fn fits(node: &Node, types: &[&str]) -> bool {
    let fitting: &[&str] = match &node.value {
        Written::Text(_) => &["string"],
        Written::Integer(_) => &["integer", "number"],
        Written::Float(_) => &["number"],
        Written::Boolean(_) => &["boolean"],
        Written::List(_) => &["array"],
        Written::Table(_) => &["object"],
    };
    types.is_empty() || types.iter().any(|name| fitting.contains(name))
}
