//! The look whether everything is there that the kinds need (A.10), asked for by a person. It changes nothing.

use std::time::Duration;

use roundsman_task::{ActionInfo, Finding, FindingLevel, Outcome, TaskError, no_params};
use serde_json::{Value, json};

use super::listing::table;
use crate::{
    api::preflight::{Extent, preflight},
    lab::Lab,
    mails::Post,
};

/// The look.
pub(super) const CHECK: ActionInfo = ActionInfo {
    name: "check",
    about: "looks whether the workspace lets us do all that the kinds and actions need",
    timeout: Duration::from_mins(2),
    exclusive: false,
    writes: false,
    params: no_params,
};

/// Looks at everything; fails if something is missing.
pub(super) async fn check(lab: &Lab) -> Result<Outcome, TaskError> {
    let mut findings = preflight(&lab.workspace, Extent::Provisioning).await;
    findings.extend(Post::open(lab).findings());
    let of = |level: FindingLevel| findings.iter().filter(|finding| finding.level == level).count();
    let (failed, warned) = (of(FindingLevel::Failure), of(FindingLevel::Warning));
    let rows = findings.iter().map(row).collect();
    let summary = format!("{}: {} looks, {warned} warnings, {failed} failures", lab.host(), findings.len());
    let mut outcome = table(summary, &["what", "level", "finding", "what to do"], rows);
    outcome.counts.failed = failed as u64;
    outcome.counts.ok -= outcome.counts.failed;
    if failed > 0 {
        let told: Vec<String> = findings
            .iter()
            .filter(|finding| finding.level == FindingLevel::Failure)
            .map(|finding| format!("{}: {}", finding.what, finding.found))
            .collect();
        return Err(TaskError::permanent(format!("{}: {}", lab.host(), told.join("; "))));
    }
    Ok(outcome)
}

fn row(finding: &Finding) -> Value {
    json!([finding.what, finding.level, finding.found, finding.advice])
}
