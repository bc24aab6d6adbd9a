//! Exports on request, straight into a folder: no folder of a run, no manifest, no link; a file that is there is replaced
//! when the new one is whole. What they prove is what scheduled exports prove.

use std::{path::PathBuf, time::Duration};

use roundsman_task::{ActionInfo, Outcome, TaskContext, TaskError, params_of};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{beside, read_params, target};
use crate::{
    config::{CardRef, Checked, Format, Item},
    export::once,
};

const LONG: Duration = Duration::from_hours(2);

/// One question.
pub(super) const QUESTION: ActionInfo =
    beside("question", "exports one question to a file", LONG, params_of::<Question>);
/// Some questions.
pub(super) const QUESTIONS: ActionInfo =
    beside("questions", "exports some questions into a folder of their own", LONG, params_of::<Questions>);
/// A dashboard.
pub(super) const DASHBOARD: ActionInfo =
    beside("dashboard", "exports all questions of a dashboard", LONG, params_of::<Dashboard>);
/// A collection.
pub(super) const COLLECTION: ActionInfo =
    beside("collection", "exports all questions of a collection", LONG, params_of::<Collection>);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    /// Its number or entity id.
    id: CardRef,
    /// The file, or a folder for it; `question_<id>` in the output folder if nothing is said.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    output: Option<PathBuf>,
    /// `csv`, `json`, `xlsx` (made by the server) or `xlsx-local` (made here of CSV and types); if nothing is said, what the
    /// ending of `output` says, else the task's.
    #[serde(default)]
    format: Option<Format>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Questions {
    /// Their numbers or entity ids, with commas between them.
    ids: String,
    /// The folder, if not the output folder.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    output_dir: Option<PathBuf>,
    /// What the name of the new folder begins with.
    #[serde(default)]
    prefix: Option<String>,
    /// `csv`, `json`, `xlsx` (made by the server) or `xlsx-local` (made here of CSV and types); the task's if nothing is said.
    #[serde(default)]
    format: Option<Format>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dashboard {
    /// Its number or entity id.
    id: CardRef,
    /// The folder, if not the output folder.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    output_dir: Option<PathBuf>,
    /// Names of files do not end with the time.
    #[serde(default)]
    no_timestamp: bool,
    /// `csv`, `json`, `xlsx` (made by the server) or `xlsx-local` (made here of CSV and types); the task's if nothing is said.
    #[serde(default)]
    format: Option<Format>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Collection {
    /// Its number, its entity id, or `root`.
    id: CardRef,
    /// Collections within it too.
    #[serde(default)]
    recursive: bool,
    /// Only questions with such names: `Daily *`.
    #[serde(default)]
    include: Option<String>,
    /// Not those.
    #[serde(default)]
    exclude: Option<String>,
    /// The folder, if not the output folder.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    output_dir: Option<PathBuf>,
    /// `csv`, `json`, `xlsx` (made by the server) or `xlsx-local` (made here of CSV and types); the task's if nothing is said.
    #[serde(default)]
    format: Option<Format>,
}

pub(super) async fn question(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let Question { id, output, format } = read_params(cx)?;
    let (place, format) = match output {
        None => (target::folder(None, config)?, format),
        Some(output) => target::file(output, format, config)?,
    };
    let item = Item { card: Some(id.clone()), format, ..named(format!("question {}", written(&id))) };
    once::export(cx, config, item, &place).await
}

pub(super) async fn questions(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let Questions { ids, output_dir, prefix, format } = read_params(cx)?;
    let cards: Vec<CardRef> =
        ids.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty()).map(card_of).collect();
    if cards.is_empty() {
        return Err(TaskError::config("ids: there is no number; write -p ids=12,34"));
    }
    let item = Item { cards, format, prefix, ..named("questions".to_owned()) };
    once::export(cx, config, item, &target::folder(output_dir, config)?).await
}

pub(super) async fn dashboard(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let Dashboard { id, output_dir, no_timestamp, format } = read_params(cx)?;
    let template = no_timestamp.then(|| "{dashboard}/{seq:02}_{name}.{ext}".to_owned());
    let name = format!("dashboard {}", written(&id));
    let item = Item { dashboard: Some(id), template, format, ..named(name) };
    once::export(cx, config, item, &target::folder(output_dir, config)?).await
}

pub(super) async fn collection(cx: &TaskContext, config: &Checked) -> Result<Outcome, TaskError> {
    let Collection { id, recursive, include, exclude, output_dir, format } = read_params(cx)?;
    let name = format!("collection_{}", written(&id));
    let (include, exclude) = (include.into_iter().collect(), exclude.into_iter().collect());
    let item = Item { collection: Some(id), recursive, include, exclude, format, ..named(name) };
    once::export(cx, config, item, &target::folder(output_dir, config)?).await
}

fn named(name: String) -> Item {
    Item { name, ..Item::default() }
}

fn card_of(text: &str) -> CardRef {
    text.parse().map_or_else(|_| CardRef::Entity(text.to_owned()), CardRef::Number)
}

fn written(card: &CardRef) -> String {
    match card {
        CardRef::Number(number) => number.to_string(),
        CardRef::Entity(id) => id.clone(),
    }
}
