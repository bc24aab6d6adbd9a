//! A kind on one page: what it does, its keys, its actions, its metrics, its budgets. It reads no configuration.

#[cfg(test)]
mod tests;

use std::{fmt::Write as _, time::Duration};

use roundsman_config::KindHeader;
use roundsman_model::{BudgetRule, CredentialWish, HumanDuration, KindDescription};

use super::{keys, origin, reading, type_word};
use crate::{
    cli::{
        fields::Fields,
        look::{Look, clean},
        paragraph::wrap,
        table::Table,
        times,
    },
    kinds::Known,
};

/// The page.
pub(super) fn render(known: &Known, look: Look) -> String {
    let info = &known.description;
    let mut page = format!("{}: {}\n", look.strong(info.name.as_str()), clean(&info.about));
    page.push_str(&facts(known).render(look));
    let keys = keys::of(&info.schema);
    let mut section = |head: &str, body: String| {
        let _ = write!(page, "\n{}\n{body}", look.strong(head));
    };
    let head = if info.takes_params {
        "Parameters: keys of its `with` table, or -p KEY=VALUE for one run"
    } else {
        "Keys of its `with` table"
    };
    if keys.is_empty() {
        section(head, "  none\n".to_owned());
    } else {
        section(head, keys::render(&keys, look));
    }
    if !info.actions.is_empty() {
        section("Actions", actions(info, look));
    }
    if !info.credentials.is_empty() {
        section("Credentials", credentials(&info.credentials, look));
    }
    if !info.metrics.is_empty() {
        section("Metrics", metrics(info, look));
    }
    if !info.budgets.is_empty() {
        section("Budgets, shared by all tasks", budgets(info, look));
    }
    if !info.spaces.is_empty() {
        section("Documents that tasks share", spaces(info, look));
    }
    if let Some(header) = &known.header {
        section("What its file says of tasks that use it", header_lines(header));
    }
    section("A task of this kind", example(info, &keys));
    page
}

fn facts(known: &Known) -> Fields {
    let info = &known.description;
    let mut facts = Fields::new();
    facts.add("from", origin(known));
    facts.add_some("gone", known.gone.as_deref());
    facts.add("family", &info.category);
    facts.add("time limit", times::length(info.timeout()));
    facts.add(
        "when it fails",
        if info.repeatable { "may be tried again" } else { "is not tried again unless the task says so" },
    );
    if let Some(schedule) = &info.default_schedule {
        let which = if known.is_built_in() { "built-in task" } else { "usual schedule" };
        facts.add(which, format!("{} ({schedule})", reading(schedule)));
    }
    if known.header.as_ref().is_some_and(|header| header.scheduled) {
        facts.add("own task", format!("{}, unless the configuration has one of that name", info.name));
    }
    facts
}

fn actions(info: &KindDescription, look: Look) -> String {
    let mut table = Table::new()
        .column("NAME")
        .column("TIME LIMIT")
        .column("WRITES")
        .text("WHAT IT DOES")
        .optional("PARAMETERS");
    for action in &info.actions {
        let limit = action.timeout_ms.map_or(info.timeout(), Duration::from_millis);
        let params: Vec<String> = keys::of(&action.params).into_iter().map(|key| key.name).collect();
        table.row(vec![
            action.name.as_str().into(),
            times::length(limit).into(),
            if action.writes { "yes" } else { "no" }.into(),
            action.about.as_str().into(),
            params.join(", ").into(),
        ]);
    }
    table.render(look)
}

fn credentials(wishes: &[CredentialWish], look: Look) -> String {
    let mut text = String::new();
    for wish in wishes {
        let fields =
            if wish.fields.is_empty() { "any fields".to_owned() } else { clean(&wish.fields.join(", ")) };
        let optional = if wish.optional { "; works without" } else { "" };
        let _ = writeln!(text, "  {}: {fields}{optional}", look.strong(&clean(&wish.name)));
        text.push_str(&wrap(&wish.about, 6, look));
        if !wish.env.is_empty() {
            let variables: Vec<String> =
                wish.env.iter().map(|(field, name)| format!("{name} for {field}")).collect();
            let line = format!("From the environment, where no source has a field: {}", variables.join(", "));
            text.push_str(&wrap(&clean(&line), 6, look));
        }
    }
    text
}

fn spaces(info: &KindDescription, look: Look) -> String {
    let mut text = String::new();
    for space in &info.spaces {
        let _ = writeln!(text, "  {}", look.strong(&clean(&space.name)));
        text.push_str(&wrap(&space.about, 6, look));
    }
    text
}

fn metrics(info: &KindDescription, look: Look) -> String {
    let mut text = String::new();
    for metric in &info.metrics {
        let labels = if metric.labels.is_empty() {
            String::new()
        } else {
            format!(" by {}", clean(&metric.labels.join(", ")))
        };
        let _ =
            writeln!(text, "  {}: {}{labels}", look.strong(&clean(&metric.name)), type_word(metric.counter));
        text.push_str(&wrap(&metric.help, 6, look));
    }
    text
}

fn budgets(info: &KindDescription, look: Look) -> String {
    let mut text = String::new();
    for (name, BudgetRule { interval_us, burst }) in &info.budgets {
        let interval = HumanDuration::from(Duration::from_micros(*interval_us));
        let _ = writeln!(
            text,
            "  {}: one every {interval}, {burst} at once after a rest; [budgets.{name}] sets another",
            look.strong(name.as_str())
        );
    }
    text
}

/// Its keys as they are written there.
fn header_lines(header: &KindHeader) -> String {
    let lines = header.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: String = lines.map(|line| format!("  {}\n", clean(line))).collect();
    if lines.is_empty() { "  nothing\n".to_owned() } else { lines }
}

/// A task to begin with; required keys are left for the person to fill in.
fn example(info: &KindDescription, keys: &[keys::Key]) -> String {
    let schedule = info.default_schedule.as_deref().unwrap_or("0 2 * * *");
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
