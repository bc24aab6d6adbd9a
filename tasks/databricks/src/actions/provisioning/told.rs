//! Plans and what came of them, as outcomes: a text for people, counts, and everything as JSON. It decides nothing.

use std::fmt::Write as _;

use roundsman_task::{Counts, Outcome, TaskError};
use serde_json::{Value, json};

use super::super::courses::course_file::CourseFile;
use crate::{
    lab::Lab,
    provision::{Applied, Entry, OpState, Operation, Plan},
};

/// The artifact that holds a plan.
const PLAN: &str = "plan.json";

/// Keeps a plan, for a person to agree to.
pub(super) async fn keep_plan(lab: &Lab, plan: &Plan) -> Result<(), TaskError> {
    let bytes = serde_json::to_vec_pretty(plan).map_err(TaskError::permanent)?;
    lab.cx.artifact(PLAN, "application/json", bytes).await.map(drop)
}

/// A plan, nothing of which was done.
pub(super) fn planned(plan: &Plan, course: Option<&CourseFile>) -> Outcome {
    let counts = Counts {
        processed: plan.operations.len() as u64,
        planned: plan.operations.len() as u64,
        skipped: plan.deferred.len() as u64,
        conflicts: plan.problems.len() as u64,
        ..Counts::default()
    };
    let summary = plan.counts();
    let outcome =
        if plan.problems.is_empty() { Outcome::success(summary) } else { Outcome::partial(summary) };
    let detail = json!({ "plan": plan, "course": course });
    Outcome { print: text(course, &plan.to_string()), ..outcome.with_counts(counts).with_detail(detail) }
}

/// A plan that was carried out.
pub(super) fn applied(applied: &Applied, course: Option<&CourseFile>) -> Outcome {
    let count = |state: OpState| applied.count(state) as u64;
    let deferred = applied.plan.deferred.len() as u64;
    let counts = Counts {
        processed: applied.entries.len() as u64,
        ok: count(OpState::Done),
        changed: count(OpState::Done),
        failed: count(OpState::Failed) + applied.failed_libraries.len() as u64,
        skipped: count(OpState::Skipped) + count(OpState::Deferred) + deferred,
        ..Counts::default()
    };
    let plan = &applied.plan;
    let idle = plan.operations.is_empty() && applied.is_success();
    let summary = if idle { plan.counts() } else { format!("{}: {}", plan.host, applied.summary()) };
    let outcome = if applied.is_success() {
        Outcome::success(summary.clone())
    } else {
        Outcome::partial(summary.clone())
    };
    let detail = json!({ "applied": applied, "course": course });
    let print = text(course, &format!("{}{summary}\n", steps(applied)));
    Outcome { print, ..outcome.with_counts(counts).with_detail(detail) }
}

fn text(course: Option<&CourseFile>, text: &str) -> Value {
    let remarks = course.map(CourseFile::remarks_text).unwrap_or_default();
    Value::from(format!("{remarks}{text}"))
}

/// A line per step, and what else a person should know.
fn steps(applied: &Applied) -> String {
    let mut text = String::new();
    for entry in &applied.entries {
        let operation = applied.plan.operations.get(entry.ord);
        text += &step(operation, entry);
    }
    for deferred in &applied.plan.deferred {
        let (kind, target) = (deferred.change.kind(), deferred.change.target());
        let _ = writeln!(text, "  {kind:<24} {target}: later, {}", deferred.because);
    }
    for failed in &applied.failed_libraries {
        let _ = writeln!(
            text,
            "library: {} on {}: {}",
            failed.library,
            failed.cluster,
            failed.messages.join("; ")
        );
    }
    for note in &applied.plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn step(operation: Option<&Operation>, entry: &Entry) -> String {
    let sign = operation.map_or(' ', |operation| operation.mark.sign());
    let why = entry.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{sign} {:<24} {}  {}{why}\n", entry.kind, entry.target, entry.state.word())
}
