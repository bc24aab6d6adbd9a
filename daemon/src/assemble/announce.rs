//! What the daemon says when it is up: where its store is, which tasks it found, when each runs next, what it serves.

use std::{fmt::Write as _, io::Write as _};

use roundsman_engine::Engine;
use roundsman_model::TaskDefinition;

use super::Foundation;

/// Tells a person what this daemon will do, on standard output.
pub(super) fn announce(foundation: &Foundation, engine: &Engine) {
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
        let _ = writeln!(text, "task     {:width$}  {}", task.name, when(task, now));
    }
    let mut out = std::io::stdout().lock();
    // A closed standard output is no reason to stop making the rounds.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if !foundation.listen.ip().is_loopback() {
        tracing::warn!("{} is open to other hosts and asks for no password", foundation.listen);
    }
    tracing::info!(node.id = %engine.me().node, kinds = foundation.registry.iter().count(), "making the rounds");
}

fn when(task: &TaskDefinition, now: roundsman_model::Timestamp) -> String {
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
