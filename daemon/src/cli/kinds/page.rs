//! A kind on one page: what it does, its keys, its actions, its metrics, its budgets. It reads no configuration.

#[cfg(test)]
mod tests;

use std::{fmt::Write as _, time::Duration};

use roundsman_task::{BudgetRule, HumanDuration, KindInfo};
use serde_json::Value;

use super::{keys, reading, type_word};
use crate::cli::{fields::Fields, look::Look, paragraph::wrap, table::Table, times};

/// The page.
pub(super) fn render(info: &KindInfo, built_in: bool, schema: &Value, look: Look) -> String {
    let mut page = format!("{}: {}\n", look.strong(info.name), info.about);
    page.push_str(&facts(info, built_in).render(look));
    let keys = keys::of(schema);
    let mut section = |head: &str, body: String| {
        let _ = write!(page, "\n{}\n{body}", look.strong(head));
    };
    if keys.is_empty() {
        section("Keys of its `with` table", "  none\n".to_owned());
    } else {
        section("Keys of its `with` table", keys::render(&keys, look));
    }
    if !info.actions.is_empty() {
        section("Actions", actions(info, look));
    }
    if !info.metrics.is_empty() {
        section("Metrics", metrics(info, look));
    }
    if !info.budgets.is_empty() {
        section("Budgets, shared by all tasks", budgets(info, look));
    }
    section("A task of this kind", example(info, &keys));
    page
}

fn facts(info: &KindInfo, built_in: bool) -> Fields {
    let mut facts = Fields::new();
    facts.add("family", info.category);
    facts.add("time limit", times::length(info.timeout));
    facts.add(
        "when it fails",
        if info.repeatable { "may be tried again" } else { "is not tried again unless the task says so" },
    );
    if let Some(schedule) = info.default_schedule {
        let which = if built_in { "built-in task" } else { "usual schedule" };
        facts.add(which, format!("{} ({schedule})", reading(schedule)));
    }
    facts
}

fn actions(info: &KindInfo, look: Look) -> String {
    let mut table = Table::new().column("NAME").column("TIME LIMIT").column("WRITES").text("WHAT IT DOES");
    for action in info.actions {
        table.row(vec![
            action.name.into(),
            times::length(action.timeout).into(),
            if action.writes { "yes" } else { "no" }.into(),
            action.about.into(),
        ]);
    }
    table.render(look)
}

fn metrics(info: &KindInfo, look: Look) -> String {
    let mut text = String::new();
    for metric in info.metrics {
        let labels = if metric.labels.is_empty() {
            String::new()
        } else {
            format!(" by {}", metric.labels.join(", "))
        };
        let _ = writeln!(text, "  {}: {}{labels}", look.strong(metric.name), type_word(metric.metric_type));
        text.push_str(&wrap(metric.help, 6, look));
    }
    text
}

fn budgets(info: &KindInfo, look: Look) -> String {
    let mut text = String::new();
    for (name, BudgetRule { interval_us, burst }) in info.budgets {
        let interval = HumanDuration(Duration::from_micros(*interval_us));
        let _ = writeln!(
            text,
            "  {}: one every {interval}, {burst} at once after a rest; [budgets.{name}] sets another",
            look.strong(name)
        );
    }
    text
}

/// A task to begin with; required keys are left for the person to fill in.
fn example(info: &KindInfo, keys: &[keys::Key]) -> String {
    let schedule = info.default_schedule.unwrap_or("0 2 * * *");
    let mut text =
        format!("  [tasks.my-{}]\n  uses = \"{}\"\n  schedule = \"{schedule}\"\n", info.name, info.name);
    let required: Vec<&keys::Key> =
        keys.iter().filter(|key| key.required && !key.name.contains(['.', '['])).collect();
    if !required.is_empty() {
        let _ = writeln!(text, "  [tasks.my-{}.with]", info.name);
        for key in required {
            let _ = writeln!(text, "  {} = …  # {}", key.name, key.expects);
        }
    }
    text
}
