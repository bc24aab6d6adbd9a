//! Items made into units: every question that an item means, with its parameters and the name of its file, before the first
//! export. It asks the server, and writes nothing.

mod expanded;
mod glob;
mod of_dashboard;
mod of_questions;

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use roundsman_task::TaskError;
use serde_json::Value;

pub use self::expanded::Expanded;
use super::{
    failure::{Class, UnitFailure},
    judge::Rules,
    names::{RunWords, Template, Words, number_for, tell_apart},
    unit::Unit,
};
use crate::{
    config::{CardRef, Checked, Format, Item, What},
    params::Days,
    server::{Again, Card, ExportRequest, FailureClass, FailureScope, Server, ServerFailure, Source},
};

/// Everything that items are expanded with.
pub struct Expander<'a> {
    /// What is configured.
    pub config: &'a Checked,
    /// The server.
    pub server: &'a Server,
    /// What all names of the run share.
    pub run: &'a RunWords,
    /// The days that parameters are relative to.
    pub days: Days,
    /// The server's limit on rows of files, if it is known.
    pub download_row_limit: Option<u64>,
}

/// What a unit is made of, besides its item.
struct Found {
    source: Source,
    card: Option<Card>,
    card_id: Option<u64>,
    name: String,
    dashboard: Option<(u64, String)>,
    collection: Vec<String>,
    parameters: Vec<Value>,
    refused: Option<UnitFailure>,
}

impl Expander<'_> {
    /// The units of these items, in their order, each with a path of its own.
    pub async fn units(&self, items: &[Item]) -> Result<Expanded, TaskError> {
        let (mut units, mut notes) = (Vec::new(), Vec::new());
        for item in items {
            let template = self.template(item)?;
            let mut found = self.found(item, units.len(), &mut notes).await?;
            if found.is_empty() {
                let why = expanded::why_nothing(item);
                found.extend(Found::unmet(item, &why));
                notes.push(format!("item {:?}: {why}", item.name));
            }
            for (seq, found) in (1..).zip(found) {
                let mut unit = self.unit(item, seq, found);
                unit.path = template.render(self.run, &unit.words);
                let as_written =
                    Words { params: in_names(item, |value| Ok(value.clone())), ..unit.words.clone() };
                unit.timeless = template.render(&RunWords::timeless(), &as_written);
                units.push(unit);
            }
        }
        for note in &notes {
            tracing::warn!("{note}");
        }
        let mut paths: Vec<_> = units.iter().map(|unit| unit.path.clone()).collect();
        let marks: Vec<_> = units.iter().map(Unit::mark).collect();
        tell_apart(&mut paths, &marks);
        let mut times = BTreeMap::<String, u32>::new();
        for (unit, path) in units.iter_mut().zip(paths) {
            unit.path = path;
            let before = times.entry(unit.place()).or_default();
            unit.again = *before;
            *before += 1;
        }
        Ok(Expanded { units, notes })
    }

    async fn found(
        &self,
        item: &Item,
        already: usize,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Found>, TaskError> {
        match item.what() {
            Some(What::Card(card)) => self.questions(item, std::slice::from_ref(card), already).await,
            Some(What::Cards(cards)) => self.questions(item, cards, already).await,
            Some(What::Dashboard(dashboard)) => self.dashboard(item, dashboard, already).await,
            Some(What::Collection(collection)) => self.collection(item, collection, already, notes).await,
            Some(What::Sql(sql)) => {
                self.check_count(already + 1)?;
                Ok(vec![self.own_query(item, sql)?])
            }
            None => Ok(Vec::new()),
        }
    }

    /// Refuses more files than a run may have, before anything more is asked.
    fn check_count(&self, count: usize) -> Result<(), TaskError> {
        let most = self.config.max_units.get() as usize;
        if count <= most {
            return Ok(());
        }
        Err(TaskError::config(format!(
            "the items come to at least {count} files, more than max_units = {most}; nothing was exported"
        )))
    }

    /// Questions by number or entity id; what cannot be seen fails by itself, what concerns all ends the run.
    async fn ask_cards(&self, cards: &[CardRef]) -> Result<Vec<Result<Card, ServerFailure>>, TaskError> {
        let at_once = self.config.max_concurrent_meta.get() as usize;
        let asked = stream::iter(cards).map(|card| self.server.card(card)).buffered(at_once);
        let answers: Vec<_> = asked.collect().await;
        answers.into_iter().map(unless_for_all).collect()
    }

    fn template(&self, item: &Item) -> Result<Template, TaskError> {
        let stamp = if self.config.include_timestamp { "_{ts}" } else { "" };
        let list = |prefix: &str| format!("{}{stamp}/{{name}}.{{ext}}", escape(prefix));
        // What the item says goes before what the task says of all items.
        let own = item.template.clone().or_else(|| item.prefix.as_deref().map(list));
        let written = own.or_else(|| self.config.template.clone());
        let template = written.unwrap_or_else(|| match item.what() {
            Some(What::Dashboard(_)) => format!("{{dashboard}}/{{seq:02}}_{{name}}{stamp}.{{ext}}"),
            Some(What::Cards(_)) => list("scheduled"),
            Some(What::Collection(_)) => "{collection}/{name}.{ext}".to_owned(),
            Some(What::Sql(_)) => "{item}.{ext}".to_owned(),
            _ => "question_{id}.{ext}".to_owned(),
        });
        Template::parse(&template)
            .map_err(|error| TaskError::config(format!("item {:?}: {error}", item.name)))
    }

    fn unit(&self, item: &Item, seq: u32, found: Found) -> Unit {
        let config = self.config;
        let format = item.format.unwrap_or(config.format);
        let id = found.card_id.map_or_else(|| number_for(&item.name), |id| id.to_string());
        let entity_id = found.card.as_ref().and_then(|card| card.entity_id.clone());
        let (dashboard_id, dashboard) = found.dashboard.unzip();
        let words = Words {
            entity_id: entity_id.unwrap_or_else(|| id.clone()),
            id,
            item: item.name.clone(),
            name: found.name.clone(),
            dashboard: dashboard.unwrap_or_default(),
            collection: found.collection,
            seq,
            params: in_names(item, |value| self.days.expand(value)),
            ext: format.extension().to_owned(),
        };
        let twice = found.card.as_ref().filter(|_| format == Format::Json).and_then(equal_titles);
        let refused = found.refused.or_else(|| twice.map(|title| lost_in_json(&title)));
        let untitled = found.card.as_ref().is_none_or(|card| card.result_metadata.is_empty());
        let request = ExportRequest {
            source: found.source,
            format,
            parameters: found.parameters,
            // Cells of a workbook made here have types of their own, which texts do not.
            format_rows: config.format_rows && format != Format::XlsxLocal,
            pivot_results: config.pivot_results,
            csv_include_bom: config.csv_include_bom,
            timeout: item.timeout.map(roundsman_task::HumanDuration::get),
        };
        Unit {
            item: item.name.clone(),
            request,
            // Queries may be long, and nobody asks for them any more.
            card: found.card.map(|card| Card { dataset_query: Value::Null, parameters: Vec::new(), ..card }),
            card_id: found.card_id,
            name: found.name,
            dashboard_id,
            again: 0,
            words,
            rules: Rules {
                weak_title_check: format == Format::Json && untitled,
                ..Rules::of(item, config.on_cap, config.count_tolerance_percent, self.download_row_limit)
            },
            verify: item.verify.unwrap_or(config.verify),
            path: std::path::PathBuf::new(),
            timeless: std::path::PathBuf::new(),
            refused,
        }
    }
}

/// A failure that concerns all units ends the run; others stay with theirs.
fn unless_for_all<T>(answer: Result<T, ServerFailure>) -> Result<Result<T, ServerFailure>, TaskError> {
    let concerns_all = |failure: &ServerFailure| {
        use FailureClass::{HttpServer, Network, Timeout};
        // It was tried as often as it should be.
        let unreachable = matches!(failure.class, Network | Timeout)
            || (failure.class == HttpServer && failure.status != Some(500));
        unreachable || failure.class.scope() == FailureScope::Run
    };
    match answer {
        Err(failure) if concerns_all(&failure) => Err(failure.into()),
        answer => Ok(answer),
    }
}

/// A text that stands for itself in a template.
fn escape(text: &str) -> String {
    text.replace(['{', '}'], "_")
}

/// The values of an item's parameters as names have them, made what they stand for. What stands for nothing was refused
/// before.
fn in_names(
    item: &Item,
    meant: impl Fn(&Value) -> Result<Value, String>,
) -> std::collections::BTreeMap<String, String> {
    let value = |value: &Value| in_name(&meant(value).unwrap_or_else(|_| value.clone()));
    item.params.iter().map(|(slug, written)| (slug.clone(), value(written))).collect()
}

fn in_name(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(in_name).collect::<Vec<_>>().join("-"),
        other => other.to_string(),
    }
}

/// A title that two columns have: in JSON one of them would be lost.
fn equal_titles(card: &Card) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    let titles =
        card.result_metadata.iter().map(|column| column.display_name.as_ref().unwrap_or(&column.name));
    titles.into_iter().find(|title| !seen.insert(*title)).cloned()
}

fn lost_in_json(title: &str) -> UnitFailure {
    let told = format!("two columns are called {title:?}, of which JSON keeps only one; export it as csv");
    UnitFailure::new(Class::CheckFailed, Again::Never, told)
}
