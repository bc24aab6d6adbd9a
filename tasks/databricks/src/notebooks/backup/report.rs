//! What came of a backup, for people and for programs.

use std::fmt::Write as _;

use roundsman_task::{Counts, Outcome, TaskContext, TaskError};
use serde::Serialize;
use serde_json::json;

use super::super::problems::{Problems, in_words};
use crate::api::workspace_files::Object;

/// The artifact of a dry run.
const PLAN: &str = "backup-plan.jsonl";
/// How large it may become.
const PLAN_BYTES: usize = 8 << 20;
/// How much of a plan is told one by one.
const TOLD: usize = 50;

/// What came of a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Folders that were listed.
    pub folders: u64,
    /// Notebooks and files that were saved now.
    pub exported: u64,
    /// Those that were saved before.
    pub unchanged: u64,
    /// Those that are too large.
    pub too_large: u64,
    /// Repositories, libraries and whatever else is only written down.
    pub not_exported: u64,
    /// Those that were deleted while they were to be saved.
    pub gone: u64,
    /// Those that failed, and folders that could not be listed.
    pub failed: u64,
    /// Bytes that were saved now.
    pub bytes: u64,
    /// Those that a dry run would have saved.
    pub planned: u64,
    /// What did not go as it should.
    pub problems: Problems,
    /// The first of those that would have been saved.
    pub plan: Vec<Planned>,
    #[serde(skip)]
    lines: String,
}

/// Something that would be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Its path in the workspace.
    pub path: String,
    /// Its place in the folder.
    pub local: String,
}

impl BackupReport {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    /// How many things were seen so far.
    pub(super) const fn seen(&self) -> u64 {
        self.exported
            + self.unchanged
            + self.too_large
            + self.not_exported
            + self.gone
            + self.failed
            + self.planned
    }

    pub(super) fn failed(&mut self, path: &str, why: &str) {
        self.failed += 1;
        self.problems.add(path, "failed", why);
    }

    pub(super) fn too_large(&mut self, path: &str, why: &str) {
        self.too_large += 1;
        self.problems.add(path, "too large", why);
    }

    pub(super) fn plan(&mut self, object: &Object, local: &str) {
        self.planned += 1;
        let planned = Planned { path: object.path.clone(), local: local.to_owned() };
        if self.lines.len() < PLAN_BYTES {
            writeln!(self.lines, "{}", json!(planned)).expect("a text takes everything");
        }
        if self.plan.len() < TOLD {
            self.plan.push(planned);
        }
    }

    /// The plan is kept as an artifact.
    pub(super) async fn keep_plan(&mut self, cx: &TaskContext) -> Result<(), TaskError> {
        let lines = std::mem::take(&mut self.lines);
        cx.artifact(PLAN, "application/x-ndjson", lines.into_bytes()).await.map(drop)
    }

    fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("to be saved", self.planned),
            ("saved", self.exported),
            ("saved before", self.unchanged),
            ("too large", self.too_large),
            ("not exported", self.not_exported),
            ("gone meanwhile", self.gone),
            ("failed", self.failed),
        ]
    }

    /// All of it in one line.
    pub fn summary(&self) -> String {
        let told = in_words(&self.named());
        if told.is_empty() { "there is nothing to save".to_owned() } else { told }
    }
}

impl From<BackupReport> for Outcome {
    fn from(report: BackupReport) -> Self {
        let counts = Counts {
            processed: report.seen(),
            ok: report.exported + report.unchanged,
            failed: report.failed,
            skipped: report.too_large + report.not_exported + report.gone,
            changed: report.exported,
            unchanged: report.unchanged,
            planned: report.planned,
            ..Counts::default()
        };
        let summary = report.summary();
        let outcome = if report.failed > 0 { Self::partial(summary) } else { Self::success(summary) };
        let print = if report.dry_run && report.problems.told.is_empty() && !report.plan.is_empty() {
            let rows: Vec<_> =
                report.plan.iter().map(|planned| json!([planned.path, planned.local])).collect();
            json!({ "columns": ["path", "file"], "rows": rows })
        } else {
            report.problems.table(&report.named())
        };
        Self { print, ..outcome.with_counts(counts).with_detail(report) }
    }
}
