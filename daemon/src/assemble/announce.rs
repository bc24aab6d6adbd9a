//! What the daemon says when it is up: where its store is, which tasks it found, when each runs next, what it serves.

use std::{collections::BTreeSet, fmt::Write as _, io::Write as _};

use roundsman_engine::Engine;
use roundsman_model::{TaskDefinition, TaskName, Timestamp};

use super::{Foundation, old_names};

/// Tells a person what this daemon will do, on standard output.
pub(super) async fn announce(foundation: &Foundation, engine: &Engine, begun: Timestamp) {
    let first = first_starts(engine, begun).await;
    let mut text = format!(
        "roundsman {} on {}\nstore    {}\nserving  http://{} (/metrics /livez /readyz)\n",
        env!("CARGO_PKG_VERSION"),
        foundation.loaded.settings.node_name.value,
        engine.store().place(),
        foundation.listen,
    );
    let now = engine.now();
    let width = foundation.loaded.tasks.iter().map(|task| task.name.as_str().len()).max().unwrap_or(0);
    if foundation.loaded.tasks.is_empty() {
        text.push_str("no tasks: `roundsman config init` prints a configuration to begin with\n");
    }
    for task in &foundation.loaded.tasks {
        let _ =
            writeln!(text, "task     {:width$}  {}", task.name, when(task, now, first.contains(&task.name)));
    }
    let mut out = std::io::stdout().lock();
    // A closed standard output is no reason to stop making the rounds.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if !foundation.listen.ip().is_loopback() {
        tracing::warn!("{} is open to other hosts and asks for no password", foundation.listen);
    }
    let environment = roundsman_config::Environment::of_process();
    if let Some(note) = old_names::terraform(&foundation.loaded, &foundation.stock.shelf.now(), &environment)
    {
        tracing::warn!("{note}");
    }
    tracing::info!(node.id = %engine.me().node, kinds = foundation.stock.shelf.now().iter().count(), "making the rounds");
}

/// The tasks that run now because a daemon sees them for the first time.
async fn first_starts(engine: &Engine, begun: Timestamp) -> BTreeSet<TaskName> {
    // Only for the banner: without an answer it says less.
    let rows = engine.store().tasks().await.unwrap_or_default();
    let now = rows.into_iter().filter(|row| row.removed_at.is_none());
    now.filter(|row| row.definition.run_at_first_start && row.definition.enabled)
        .filter(|row| row.first_seen.is_some_and(|seen| seen >= begun))
        .map(|row| row.definition.name)
        .collect()
}

fn when(task: &TaskDefinition, now: Timestamp, first: bool) -> String {
    let first = if first { "; runs now, at its first start" } else { "" };
    format!("{}{first}", regularly(task, now))
}

fn regularly(task: &TaskDefinition, now: Timestamp) -> String {
    if !task.enabled {
        return format!("{}, switched off", task.kind);
    }
    if !task.after.is_empty() {
        return format!("{}, {}", task.kind, crate::cli::after_words(task));
    }
    let Some(schedule) = task.schedule.as_ref() else { return format!("{}, on request only", task.kind) };
    let reading = schedule.describe();
    match task.next_slot(now) {
        None => format!("{}, {reading}; never again", task.kind),
        Some(next) => {
            let local = next.with_timezone(&task.timezone);
            format!(
                "{}, {reading}; next {} {}",
                task.kind,
                local.format("%Y-%m-%d %H:%M:%S %:z"),
                task.timezone.name()
            )
        }
    }
}
