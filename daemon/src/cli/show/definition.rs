//! A task's definition key by key, with the origin of each value. Secrets were masked by those who loaded it.

use roundsman_config::Loaded;
use serde::Serialize;

use crate::cli::{
    look::{Look, Tone},
    plan::{KnownTask, Standing},
    table::{Cell, Table},
};

/// A key of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Key {
    /// Within the task's table: `retry.attempts`.
    pub(in crate::cli) path: String,
    pub(in crate::cli) value: String,
    pub(in crate::cli) origin: String,
}

/// The keys of a task. Those of a definition that the configuration does not hold any more come from the store.
pub(super) fn keys(task: &KnownTask, loaded: &Loaded) -> Vec<Key> {
    if matches!(task.standing, Standing::InForce | Standing::New) {
        let prefix = format!("tasks.{}.", task.name());
        let own = loaded.show().iter().filter_map(|row| {
            let path = row.key.strip_prefix(&prefix)?.to_owned();
            Some(Key { path, value: row.value.clone(), origin: row.origin.to_string() })
        });
        return own.collect();
    }
    let mut keys = Vec::new();
    let definition = serde_json::to_value(&task.definition).unwrap_or_default();
    for (key, value) in
        definition.as_object().into_iter().flatten().filter(|(key, value)| *key != "name" && !value.is_null())
    {
        // Definitions are stored as written: references such as `${VAR}`, never what they stand for.
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        keys.push(Key { path: key.clone(), value, origin: "store".to_owned() });
    }
    keys
}

/// The keys as a table.
pub(super) fn render(keys: &[Key], look: Look) -> String {
    let mut table = Table::new().column("KEY").text("VALUE").text("FROM");
    for key in keys {
        let tone = if key.origin == "default" { Tone::Dim } else { Tone::Strong };
        table.row(vec![
            Cell::toned(key.path.as_str(), tone),
            key.value.as_str().into(),
            key.origin.as_str().into(),
        ]);
    }
    table.render(look)
}
