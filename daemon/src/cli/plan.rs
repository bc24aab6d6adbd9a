//! The tasks there are: those the configuration names and those the store knows, put together. It changes neither.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use roundsman_model::{Pause, TaskDefinition, TaskName, Timestamp};
use roundsman_store::{TaskRow, Wake};
use serde::Serialize;

use super::{
    failure::{Answer, Failure},
    session::Session,
    suggest,
};

/// How the configuration and the store see a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Both agree.
    InForce,
    /// The configuration has changed since a daemon last read it.
    Changed,
    /// No daemon has read it yet.
    New,
    /// A daemon read it once; the configuration no longer names it.
    Dropped,
    /// It left the configuration, and a daemon noticed.
    Removed,
}

/// A task as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KnownTask {
    /// The definition by which slots fire: that in force, or the configured one where none is yet.
    pub(crate) definition: TaskDefinition,
    /// What the store knows.
    pub(crate) row: Option<TaskRow>,
    /// How both see it.
    pub(crate) standing: Standing,
}

impl KnownTask {
    /// The task's name.
    pub(crate) fn name(&self) -> &TaskName {
        &self.definition.name
    }

    /// The pause it is in.
    pub(crate) fn pause(&self, now: Timestamp) -> Option<&Pause> {
        self.row.as_ref()?.pauses.iter().rev().find(|pause| pause.covers(now))
    }

    /// The extra run that an earlier one asked for.
    pub(crate) fn wake(&self) -> Option<Wake> {
        self.row.as_ref().filter(|_| self.standing != Standing::Removed)?.wake
    }

    /// The next slot after an instant, if the task has any.
    pub(crate) fn next_slot(&self, after: Timestamp) -> Option<Timestamp> {
        (self.standing != Standing::Removed).then(|| self.definition.next_slot(after)).flatten()
    }

    /// The schedule in plain English.
    pub(crate) fn reading(&self) -> String {
        match &self.definition.schedule {
            _ if self.standing == Standing::Removed => "removed from the configuration".to_owned(),
            _ if !self.definition.enabled => "switched off".to_owned(),
            Some(schedule) => schedule.describe(),
            None if !self.definition.after.is_empty() => after_words(&self.definition),
            None => "on request only".to_owned(),
        }
    }
}

/// `after metabase-daily (succeeded or partial)`.
pub(crate) fn after_words(definition: &TaskDefinition) -> String {
    let upstream = |upstream: &roundsman_model::Upstream| {
        let states: Vec<&str> = upstream.on.iter().map(|state| super::look::state_words(*state)).collect();
        format!("{} ({})", upstream.task, suggest::listed(&states, "or"))
    };
    let upstreams: Vec<String> = definition.after.iter().map(upstream).collect();
    format!("after {}", suggest::listed(&upstreams, "and"))
}

/// The tasks of a session, by name. Without a store, what the configuration says is all there is.
pub(crate) async fn known(session: &Session) -> Answer<Vec<KnownTask>> {
    let rows = match session.store_if_any().await {
        Some(store) => store.tasks().await?,
        None => Vec::new(),
    };
    if session.mistakes().is_none() {
        return Ok(merge(session.configured(), rows));
    }
    let in_force = rows.iter().filter(|row| row.removed_at.is_none() && row.first_seen.is_some());
    let in_force: Vec<TaskDefinition> = in_force.map(|row| row.definition.clone()).collect();
    Ok(merge(&in_force, rows))
}

/// One task of a session, or the names that come near.
pub(crate) async fn one(session: &Session, name: &str) -> Answer<KnownTask> {
    pick(known(session).await?, name)
}

/// The task of this name, or a failure that names what comes near.
pub(crate) fn pick(tasks: Vec<KnownTask>, name: &str) -> Answer<KnownTask> {
    let known: Vec<String> = tasks.iter().map(|task| task.name().to_string()).collect();
    let found = tasks.into_iter().find(|task| task.name().as_str() == name);
    found.ok_or_else(|| Failure::Usage(suggest::unknown_task(name, known.iter().map(String::as_str))))
}

/// Puts both sides together, by name.
pub(crate) fn merge(configured: &[TaskDefinition], rows: Vec<TaskRow>) -> Vec<KnownTask> {
    let mut rows: BTreeMap<TaskName, TaskRow> =
        rows.into_iter().map(|row| (row.definition.name.clone(), row)).collect();
    let mut tasks: Vec<KnownTask> =
        configured.iter().map(|task| side_by_side(task, rows.remove(&task.name))).collect();
    tasks.extend(rows.into_values().map(|row| KnownTask {
        definition: row.definition.clone(),
        standing: if row.removed_at.is_some() { Standing::Removed } else { Standing::Dropped },
        row: Some(row),
    }));
    tasks.sort_by(|a, b| a.name().cmp(b.name()));
    tasks
}

fn side_by_side(configured: &TaskDefinition, row: Option<TaskRow>) -> KnownTask {
    let in_force = row.as_ref().filter(|row| row.removed_at.is_none() && row.first_seen.is_some());
    let (definition, standing) = match in_force {
        None => (configured.clone(), Standing::New),
        Some(row) if row.hash == configured.hash() => (configured.clone(), Standing::InForce),
        Some(row) => (row.definition.clone(), Standing::Changed),
    };
    KnownTask { definition, row, standing }
}

/// What the next start of a daemon will change, in a sentence.
pub(crate) fn note(tasks: &[KnownTask]) -> Option<String> {
    let of = |standing: Standing| -> Vec<&str> {
        tasks.iter().filter(|task| task.standing == standing).map(|task| task.name().as_str()).collect()
    };
    let part = |names: Vec<&str>, what: &str| {
        (!names.is_empty()).then(|| format!("{what}: {}", suggest::listed(&shortened(names), "and")))
    };
    let parts: Vec<String> = [
        part(of(Standing::New), "new"),
        part(of(Standing::Changed), "changed"),
        part(of(Standing::Dropped), "dropped"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let known_to_a_daemon = tasks.iter().any(|task| task.row.is_some());
    (known_to_a_daemon && !parts.is_empty()).then(|| {
        format!(
            "the configuration differs from what is in force; `roundsman reload` puts it in force ({})",
            parts.join("; ")
        )
    })
}

fn shortened(names: Vec<&str>) -> Vec<String> {
    const NAMED: usize = 5;
    let more = names.len().saturating_sub(NAMED);
    let mut short: Vec<String> = names.into_iter().take(NAMED).map(str::to_owned).collect();
    if more > 0 {
        short.push(format!("{more} more"));
    }
    short
}
