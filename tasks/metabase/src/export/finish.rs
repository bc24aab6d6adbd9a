//! What is done to a file that was proved, and its name. What each step does to the bytes is `local`'s; whether the file may
//! have its name was decided before.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    failure::{Class, UnitFailure},
    part::{DiskError, Part},
    unit::Unit,
};
use crate::{
    config::{Config, Format, Post},
    local::{self, ColumnType, CsvStyle, Finished, LocalError, Refinement, Sheet, Target, refine, workbook},
    server::Again,
};

/// One step: a file made of another.
enum Step {
    Workbook(Sheet),
    Refine(Refinement),
}

/// The path of a unit's file with the endings of what it is packed with.
pub fn named(path: &Path, config: &Config) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    for post in &config.post {
        name.push(match post {
            Post::Gzip => ".gz",
            Post::Zstd => ".zst",
        });
    }
    PathBuf::from(name)
}

/// Does what is to be done to the file and gives it its name. Nothing is said of its length and hash where nothing was done.
pub async fn finish(
    part: Part,
    titles: &[String],
    unit: &Unit,
    config: &Config,
    target: PathBuf,
) -> Result<Option<Finished>, UnitFailure> {
    let (steps, mode) = (steps(titles, unit, config), config.mode());
    let finished = tokio::task::spawn_blocking(move || {
        if steps.is_empty() {
            part.publish(&target, mode)?;
            return Ok(None);
        }
        carry_out(&part, &steps, &target, mode).map(Some)
    });
    finished.await.map_err(|error| UnitFailure::disk(format!("giving a file its name ended: {error}")))?
}

fn steps(titles: &[String], unit: &Unit, config: &Config) -> Vec<Step> {
    let format = unit.request.format;
    let mut posts = config.post.iter().copied();
    let mut steps = Vec::new();
    if format == Format::XlsxLocal {
        steps.push(Step::Workbook(Sheet { name: unit.name.clone(), types: types(titles, unit) }));
    } else if let Some(style) = style(titles, unit, config).filter(|_| format == Format::Csv) {
        steps.push(Step::Refine(Refinement { csv: Some(style), pack: posts.next() }));
    }
    steps.extend(posts.map(|post| Step::Refine(Refinement { csv: None, pack: Some(post) })));
    steps
}

/// How a CSV is written anew, if it is.
fn style(titles: &[String], unit: &Unit, config: &Config) -> Option<CsvStyle> {
    let style = CsvStyle {
        bom: config.csv_bom,
        delimiter: config.csv_delimiter,
        crlf: config.csv_crlf,
        formula_guard: config.csv_formula_guard.then(|| types(titles, unit)),
    };
    (style != CsvStyle::default()).then_some(style)
}

fn types(titles: &[String], unit: &Unit) -> Vec<ColumnType> {
    let metadata = unit.card.as_ref().map(|card| json!(card.result_metadata)).unwrap_or_default();
    local::column_types(titles, &local::columns(&metadata))
}

/// Each step makes a new file of the one before; only the last one gets the name.
fn carry_out(part: &Part, steps: &[Step], target: &Path, mode: u32) -> Result<Finished, UnitFailure> {
    let mut made: Vec<Made> = Vec::new();
    for (nth, step) in steps.iter().enumerate() {
        let suffixed = |suffix: &str| {
            let mut name = part.path().as_os_str().to_owned();
            name.push(format!(".{nth}{suffix}"));
            PathBuf::from(name)
        };
        let from = made.last().map_or(part.path(), |made| &made.0).to_owned();
        let unfinished = suffixed("-new");
        let is_last = nth + 1 == steps.len();
        let path = if is_last { target.to_owned() } else { suffixed("") };
        if !is_last {
            made.push(Made(path.clone()));
        }
        let to = Target { part: &unfinished, path: &path, mode: if is_last { mode } else { 0o600 } };
        let finished = match step {
            Step::Workbook(sheet) => workbook(&from, to, sheet).map(|made| made.finished),
            Step::Refine(refinement) => refine(&from, to, refinement),
        };
        let finished = finished.map_err(of_local)?;
        if is_last {
            return Ok(finished);
        }
    }
    Err(UnitFailure::disk("there was nothing to do to the file"))
}

/// A file between two steps, that goes when it was used.
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn of_local(error: LocalError) -> UnitFailure {
    match error {
        LocalError::Write { path, source } => DiskError { what: "write", path, source }.into(),
        LocalError::Read { path, source } => DiskError { what: "read", path, source }.into(),
        LocalError::Delimiter(_) | LocalError::Limit(_) => UnitFailure::check(error.to_string()),
        other => UnitFailure::new(Class::Disk, Again::Once, other.to_string()),
    }
}
