//! From a `[tasks.NAME]` table to a definition: what is written, what the kind says, and the defaults. It decides over
//! no slot.

mod conditions;
mod confinement;
mod own;

pub(crate) use own::{built_in, of_header};

use std::fmt::Display;

use chrono_tz::Tz;
use roundsman_model::{Blackout, HumanDuration, KindName, Overlap, Schedule, TaskDefinition, TaskName};
use serde::Serialize;
use serde_json::Value;

use crate::{
    draft::Draft,
    header::Header,
    kinds::KindFacts,
    node::{Entry, Reading, Table, Written, join, table_json},
    origin::{Origin, Row, Setting},
    pass::{Known, Pass},
    retry,
    tables::{OverlapKey, TaskTable},
    unsupported::Section,
    with,
};

/// The time between the polite and the final signal where the task says nothing.
const GRACE: HumanDuration = HumanDuration::from_secs(10);
/// How old a slot may be and still be caught up where the task says nothing.
const WINDOW: HumanDuration = HumanDuration::from_secs(24 * 3600);

/// What the tasks of one configuration have in common.
pub(crate) struct Surroundings<'a> {
    pub(crate) timezone: &'a Setting<Tz>,
    /// The daemon's own, for all tasks.
    pub(crate) blackouts: &'a [Blackout],
    pub(crate) shared: &'a Table,
    pub(crate) pools: &'a Table,
    /// Whether a file could not be read, so that a shared table or pool may be missing for that reason only.
    pub(crate) incomplete: bool,
    /// The longest `grace` for which a node can hold a run.
    pub(crate) longest_grace: HumanDuration,
}

/// A definition while it is made: the task as written, and the rows and problems that come of it.
pub(crate) struct Made<'p, 'a> {
    pub(crate) pass: &'p mut Pass<'a>,
    /// `tasks.NAME`.
    path: String,
    kind: String,
    /// As written, the header of its kind below; nothing for built-in tasks.
    table: Table,
    /// What the file of its kind says.
    header: Option<&'p Header>,
    /// Whether the configuration has no such task: it is the kind's own.
    own: bool,
    rows: Vec<Row>,
}

/// Makes the definition of a task as written. With anything wrong in it there is none.
pub(crate) fn written(
    pass: &mut Pass<'_>,
    name: &str,
    entry: &Entry,
    around: &Surroundings<'_>,
) -> Option<(TaskDefinition, Vec<Row>)> {
    let before = pass.drafts.len();
    let path = entry.node.path.clone();
    let task_name = name.parse::<TaskName>();
    if let Err(error) = &task_name {
        pass.drafts.push(Draft::new(&path, Some(&entry.key), error.to_string()));
    }
    let Some(table) = entry.node.table() else {
        let draft = Draft::new(&path, Some(&entry.node.span), "this is not a table");
        pass.drafts.push(draft.expected(format!("a table, `[{path}]` with `uses = …`")));
        return None;
    };
    let mut table = table.clone();
    let checked = pass.drafts.len();
    let own = take_with(pass, &mut table);
    let with_is_table = pass.drafts.len() == checked;
    pass.resolve(&mut table);
    let known = used(pass, &table)?;
    if let Some(header) = known.as_ref().and_then(|known| known.header.as_ref()) {
        header.lay_below(&mut table);
    }
    let wanted: TaskTable = pass.section(Section::Task, &mut table, &path, Some(&entry.key));
    let mut merged = with::merged(pass, own, table.get("share"), around.shared, around.incomplete);
    let kind = wanted.uses.clone()?;
    let Known { facts, header } = &*known?;
    if with_is_table {
        with::fill(pass, &mut merged, facts, &join(&path, "with"), &entry.key);
        with::check(pass, &merged, facts, &join(&path, "with"), &entry.key);
    }
    let with_rows = with::rows(&merged, facts, &kind, &join(&path, "with"));
    let with = Value::Object(table_json(&merged, Reading::Written));
    let header = header.as_ref();
    let mut made = Made { pass, path, kind, table, header, own: false, rows: Vec::new() };
    let definition = made.definition(&task_name.ok()?, &wanted, facts, with, around);
    let mut rows = made.rows;
    rows.extend(with_rows);
    (pass.drafts.len() == before).then(|| definition.map(|definition| (definition, rows)))?
}

/// What is known about the kind that a task names; `None` within if that is said elsewhere, `None` if the kind cannot be
/// used and that was said here.
#[expect(clippy::option_option, reason = "nothing to say and nothing to go on with are two things")]
fn used(pass: &mut Pass<'_>, table: &Table) -> Option<Option<std::rc::Rc<Known>>> {
    let Some(entry) = table.get("uses") else { return Some(None) };
    let Written::Text(text) = &entry.node.value else { return Some(None) };
    if let Some(known) = pass.kind(&text.value) {
        // One that is gone is known to nobody else any more.
        if let Err(at) = pass.kind_names.binary_search(&text.value) {
            pass.kind_names.insert(at, text.value.clone());
        }
        return Some(Some(known));
    }
    let Some(reason) = pass.why_not(&text.value) else { return Some(None) };
    let what = format!("the kind {:?} cannot be used: {reason}", text.value);
    pass.drafts.push(Draft::new(&entry.node.path, Some(&entry.node.span), what));
    None
}

/// Takes `with` out of a task's table: its references stay as written.
fn take_with(pass: &mut Pass<'_>, table: &mut Table) -> Option<Entry> {
    let entry = table.remove("with")?;
    if entry.node.table().is_none() {
        let draft = Draft::new(&entry.node.path, Some(&entry.node.span), "this is not a table");
        pass.drafts.push(draft.expected("a table with the kind's own keys"));
        return None;
    }
    Some(entry)
}

impl Made<'_, '_> {
    fn definition(
        &mut self,
        name: &TaskName,
        wanted: &TaskTable,
        facts: &KindFacts,
        with: Value,
        around: &Surroundings<'_>,
    ) -> Option<TaskDefinition> {
        let kind = self.kind.clone();
        self.optional("uses", Some(&kind));
        self.optional("about", wanted.about.as_ref());
        // The sentence about the file is one about the task that it stands for.
        let about =
            wanted.about.clone().or_else(|| self.header.filter(|_| self.own).map(|_| facts.about.clone()));
        let of_kind = self.kind_origin();
        let own_zone = wanted.timezone.as_deref().and_then(|zone| zone.parse().ok());
        let definition = TaskDefinition {
            name: name.clone(),
            kind: kind.parse::<KindName>().ok()?,
            about,
            enabled: self.value("enabled", wanted.enabled, true),
            schedule: self.schedule(wanted),
            after: self.after(wanted),
            timezone: self.value_or("timezone", own_zone, around.timezone.value, &around.timezone.origin),
            jitter: self.value("jitter", wanted.jitter, HumanDuration::default()),
            timeout: self.value_or("timeout", wanted.timeout, facts.timeout.into(), &of_kind),
            grace: self.value("grace", wanted.grace, GRACE),
            retry: retry::policy(self, wanted.retry.as_ref(), facts.repeatable),
            overlap: self.overlap(wanted.overlap),
            misfire: self.word("misfire", wanted.misfire.unwrap_or_default()),
            window: self.value("window", wanted.window, WINDOW),
            start_within: self.start_within(wanted),
            pool: self.pool(wanted, around),
            leases: self.names("leases", wanted.leases.as_ref()),
            blackouts: self.blackouts(wanted, around),
            after_blackout: self.word("after_blackout", wanted.after_blackout.unwrap_or_default()),
            runs_on: self.names("runs_on", wanted.runs_on.as_ref()),
            history: self.word("history", wanted.history.unwrap_or_default()),
            run_at_first_start: self.value("run_at_first_start", wanted.run_at_first_start, false),
            fresh_within: wanted.fresh_within,
            env: wanted.env.clone().unwrap_or_default(),
            sandbox: self.sandbox(wanted.sandbox.as_ref()),
            user: wanted.user.clone(),
            credentials: self.credentials(wanted, facts),
            code: facts.code.clone(),
            with,
        };
        self.optional("fresh_within", wanted.fresh_within);
        self.optional("env", wanted.env.as_ref().map(|names| names.join(", ")));
        self.optional("user", wanted.user.as_ref());
        self.optional("share", wanted.share.as_ref().map(|names| names.join(", ")));
        self.check_jitter(&definition);
        self.check_blackouts(wanted, &definition);
        self.note(&definition);
        Some(definition)
    }

    fn schedule(&mut self, wanted: &TaskTable) -> Option<Schedule> {
        let written = [("schedule", &wanted.schedule), ("every", &wanted.every), ("at", &wanted.at)];
        let mut keys = written.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)));
        let Some((key, text)) = keys.next() else {
            if wanted.after.is_none() {
                self.row("schedule", "on request only", &Origin::Default);
            }
            return None;
        };
        if wanted.after.is_some() {
            let expected = "one of `schedule`, `every`, `at` and `after`";
            self.problem("after", &format!("the task has `{key}` already"), Some(expected));
        }
        if let Some((second, _)) = keys.next() {
            self.problem(
                second,
                &format!("the task has `{key}` already"),
                Some("one of `schedule`, `every` and `at`"),
            );
        }
        self.optional(key, Some(text));
        // Whether it can be read was checked with the table; a built-in one is the kind's own.
        let read = match key {
            "every" => Schedule::every(text),
            "at" => Schedule::at(text),
            _ => Schedule::cron(text),
        };
        read.map_err(|error| self.problem(key, &error.to_string(), None)).ok()
    }

    /// A node must be able to hold a run for as long as its processes may take to end.
    fn check_grace(&mut self, definition: &TaskDefinition, around: &Surroundings<'_>) {
        if definition.grace >= around.longest_grace {
            let what = format!("{} is too long: a node does not hold a run for so long", definition.grace);
            self.problem("grace", &what, Some(&format!("less than {}", around.longest_grace)));
        }
    }

    fn check_jitter(&mut self, definition: &TaskDefinition) {
        if let Some(Schedule::Every(every)) = &definition.schedule
            && definition.jitter.get() >= every.interval()
        {
            let expected = format!("less than {every}, the time between two slots");
            self.problem("jitter", "this would carry slots past the next ones", Some(&expected));
        }
    }

    fn overlap(&mut self, wanted: Option<OverlapKey>) -> Overlap {
        let (overlap, shown) = match wanted {
            None | Some(OverlapKey::Skip) => (Overlap::Skip, "skip".to_owned()),
            Some(OverlapKey::Queue) => (Overlap::Queue, "queue".to_owned()),
            Some(OverlapKey::Replace) => (Overlap::Replace, "replace".to_owned()),
            Some(OverlapKey::Allow(limit)) => (Overlap::Allow(limit.get()), format!("{{ allow = {limit} }}")),
        };
        self.row("overlap", shown, &self.origin("overlap"));
        overlap
    }

    /// One of certain words, and its row.
    fn word<T: Serialize>(&mut self, key: &str, word: T) -> T {
        let written = serde_json::to_value(&word).unwrap_or_default();
        self.row(key, written.as_str().unwrap_or_default(), &self.origin(key));
        word
    }

    /// A value with the default that all tasks share, and its row.
    pub(crate) fn value<T: Display>(&mut self, key: &str, written: Option<T>, default: T) -> T {
        self.value_or(key, written, default, &Origin::Default)
    }

    /// A value with a default from elsewhere, and its row.
    pub(crate) fn value_or<T: Display>(
        &mut self,
        key: &str,
        written: Option<T>,
        default: T,
        from: &Origin,
    ) -> T {
        let (value, origin) = match written {
            Some(value) => (value, self.origin(key)),
            None => (default, from.clone()),
        };
        self.row(key, &value, &origin);
        value
    }

    /// The row of a value that has no default.
    pub(crate) fn optional(&mut self, key: &str, written: Option<impl Display>) {
        if let Some(value) = written {
            self.row(key, value, &self.origin(key));
        }
    }

    /// A row of `config show`.
    pub(crate) fn row(&mut self, key: &str, value: impl Display, origin: &Origin) {
        self.rows.push(Row::new(format!("{}.{key}", self.path), value, origin));
    }

    /// Where a value of the kind comes from.
    pub(crate) fn kind_origin(&self) -> Origin {
        Origin::Kind(self.kind.clone())
    }

    /// Something wrong with a key.
    pub(crate) fn problem(&mut self, key: &str, what: &str, expected: Option<&str>) {
        let entry = self.entry(key);
        let path = match entry.filter(|entry| self.is_in_header(entry)) {
            Some(entry) => entry.node.path.clone(),
            None => format!("{}.{key}", self.path),
        };
        let span = entry.map(|entry| entry.key.clone());
        let mut draft = Draft::new(path, span.as_ref(), what);
        draft.expected = expected.map(str::to_owned);
        self.pass.drafts.push(draft);
    }

    fn origin(&self, key: &str) -> Origin {
        match self.entry(key) {
            Some(entry) => Origin::File(entry.key.place()),
            None if self.own && self.header.is_some() && key == "uses" => {
                self.header.map_or(Origin::Default, |header| Origin::Header(header.source.path.clone()))
            }
            None if self.table.is_empty() && ["uses", "schedule", "run_at_first_start"].contains(&key) => {
                Origin::BuiltIn
            }
            None => Origin::Default,
        }
    }

    /// Whether a key is written in the file of the kind.
    pub(crate) fn is_in_header(&self, entry: &Entry) -> bool {
        self.header.is_some_and(|header| header.has(entry))
    }

    /// The entry of a key such as `retry.backoff`.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match key.split_once('.') {
            Some((table, key)) => self.table.get(table)?.node.table()?.get(key),
            None => self.table.get(key),
        }
    }
}
