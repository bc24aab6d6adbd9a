//! What a poll says of itself: the outcome for people, its details, metrics, and in a dry run the plan (B.10, B.11). It decides
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use roundsman_notify::Drained;
use roundsman_task::{Counts, Outcome, TaskError, Timestamp};
use serde_json::{Value, json};

use super::{
    Observed,
    decide::{Decision, wake_at},
};
use crate::{
    enforce::Carried,
    kinds::metrics,
    lab::Lab,
    quota::MeasureKind,
    state::{MeasureRow, MeasureState},
};

/// What came of a poll so far.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// What a person should know.
    pub(super) warnings: Vec<String>,
    /// In a dry run, what would have been done.
    pub(super) planned: Vec<String>,
    clusters: usize,
    managed: usize,
    running: usize,
    warned: BTreeSet<String>,
    stopped: BTreeSet<String>,
    changed: usize,
    failed: usize,
    mails: usize,
    /// When to look again.
    pub(super) wake_at: Option<Timestamp>,
    usage: BTreeMap<String, i64>,
}

impl Course {
    /// A poll of which so much is to be told from the beginning.
    pub(super) fn new(warnings: Vec<String>) -> Self {
        Self { warnings, ..Self::default() }
    }

    /// What became of blocks, terminations and releases.
    pub(super) fn note_carried(&mut self, lab: &Lab, carried: &Carried) {
        self.warnings.extend(carried.problems());
        self.planned.extend(carried.planned.iter().cloned());
        for effect in &carried.effects {
            let (kind, state) = (effect.row.kind, effect.row.state);
            let worked = matches!(state, MeasureState::Done | MeasureState::Verifying);
            if kind == MeasureKind::Terminate && worked {
                self.stopped.insert(effect.name.clone());
            }
            self.changed += usize::from(worked);
            self.failed += usize::from(!worked);
            lab.cx.metric(metrics::ACTIONS, &[("kind", kind.as_str()), ("result", word(state))], 1.0);
        }
    }

    /// Mails that are in the outbox now.
    pub(super) fn note_entered(&mut self, entered: &[MeasureRow]) {
        self.mails += entered.len();
        let warned = entered.iter().filter(|row| row.kind == MeasureKind::WarnMail);
        self.warned.extend(warned.map(|row| row.cluster_id.clone()));
    }

    /// What would be mailed.
    pub(super) fn plan_mails(&mut self, decisions: &[Decision<'_>]) {
        for decision in decisions {
            let (name, group) = (&decision.seen.row.name, decision.seen.group());
            let whom = group.unwrap_or_else(|| "admins".to_owned());
            self.planned.extend(decision.mails().map(|mail| match mail.kind {
                MeasureKind::WarnMail => format!("{name}: warn {whom}"),
                MeasureKind::StopMail => format!("{name}: tell {whom} that it was stopped"),
                _ => format!("{name}: tell admins that it was started again"),
            }));
        }
    }

    /// How the clusters stand.
    pub(super) fn note_standing(
        &mut self,
        lab: &Lab,
        observed: &Observed,
        decisions: &[Decision<'_>],
        now_ms: i64,
    ) {
        self.clusters = observed.listed;
        self.managed = observed.managed().count();
        let mut states: BTreeMap<&str, u32> = BTreeMap::new();
        for decision in decisions.iter().filter(|decision| !decision.seen.is_gone()) {
            let (seen, used_ms) = (decision.seen, decision.usage.used_ms);
            self.running += usize::from(seen.state.is_on());
            *states.entry(seen.state.as_str()).or_default() += 1;
            if seen.row.number.is_some() && used_ms > 0 {
                *self.usage.entry(seen.row.name.clone()).or_default() += used_ms;
            }
        }
        for state in crate::uptime::State::ALL {
            let count = states.get(state.as_str()).copied().unwrap_or(0);
            lab.cx.metric(metrics::CLUSTERS, &[("state", state.as_str())], f64::from(count));
        }
        for (name, used_ms) in &self.usage {
            lab.cx.metric(metrics::CLUSTER_USED, &[("cluster", name)], *used_ms as f64 / 1_000.0);
        }
        let wakes = lab.config.adaptive_poll && !lab.is_dry;
        let wake_ms = wakes.then(|| wake_at(decisions, observed, now_ms)).flatten();
        self.wake_at = wake_ms.and_then(DateTime::from_timestamp_millis);
    }

    /// What became of the mails in the outbox.
    pub(super) fn note_drained(&mut self, drained: Option<Drained>) {
        self.warnings.extend(drained.into_iter().flat_map(|drained| drained.problems));
    }

    /// The outcome: however many clusters could not be dealt with, the poll as such went well.
    pub(super) async fn outcome(self, lab: &Lab) -> Result<Outcome, TaskError> {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        let blocked = lab.state.blocks().await?.len();
        if !lab.is_dry {
            lab.cx.metric(metrics::BLOCKED, &[], blocked as f64);
            lab.cx.metric(metrics::LAST_SUCCESS, &[], lab.cx.now().timestamp_millis() as f64 / 1_000.0);
        }
        let mut detail = json!({
            "clusters": self.clusters,
            "managed": self.managed,
            "running": self.running,
            "warned": self.warned.len(),
            "stopped": self.stopped.len(),
            "blocked": blocked,
            "mails_queued": self.mails,
            "warnings": self.warnings,
        });
        if lab.is_dry {
            detail["planned"] = json!(self.planned);
            keep_plan(lab, &detail).await?;
        }
        let counts = Counts {
            processed: self.managed as u64,
            changed: self.changed as u64,
            failed: self.failed as u64,
            planned: self.planned.len() as u64,
            ..Counts::default()
        };
        let mut outcome =
            Outcome::success(self.summary(lab, blocked)).with_counts(counts).with_detail(detail);
        outcome.wake_at = self.wake_at;
        Ok(outcome)
    }

    fn summary(&self, lab: &Lab, blocked: usize) -> String {
        let clusters = if self.clusters == 1 { "cluster" } else { "clusters" };
        let mut said =
            vec![format!("{} {clusters}, {} managed, {} on", self.clusters, self.managed, self.running)];
        let counted = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let stopped: Vec<_> = self.stopped.iter().map(String::as_str).collect();
        said.extend(counted(self.warned.len(), "warned"));
        said.extend((!stopped.is_empty()).then(|| format!("stopped {}", stopped.join(" "))));
        said.extend(counted(blocked, "blocked"));
        said.extend(counted(self.warnings.len(), "warnings"));
        if lab.is_dry {
            said.push(format!("{} changes planned, none made", self.planned.len()));
        }
        said.join(", ")
    }
}

/// The plan of a dry run, for who wants to see it whole.
pub(crate) async fn keep_plan(lab: &Lab, detail: &Value) -> Result<(), TaskError> {
    let bytes = serde_json::to_vec_pretty(detail).map_err(TaskError::permanent)?;
    lab.cx.artifact("plan.json", "application/json", bytes).await.map(drop)
}

/// What is known from before, for runs that find nothing new: gauges of which a run says nothing are forgotten, and so would be
/// when a poll was last carried through.
pub(super) async fn report_kept(lab: &Lab) {
    if let Ok(Some(last_ms)) = lab.state.workspace().await.map(|row| row.last_poll_ms) {
        lab.cx.metric(metrics::LAST_SUCCESS, &[], last_ms as f64 / 1_000.0);
    }
    if let Ok(blocks) = lab.state.blocks().await {
        lab.cx.metric(metrics::BLOCKED, &[], blocks.len() as f64);
    }
}

/// How many requests there were, and how far the clocks are apart.
pub(crate) fn report_requests(lab: &Lab) {
    let tally = lab.workspace.tally();
    for ((endpoint, code), count) in tally.answers() {
        lab.cx.metric(metrics::API_REQUESTS, &[("endpoint", endpoint), ("code", &code)], count as f64);
    }
    for (reason, count) in tally.repeats() {
        lab.cx.metric(metrics::API_RETRIES, &[("reason", reason)], count as f64);
    }
    if let Some(skew) = lab.workspace.skew() {
        lab.cx.metric(metrics::CLOCK_SKEW, &[], skew.as_seconds_f64());
    }
}

const fn word(state: MeasureState) -> &'static str {
    match state {
        MeasureState::Asked => "failed",
        MeasureState::Verifying => "verifying",
        MeasureState::Done => "done",
        MeasureState::Impossible => "impossible",
    }
}
