//! `roundsman kinds`: what tasks can be made of. It knows no task.

mod keys;
mod page;

use std::fmt::Write as _;

use roundsman_model::{Code, Schedule};
use serde_json::{Value, json};

use super::{
    args::Globals,
    failure::{Answer, Failure},
    look::{Look, clean},
    output::Output,
    paragraph::wrap,
    session, suggest,
    table::Table,
};
use crate::kinds::{Broken, Catalogue, Known};

/// The arguments of `kinds`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Explain this kind: its keys, actions and metrics
    kind: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, globals: &Globals, out: &mut Output) -> Answer {
    let kinds = session::whole_catalogue(globals).await?;
    let kinds = session::settled(globals, kinds);
    let Some(name) = &args.kind else {
        if args.json {
            out.json(&listing_json(&kinds))?;
        } else {
            out.text(&render(&kinds, out.look()))?;
        }
        return Ok(());
    };
    let flaw = kinds.broken().iter().find(|broken| broken.name.as_ref() == Some(name));
    let Some(known) = kinds.get(name) else {
        return Err(unknown(name, &kinds, flaw));
    };
    if args.json {
        out.json(&full_json(known, flaw))?;
    } else {
        out.text(&page::render(known, out.look()))?;
    }
    if let Some(flaw) = flaw {
        out.note(&clean(&flaw.sentence()));
    }
    Ok(())
}

fn unknown(name: &str, kinds: &Catalogue, flaw: Option<&Broken>) -> Failure {
    if let Some(flaw) = flaw {
        return Failure::Usage(format!("there is no kind {name:?}: {}", clean(&flaw.sentence())));
    }
    let near = suggest::names(name, kinds.iter().map(|known| known.description.name.as_str()));
    let message = suggest::did_you_mean(&near, "`roundsman kinds` lists them");
    Failure::Usage(format!("there is no kind {name:?}{message}"))
}

fn render(kinds: &Catalogue, look: Look) -> String {
    let mut table =
        Table::new().column("KIND").column("FAMILY").text("WHAT IT DOES").text("BUILT-IN TASK").text("FROM");
    for known in kinds.iter() {
        let description = &known.description;
        let built_in = description.default_schedule.as_deref().filter(|_| known.is_built_in()).map(reading);
        table.row(vec![
            description.name.as_str().into(),
            description.category.as_str().into(),
            description.about.as_str().into(),
            built_in.unwrap_or_default().into(),
            origin(known).into(),
        ]);
    }
    let mut text = table.render(look);
    if !kinds.broken().is_empty() {
        let _ = writeln!(text, "\n{}", look.strong("Not usable as they are"));
    }
    for broken in kinds.broken() {
        text.push_str(&wrap(&broken.sentence(), 2, look));
    }
    text
}

/// Where a kind comes from.
fn origin(known: &Known) -> String {
    match (&known.description.code, &known.gone) {
        (_, Some(_)) => "gone; tasks still use it".to_owned(),
        (Code::Compiled, _) => "compiled".to_owned(),
        (code, _) => {
            let path = code.path().map(|path| path.display().to_string()).unwrap_or_default();
            format!("{} {path}", code.word())
        }
    }
}

/// A schedule in plain English, or as written where it cannot be read.
fn reading(schedule: &str) -> String {
    Schedule::parse(schedule).map_or_else(|_| schedule.to_owned(), |schedule| schedule.describe())
}

fn listing_json(kinds: &Catalogue) -> Value {
    json!({
        "kinds": kinds.iter().map(summary_json).collect::<Vec<_>>(),
        "broken": kinds.broken(),
    })
}

fn summary_json(known: &Known) -> Value {
    let description = &known.description;
    json!({
        "name": description.name,
        "about": description.about,
        "category": description.category,
        "default_schedule": description.default_schedule,
        "built_in": known.is_built_in(),
        "timeout_secs": description.timeout().as_secs_f64(),
        "repeatable": description.repeatable,
        "takes_params": description.takes_params,
        "crate": known.entry.map(|entry| entry.crate_name),
        "code": description.code,
        "gone": known.gone,
    })
}

fn full_json(known: &Known, flaw: Option<&Broken>) -> Value {
    let description = &known.description;
    let mut value = summary_json(known);
    let actions = description.actions.iter().map(|action| {
        json!({
            "name": action.name,
            "about": action.about,
            "timeout_secs": action.timeout_ms.map(|ms| std::time::Duration::from_millis(ms).as_secs_f64()),
            "exclusive": action.exclusive,
            "writes": action.writes,
            "params": action.params,
            "confirmation": action.confirmation,
        })
    });
    value["actions"] = actions.collect();
    let metrics = description.metrics.iter().map(|metric| {
        json!({ "name": metric.name, "help": metric.help, "type": type_word(metric.counter), "labels": metric.labels })
    });
    value["metrics"] = metrics.collect();
    let budgets = description.budgets.iter();
    value["budgets"] = budgets
        .map(|(name, rule)| json!({ "name": name, "interval_us": rule.interval_us, "burst": rule.burst }))
        .collect();
    value["credentials"] = json!(description.credentials);
    value["spaces"] = json!(description.spaces);
    value["header"] = json!(known.header);
    value["broken"] = json!(flaw);
    value["config_schema"] = description.schema.clone();
    value
}

const fn type_word(counter: bool) -> &'static str {
    if counter { "counter" } else { "gauge" }
}
