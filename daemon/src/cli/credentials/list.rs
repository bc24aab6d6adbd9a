//! `credentials list`: what there is and where it comes from. Nothing is decrypted for it.

use roundsman_credentials::Source;
use serde_json::json;

use super::{place::Place, refused};
use crate::cli::{
    failure::{Answer, Failure},
    look::Look,
    output::Output,
    suggest,
    table::Table,
};

/// The arguments of `credentials list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this section
    section: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

type Row = (String, String, Source, bool);

pub(super) fn run(args: &Args, place: &Place, out: &mut Output) -> Answer {
    let all = place.sources().listed().map_err(refused)?;
    let wanted = |row: &&Row| args.section.as_ref().is_none_or(|section| row.0 == *section);
    let rows: Vec<&Row> = all.iter().filter(wanted).collect();
    if let (Some(section), true) = (&args.section, rows.is_empty()) {
        let near = suggest::names(section, all.iter().map(|row| row.0.as_str()));
        let message = suggest::did_you_mean(&near, "`roundsman credentials list` lists all");
        return Err(Failure::Usage(format!("there is no section {section:?}{message}")));
    }
    if args.json {
        let rows = rows.iter().map(|(section, field, source, next)| {
            json!({ "section": section, "field": field, "next": next, "source": source.to_string() })
        });
        return Ok(out.json(&rows.collect::<Vec<_>>())?);
    }
    if rows.is_empty() {
        out.note("there are no credentials: `roundsman credentials set SECTION FIELD` brings the first");
    } else {
        out.text(&render(&rows, out.look()))?;
    }
    if !place.vault().exists() {
        out.note(&format!("there is no vault at {}", place.vault().path().display()));
    }
    if place.asks_a_program() {
        out.note("what is nowhere else is asked of a program, which cannot list what it has");
    }
    Ok(())
}

fn render(rows: &[&Row], look: Look) -> String {
    let mut table = Table::new().column("SECTION").column("FIELD").column("NEXT").text("FROM");
    for (section, field, source, next) in rows {
        let next = if *next { "yes" } else { "" };
        table.row(vec![
            section.as_str().into(),
            field.as_str().into(),
            next.into(),
            source.to_string().into(),
        ]);
    }
    table.render(look)
}
