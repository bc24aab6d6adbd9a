//! `roundsman kinds`: what tasks can be made of. It knows no task.

mod keys;
mod page;

use roundsman_model::Schedule;
use roundsman_task::{Entry, KindInfo, MetricType, Registry};
use serde_json::{Value, json};

use super::{
    failure::{Answer, Failure},
    look::Look,
    output::Output,
    suggest,
    table::Table,
};

/// The arguments of `kinds`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Explain this kind: its keys, actions and metrics
    kind: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Answer {
    let registry = Registry::collect().map_err(|error| Failure::Usage(error.to_string()))?;
    let Some(name) = &args.kind else {
        let entries: Vec<&Entry> = registry.iter().collect();
        if args.json {
            out.json(&entries.iter().map(|entry| summary_json(entry)).collect::<Vec<_>>())?;
        } else {
            out.text(&render(&entries, out.look()))?;
        }
        return Ok(());
    };
    let entry = registry.get(name).ok_or_else(|| {
        let near = suggest::names(name, registry.iter().map(|entry| entry.info.name));
        let message = suggest::did_you_mean(&near, "`roundsman kinds` lists them");
        Failure::Usage(format!("there is no kind {name:?}{message}"))
    })?;
    if args.json {
        out.json(&full_json(entry))?;
    } else {
        out.text(&page::render(&entry.info, entry.is_built_in(), &entry.schema(), out.look()))?;
    }
    Ok(())
}

fn render(entries: &[&Entry], look: Look) -> String {
    let mut table = Table::new().column("KIND").column("FAMILY").text("WHAT IT DOES").text("BUILT-IN TASK");
    for entry in entries {
        let built_in = entry.info.default_schedule.filter(|_| entry.is_built_in()).map(reading);
        table.row(vec![
            entry.info.name.into(),
            entry.info.category.into(),
            entry.info.about.into(),
            built_in.unwrap_or_default().into(),
        ]);
    }
    table.render(look)
}

/// A schedule in plain English, or as written where it cannot be read.
fn reading(schedule: &str) -> String {
    Schedule::parse(schedule).map_or_else(|_| schedule.to_owned(), |schedule| schedule.describe())
}

fn summary_json(entry: &Entry) -> Value {
    let KindInfo { name, about, category, default_schedule, timeout, repeatable, .. } = entry.info;
    json!({
        "name": name,
        "about": about,
        "category": category,
        "default_schedule": default_schedule,
        "built_in": entry.is_built_in(),
        "timeout_secs": timeout.as_secs_f64(),
        "repeatable": repeatable,
        "crate": entry.crate_name,
    })
}

fn full_json(entry: &Entry) -> Value {
    let mut value = summary_json(entry);
    let actions = entry.info.actions.iter().map(|action| {
        json!({
            "name": action.name,
            "about": action.about,
            "timeout_secs": action.timeout.as_secs_f64(),
            "exclusive": action.exclusive,
            "writes": action.writes,
        })
    });
    value["actions"] = actions.collect();
    let metrics = entry.info.metrics.iter().map(|metric| {
        json!({ "name": metric.name, "help": metric.help, "type": type_word(metric.metric_type), "labels": metric.labels })
    });
    value["metrics"] = metrics.collect();
    let budgets = entry.info.budgets.iter();
    value["budgets"] = budgets
        .map(|(name, rule)| json!({ "name": name, "interval_us": rule.interval_us, "burst": rule.burst }))
        .collect();
    value["config_schema"] = entry.schema();
    value
}

const fn type_word(metric_type: MetricType) -> &'static str {
    match metric_type {
        MetricType::Gauge => "gauge",
        MetricType::Counter => "counter",
    }
}
