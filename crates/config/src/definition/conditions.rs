//! On what a task's runs depend beside their schedule: what they follow, share and avoid. It knows no other task.

use std::str::FromStr;

use roundsman_model::{AfterBlackout, Blackout, HumanDuration, PoolName, RunState, TaskDefinition, Upstream};
use serde_json::{Value, json};

use super::{Made, Surroundings};
use crate::{
    blackout,
    chain::{Followed, Link},
    check::toml_text,
    draft::Draft,
    nearest::nearest,
    node::{Node, Written},
    pass::Grace,
    tables::TaskTable,
};

impl Made<'_, '_> {
    /// The tasks it follows. Whether there are such tasks is seen when all are known.
    pub(super) fn after(&mut self, wanted: &TaskTable) -> Vec<Upstream> {
        let Some(after) = &wanted.after else { return Vec::new() };
        let upstreams: Vec<(&str, Vec<RunState>)> = after.upstreams();
        let shown: Vec<Value> = upstreams
            .iter()
            .map(|(task, on)| {
                let on: Vec<&str> = on.iter().map(|state| state.as_str()).collect();
                json!({ "task": task, "on": on })
            })
            .collect();
        self.row("after", toml_text(&Value::Array(shown)), &self.origin("after"));
        let upstream = |(task, on): (&str, Vec<RunState>)| Some(Upstream { task: task.parse().ok()?, on });
        upstreams.into_iter().filter_map(upstream).collect()
    }

    /// The latest start, where it is not that of every task.
    pub(super) fn start_within(&mut self, wanted: &TaskTable) -> Option<HumanDuration> {
        let otherwise = wanted.window.unwrap_or(super::WINDOW);
        self.value("start_within", wanted.start_within, otherwise);
        wanted.start_within
    }

    /// The pool its runs take a place in.
    pub(super) fn pool(&mut self, wanted: &TaskTable, around: &Surroundings<'_>) -> Option<PoolName> {
        let name = wanted.pool.as_deref()?;
        self.optional("pool", Some(name));
        if !around.pools.contains_key(name) && !around.incomplete {
            let node = self.entry("pool").map(|entry| &entry.node);
            let what = format!("there is no pool {name:?}: [pools.{name}] with its `size` is missing");
            let near = nearest(name, around.pools.keys().map(String::as_str));
            self.pass.drafts.push(at_node(node, what).nearest(near));
        }
        name.parse().ok()
    }

    /// A list of names whose shape was checked with the table.
    pub(super) fn names<N: FromStr>(&mut self, key: &str, written: Option<&Vec<String>>) -> Vec<N> {
        self.optional(key, written.map(|names| names.join(", ")));
        written.into_iter().flatten().filter_map(|name| name.parse().ok()).collect()
    }

    /// The daemon's blackouts and its own.
    pub(super) fn blackouts(&mut self, wanted: &TaskTable, around: &Surroundings<'_>) -> Vec<Blackout> {
        let tables = wanted.blackout.as_deref().unwrap_or_default();
        let own = blackout::blackouts(self.pass, self.table.get("blackout"), tables, None);
        let origin = self.origin("blackout");
        for (index, one) in own.iter().enumerate() {
            self.row(&format!("blackout[{index}]"), blackout::shown(one), &origin);
        }
        around.blackouts.iter().cloned().chain(own).collect()
    }

    /// A schedule whose slots are all skipped is a mistake.
    pub(super) fn check_blackouts(&mut self, wanted: &TaskTable, definition: &TaskDefinition) {
        let Some(schedule) = &definition.schedule else { return };
        let skipped = definition.after_blackout == AfterBlackout::Skip;
        if !skipped || !blackout::cover_all(&definition.blackouts, schedule, definition.timezone) {
            return;
        }
        let written = [("every", wanted.every.is_some()), ("at", wanted.at.is_some())];
        let key = written.into_iter().find_map(|(key, written)| written.then_some(key)).unwrap_or("schedule");
        let (key, whose) = match wanted.blackout {
            Some(_) => ("blackout", ""),
            None => (key, " of the daemon"),
        };
        let what =
            format!("every slot of the task (`{schedule}`) lies in a blackout{whose}: it would never run");
        let expected = "other windows, another schedule, or `after_blackout = \"once\"`";
        self.problem(key, &what, Some(expected));
    }

    /// Notes what is checked when all tasks are known.
    pub(super) fn note(&mut self, definition: &TaskDefinition) {
        let entry = self.entry("after");
        let readable = !definition.after.is_empty();
        let when = ["schedule", "every", "at", "after"].into_iter().find_map(|key| self.entry(key));
        let of_kind = when.is_some_and(|entry| self.is_in_header(entry)).then(|| self.kind.clone());
        let link = Link {
            task: definition.name.to_string(),
            key: entry.map(|entry| entry.key.clone()),
            after: entry.filter(|_| readable).map(|entry| followed(&entry.node)).unwrap_or_default(),
            schedule: definition.schedule.clone(),
            timezone: definition.timezone,
            of_kind,
        };
        let written = self.entry("grace").map(|entry| entry.node.span.clone());
        self.pass.links.push(link);
        let grace = Grace { task: definition.name.to_string(), length: definition.grace, written };
        self.pass.graces.push(grace);
    }
}

/// The tasks that the value of `after` names, and where. It fits its schema.
fn followed(node: &Node) -> Vec<Followed> {
    match &node.value {
        Written::List(nodes) => nodes.iter().flat_map(followed).collect(),
        Written::Table(_) => followed(node.follow("task")),
        Written::Text(text) => {
            vec![Followed { task: text.value.clone(), path: node.path.clone(), span: node.span.clone() }]
        }
        _ => Vec::new(),
    }
}

fn at_node(node: Option<&Node>, what: String) -> Draft {
    Draft::new(node.map_or("", |node| &node.path), node.map(|node| &node.span), what)
}
