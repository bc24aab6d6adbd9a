//! What came of a restore, for people and for programs.

use roundsman_task::{Counts, Outcome};
use serde::Serialize;
use serde_json::json;

use super::{
    super::problems::{Problems, in_words},
    import::Arrival,
    sources::Source,
};

/// How much is told one by one.
const TOLD: usize = 50;

/// What came of a restore.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// Whether nothing was written.
    pub plan_only: bool,
    /// Whether a manifest told what was saved.
    pub from_manifest: bool,
    /// Those that were put back.
    pub imported: u64,
    /// Those for which something is there, which stays.
    pub was_there: u64,
    /// Those that are too large.
    pub too_large: u64,
    /// Those that were never saved, or of which too little is known.
    pub left_out: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that are in the workspace as they were saved.
    pub verified: u64,
    /// Those that are there but differ, or could not be compared.
    pub differing: u64,
    /// Those that a plan would put back.
    pub planned: u64,
    /// What did not go as it should.
    pub problems: Problems,
    /// The first of those that were or would be put somewhere else, and, in a plan, of all.
    pub moved: Vec<Restored>,
}

/// Something that was or would be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Where it was.
    pub path: String,
    /// Where it goes.
    pub target: String,
    /// What is done there.
    pub action: &'static str,
}

impl RestoreReport {
    pub(super) fn new(plan_only: bool, from_manifest: bool) -> Self {
        Self { plan_only, from_manifest, ..Self::default() }
    }

    /// How many things were seen so far.
    pub(super) const fn seen(&self) -> u64 {
        self.imported + self.was_there + self.too_large + self.left_out + self.failed + self.planned
    }

    pub(super) fn failed(&mut self, target: &str, why: String) {
        self.failed += 1;
        self.problems.add(target, "failed", why);
    }

    pub(super) fn too_large(&mut self, target: &str, why: String) {
        self.too_large += 1;
        self.problems.add(target, "too large", why);
    }

    pub(super) fn left_out(&mut self, path: &str, why: &str) {
        self.left_out += 1;
        self.problems.add(path, "left out", why);
    }

    pub(super) fn put(&mut self, source: &Source, target: &str) {
        self.imported += 1;
        if source.path != target {
            self.tell(&source.path, target, "import");
        }
    }

    pub(super) fn differs(&mut self, target: &str, arrival: Arrival) {
        self.differing += 1;
        let why = match arrival {
            Arrival::Put => "what was put there is not what was saved",
            Arrival::Was => "what is there is not what was saved; it stays unless it may be replaced",
        };
        self.problems.add(target, "differs", why);
    }

    pub(super) fn unverified(&mut self, target: &str, why: String) {
        self.differing += 1;
        self.problems.add(target, "not verified", why);
    }

    pub(super) fn plan(&mut self, path: &str, target: &str, is_taken: bool, overwrite: bool) {
        let action = match (is_taken, overwrite) {
            (true, false) => "skip: it is there",
            (true, true) => "replace",
            (false, _) => "import",
        };
        if is_taken && !overwrite {
            self.was_there += 1;
        } else {
            self.planned += 1;
        }
        self.tell(path, target, action);
    }

    fn tell(&mut self, path: &str, target: &str, action: &'static str) {
        if self.moved.len() < TOLD {
            self.moved.push(Restored { path: path.to_owned(), target: target.to_owned(), action });
        }
    }

    fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("to be put back", self.planned),
            ("put back", self.imported),
            ("there already", self.was_there),
            ("too large", self.too_large),
            ("left out", self.left_out),
            ("failed", self.failed),
            ("verified", self.verified),
            ("differing", self.differing),
        ]
    }

    /// All of it in one line.
    pub fn summary(&self) -> String {
        let told = in_words(&self.named());
        if told.is_empty() { "there is nothing to put back".to_owned() } else { told }
    }
}

impl From<RestoreReport> for Outcome {
    fn from(report: RestoreReport) -> Self {
        let counts = Counts {
            processed: report.seen(),
            ok: report.imported,
            failed: report.failed + report.differing,
            skipped: report.was_there + report.too_large + report.left_out,
            changed: report.imported,
            planned: report.planned,
            ..Counts::default()
        };
        let summary = report.summary();
        let is_well = report.failed + report.differing == 0;
        let outcome = if is_well { Self::success(summary) } else { Self::partial(summary) };
        let print = if report.plan_only && report.problems.told.is_empty() && !report.moved.is_empty() {
            let rows: Vec<_> =
                report.moved.iter().map(|one| json!([one.path, one.target, one.action])).collect();
            json!({ "columns": ["path", "goes to", "what is done"], "rows": rows })
        } else {
            report.problems.table(&report.named())
        };
        Self { print, ..outcome.with_counts(counts).with_detail(report) }
    }
}
