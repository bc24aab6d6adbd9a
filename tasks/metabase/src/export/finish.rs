//! What is done to a file that was proved, and its name. What each step does to the bytes is `local`'s; whether the file may
//! have its name was decided before.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use roundsman_task::TaskContext;

use super::{
    blocking::{Stop, blocking},
    failure::{Class, UnitFailure},
    part::{DiskError, Part, look_for_space},
    unit::{Unit, hex},
};
use crate::{
    config::{Config, Format, Post},
    local::{
        self, ColumnType, CsvStyle, Finished, LocalError, Refinement, Sheet, Target, Workbook, refine,
        workbook,
    },
    server::Again,
};

/// After so many looks the file system is looked at again: sixteen MiB were read or written.
const LOOKS: u64 = 256;

/// An export that was proved, as far as it matters to what is done to it.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// What it is an export of.
    pub unit: &'a Unit,
    /// Its titles.
    pub titles: &'a [String],
    /// Its rows.
    pub rows: u64,
}

/// A file that has its name.
#[derive(Debug, Default)]
pub struct Done {
    /// Its length and hash, where something was done to it.
    pub finished: Option<Finished>,
    /// Cells of a workbook that stayed text because their column's type could not hold them.
    pub kept_as_text: u64,
}

/// One step: a file made of another.
#[derive(Debug)]
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

/// What is done to a file, and what it is called apart from the time, in a word: the same as long as nobody changes either.
pub fn made(export: Export<'_>, config: &Config) -> String {
    let made = format!("{:?} {}", steps(export, config), export.unit.timeless.display());
    hex(made.as_bytes())[..16].to_owned()
}

/// Does what is to be done to the file and gives it its name.
pub async fn finish(
    cx: &TaskContext,
    part: Part,
    export: Export<'_>,
    config: &Config,
    target: PathBuf,
) -> Result<Done, UnitFailure> {
    let (steps, mode, min_free) = (steps(export, config), config.mode(), config.min_free_bytes.bytes());
    if matches!(steps.first(), Some(Step::Workbook(_))) {
        let fits = workbook::fits(export.rows, export.titles.len());
        fits.map_err(|limit| UnitFailure::check(LocalError::Limit(limit).to_string()))?;
    }
    let done = blocking(cx, "giving a file its name", move |stop| {
        if steps.is_empty() {
            part.publish(&target, mode)?;
            return Ok(Ended::default());
        }
        Work { part: &part, target: &target, mode, min_free, stop, looks: AtomicU64::new(0) }
            .carry_out(&steps)
    });
    let Ended { finished, kept_as_text, first_kept } = done.await?;
    if let Some((row, column)) = first_kept {
        let title = export.titles.get(column - 1).map_or("", String::as_str);
        tracing::info!(
            "{}: {kept_as_text} cells stayed text, since their column's type cannot hold them without loss; the first is in row \
             {row}, column {title:?}",
            export.unit.title()
        );
    }
    Ok(Done { finished, kept_as_text })
}

fn steps(export: Export<'_>, config: &Config) -> Vec<Step> {
    let Export { unit, titles, rows } = export;
    let format = unit.request.format;
    let mut posts = config.post.iter().copied();
    let mut steps = Vec::new();
    if format == Format::XlsxLocal {
        let types = types(titles, unit);
        steps.push(Step::Workbook(Sheet { name: unit.name.clone(), types, rows }));
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
    local::column_types(titles, &unit.known_columns())
}

/// What came of all steps.
#[derive(Default)]
struct Ended {
    finished: Option<Finished>,
    kept_as_text: u64,
    first_kept: Option<(u64, usize)>,
}

/// The steps from a proved file to the one that has the name.
struct Work<'a> {
    part: &'a Part,
    target: &'a Path,
    mode: u32,
    min_free: u64,
    stop: &'a Stop,
    looks: AtomicU64,
}

impl Work<'_> {
    /// Each step makes a new file of the one before; only the last one gets the name.
    fn carry_out(&self, steps: &[Step]) -> Result<Ended, UnitFailure> {
        let mut made: Vec<Made> = Vec::new();
        let mut ended = Ended::default();
        for (nth, step) in steps.iter().enumerate() {
            let from = made.last().map_or(self.part.path(), |made| &made.0).to_owned();
            let unfinished = self.beside(nth, "-new");
            let is_last = nth + 1 == steps.len();
            let path = if is_last { self.target.to_owned() } else { self.beside(nth, "") };
            if !is_last {
                made.push(Made(path.clone()));
            }
            let to = Target { part: &unfinished, path: &path, mode: if is_last { self.mode } else { 0o600 } };
            let watch = || self.look();
            let finished = match step {
                Step::Workbook(sheet) => workbook(&from, to, sheet, &watch).map(|made| {
                    let Workbook { finished, kept_as_text, first_kept, .. } = made;
                    (ended.kept_as_text, ended.first_kept) = (kept_as_text, first_kept);
                    finished
                }),
                Step::Refine(refinement) => refine(&from, to, refinement, &watch),
            };
            ended.finished = Some(finished.map_err(of_local)?);
        }
        Ok(ended)
    }

    /// The name of a file on the way.
    fn beside(&self, nth: usize, suffix: &str) -> PathBuf {
        let mut name = self.part.path().as_os_str().to_owned();
        name.push(format!(".{nth}{suffix}"));
        PathBuf::from(name)
    }

    /// Whether the work is to go on: nobody stopped it, and there is space.
    fn look(&self) -> io::Result<()> {
        self.stop.look()?;
        if self.looks.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKS) {
            let folder = self.target.parent().unwrap_or(self.target);
            look_for_space(folder, self.min_free).map_err(|full| full.source)?;
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests;
