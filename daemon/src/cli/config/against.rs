//! `roundsman config check --against-running`: what would change if the configuration were put in force now. It compares
//! with the definitions in the store and changes none.

use std::{collections::BTreeMap, fmt::Write as _};

use roundsman_config::Loaded;
use roundsman_model::{TaskDefinition, Timestamp};
use roundsman_store::{OpenOptions, Role, Store, StoreError, TaskRow};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{
    failure::Answer,
    look::{Look, clean},
    plan, session, times,
};

/// So many slots are shown before and after.
const SHOWN: usize = 3;
/// The most characters of a value.
const VALUE_CHARS: usize = 80;

/// What would change.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Changes {
    added: Vec<Fresh>,
    removed: Vec<Gone>,
    changed: Vec<Changed>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Fresh {
    name: String,
    reading: String,
    next: Vec<Timestamp>,
    #[serde(skip)]
    zone: chrono_tz::Tz,
}

#[derive(Debug, PartialEq, Serialize)]
struct Gone {
    name: String,
    /// The slots it would have had.
    next: Vec<Timestamp>,
    #[serde(skip)]
    zone: chrono_tz::Tz,
}

#[derive(Debug, PartialEq, Serialize)]
struct Changed {
    name: String,
    keys: Vec<Difference>,
    /// Whether its slots are others from now on.
    rescheduled: bool,
    next_before: Vec<Timestamp>,
    next_after: Vec<Timestamp>,
    #[serde(skip)]
    zones: (chrono_tz::Tz, chrono_tz::Tz),
}

/// A key whose value is another.
#[derive(Debug, PartialEq, Serialize)]
struct Difference {
    key: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// Compares with what is in force in the store; nothing where there is no store yet.
pub(super) async fn changes(loaded: &Loaded, now: Timestamp) -> Answer<Option<Changes>> {
    let options = OpenOptions::for_role(Role::Reader);
    let store = match roundsman_store::open(&session::store_url(loaded), options).await {
        Ok(store) => store,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let rows = rows(store.as_ref()).await;
    store.close().await;
    Ok(Some(compare(&rows?, &loaded.tasks, now)))
}

async fn rows(store: &dyn Store) -> Answer<Vec<TaskRow>> {
    Ok(store.tasks().await?)
}

/// Compares definitions in force with configured ones.
fn compare(rows: &[TaskRow], configured: &[TaskDefinition], now: Timestamp) -> Changes {
    let in_force: BTreeMap<&str, &TaskDefinition> = rows
        .iter()
        .filter(|row| row.removed_at.is_none() && row.first_seen.is_some())
        .map(|row| (row.definition.name.as_str(), &row.definition))
        .collect();
    let mut changes = Changes::default();
    for task in configured {
        match in_force.get(task.name.as_str()) {
            None => changes.added.push(Fresh {
                name: task.name.to_string(),
                reading: reading(task),
                next: slots(task, now),
                zone: task.timezone,
            }),
            Some(before) if before.hash() != task.hash() => changes.changed.push(changed(before, task, now)),
            Some(_) => {}
        }
    }
    let is_gone = |name: &str| !configured.iter().any(|task| task.name.as_str() == name);
    changes.removed = in_force
        .values()
        .filter(|task| is_gone(task.name.as_str()))
        .map(|task| Gone { name: task.name.to_string(), next: slots(task, now), zone: task.timezone })
        .collect();
    changes
}

fn changed(before: &TaskDefinition, after: &TaskDefinition, now: Timestamp) -> Changed {
    let (next_before, next_after) = (slots(before, now), slots(after, now));
    Changed {
        name: after.name.to_string(),
        keys: keys(before, after),
        rescheduled: next_before != next_after,
        next_before,
        next_after,
        zones: (before.timezone, after.timezone),
    }
}

/// The keys that differ; tables are looked into, lists are not.
fn keys(before: &TaskDefinition, after: &TaskDefinition) -> Vec<Difference> {
    let flat = |task: &TaskDefinition| {
        let mut all = BTreeMap::new();
        flatten("", serde_json::to_value(task).unwrap_or_default(), &mut all);
        all
    };
    let (mut before, after) = (flat(before), flat(after));
    let mut keys: Vec<Difference> = Vec::new();
    for (key, value) in after {
        match before.remove(&key) {
            Some(old) if old == value => {}
            old => keys.push(Difference { key, before: old, after: Some(value) }),
        }
    }
    keys.extend(before.into_iter().map(|(key, old)| Difference { key, before: Some(old), after: None }));
    keys.sort_by(|a, b| a.key.cmp(&b.key));
    keys
}

fn flatten(prefix: &str, value: Value, all: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(&key, value, all);
            }
        }
        Value::Null => {}
        value => drop(all.insert(prefix.to_owned(), value)),
    }
}

fn reading(task: &TaskDefinition) -> String {
    match &task.schedule {
        _ if !task.enabled => "switched off".to_owned(),
        Some(schedule) => schedule.describe(),
        None if !task.after.is_empty() => plan::after_words(task),
        None => "on request only".to_owned(),
    }
}

fn slots(task: &TaskDefinition, now: Timestamp) -> Vec<Timestamp> {
    std::iter::successors(task.next_slot(now), |slot| task.next_slot(*slot)).take(SHOWN).collect()
}

/// The changes as text.
pub(super) fn render(changes: Option<&Changes>, look: Look) -> String {
    let Some(changes) = changes else {
        return "\nThere is no store yet: with the first start of a daemon all tasks are new.\n".to_owned();
    };
    if *changes == Changes::default() {
        return "\nNothing would change: these are the definitions in force.\n".to_owned();
    }
    let mut text = format!("\n{}\n", look.strong("What would change"));
    for task in &changes.added {
        let next = match &task.next[..] {
            [] => String::new(),
            slots => format!("; next {}", listed(slots, task.zone)),
        };
        let _ = writeln!(text, "added    {}: {}{next}", task.name, task.reading);
    }
    for task in &changes.removed {
        let next = match &task.next[..] {
            [] => "it had no slots to come".to_owned(),
            slots => format!("next would have been {}", listed(slots, task.zone)),
        };
        let _ = writeln!(
            text,
            "removed  {}: what is queued or waits is cancelled, what runs finishes; {next}",
            task.name
        );
    }
    for task in &changes.changed {
        let _ = writeln!(text, "changed  {}", task.name);
        for key in &task.keys {
            let _ = writeln!(
                text,
                "           {}: {} -> {}",
                key.key,
                value(key.before.as_ref()),
                value(key.after.as_ref())
            );
        }
        if task.rescheduled {
            let _ = writeln!(text, "           next before: {}", listed(&task.next_before, task.zones.0));
            let _ = writeln!(text, "           next after:  {}", listed(&task.next_after, task.zones.1));
        }
    }
    text
}

fn listed(slots: &[Timestamp], zone: chrono_tz::Tz) -> String {
    let Some(first) = slots.first() else { return "never".to_owned() };
    let mut all = vec![times::stamp(*first, zone)];
    all.extend(slots.iter().skip(1).map(|slot| times::beside(*slot, *first, zone)));
    all.join(", ")
}

fn value(value: Option<&Value>) -> String {
    let text = match value {
        None => return "(none)".to_owned(),
        Some(Value::String(text)) => format!("{text:?}"),
        Some(other) => other.to_string(),
    };
    let text = clean(&text);
    match text.char_indices().nth(VALUE_CHARS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{Changes, compare, render};
    use crate::cli::{look::Look, sample};

    #[test]
    fn added_removed_changed_and_rescheduled() {
        let now = sample::at(sample::NOW);
        let row = |definition| sample::in_force(definition).row.unwrap();
        let mut slow = sample::definition("slow", "0 3 * * *");
        let rows = [
            row(sample::definition("same", "0 1 * * *")),
            row(sample::definition("moved", "0 2 * * *")),
            row(slow.clone()),
            row(sample::definition("gone", "0 4 * * *")),
        ];
        slow.timeout = "2h".parse().unwrap();
        slow.retry.attempts += 1;
        let configured = [
            sample::definition("same", "0 1 * * *"),
            sample::definition("moved", "30 2 * * 1"),
            slow,
            sample::definition("new", "*/5 * * * *"),
        ];
        let text = render(Some(&compare(&rows, &configured, now)), Look::PLAIN);
        expect![[r#"

            What would change
            added    new: every 5 minutes; next 2026-11-21 13:50:00 +01:00, 13:55:00, 14:00:00
            removed  gone: what is queued or waits is cancelled, what runs finishes; next would have been 2026-11-22 04:00:00 +01:00, 2026-11-23 04:00:00 +01:00, 2026-11-24 04:00:00 +01:00
            changed  moved
                       schedule.cron: "0 2 * * *" -> "30 2 * * 1"
                       next before: 2026-11-22 02:00:00 +01:00, 2026-11-23 02:00:00 +01:00, 2026-11-24 02:00:00 +01:00
                       next after:  2026-11-23 02:30:00 +01:00, 2026-11-30 02:30:00 +01:00, 2026-12-07 02:30:00 +01:00
            changed  slow
                       retry.attempts: 3 -> 4
                       timeout: "10m" -> "2h"
        "#]]
        .assert_eq(&text);
        let nothing = compare(&rows[..1], &configured[..1], now);
        assert_eq!(nothing, Changes::default());
        assert!(render(Some(&nothing), Look::PLAIN).contains("Nothing would change"));
    }
}
