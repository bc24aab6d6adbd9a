//! Runs, tasks and rows for tests. Nothing here is real: hosts and addresses are those set aside for examples.

use chrono::TimeDelta;
use chrono_tz::Tz;
use roundsman_model::{
    AttemptEnd, Counts, NodeId, Origin, Outcome, Reason, Run, RunId, RunState, Schedule, SlotRange,
    TaskDefinition, Timestamp, Verdict,
};
use roundsman_store::{AttemptRow, Holder, NodeEntry, NodeRow, TaskRow};

use super::plan::{KnownTask, Standing};

/// The time in all samples.
pub(super) const NOW: &str = "2026-11-21T12:48:00Z";

/// An instant.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an RFC 3339 instant")
}

/// A task in Berlin with a cron schedule, or without one for an empty text.
pub(super) fn definition(name: &str, schedule: &str) -> TaskDefinition {
    TaskDefinition {
        schedule: (!schedule.is_empty()).then(|| Schedule::parse(schedule).unwrap()),
        timezone: Tz::Europe__Berlin,
        ..TaskDefinition::new(name.parse().unwrap(), "hardware-refresh".parse().unwrap())
    }
}

/// A task that has been in force for ten days, its ledger complete up to now.
pub(super) fn in_force(definition: TaskDefinition) -> KnownTask {
    let begun = at("2026-11-11T08:00:00Z");
    let row = TaskRow {
        hash: definition.hash(),
        definition: definition.clone(),
        valid_from: begun,
        first_seen: Some(begun),
        ledger_until: Some(at(NOW)),
        removed_at: None,
        revision: 0,
        pauses: Vec::new(),
        wake: None,
    };
    KnownTask { definition, row: Some(row), standing: Standing::InForce }
}

/// A run of `palo-hardware` for today's slot at 02:00 in Berlin, ended in this state.
pub(super) fn run(id: i64, state: RunState) -> Run {
    let slot = at("2026-11-21T01:00:00Z");
    Run {
        id: RunId(id),
        task: "palo-hardware".parse().unwrap(),
        kind: "hardware-refresh".parse().unwrap(),
        definition: "0123456789abcdef".to_owned(),
        slot: Some(slot),
        origin: Origin::Schedule,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        state,
        attempt: 1,
        uncounted: 0,
        queued_at: slot,
        due_at: slot,
        started_at: Some(slot + TimeDelta::milliseconds(40)),
        ended_at: (!state.is_active()).then(|| slot + TimeDelta::milliseconds(1240)),
        cause: None,
        outcome: None,
        round: None,
        rerun_of: None,
        stop: None,
        terms: roundsman_model::RunTerms::default(),
        start_by: None,
    }
}

/// The run with a report.
pub(super) fn reported(run: Run) -> Run {
    let counts = Counts { processed: 118, ok: 116, failed: 2, changed: 9, ..Counts::default() };
    let detail = serde_json::json!({ "failed": ["fw1.example.com", "fw2.example.com"] });
    let outcome =
        Outcome::success("118 devices, 9 changed, 2 failed").with_counts(counts).with_detail(detail);
    Run { outcome: Some(outcome), ..run }
}

/// An attempt of a run.
pub(super) fn attempt(run: &Run, number: u32, end: Option<AttemptEnd>) -> AttemptRow {
    let started_at = run.started_at.unwrap();
    AttemptRow {
        run: run.id,
        number,
        holder: holder(),
        started_at,
        ended_at: end.is_some().then(|| started_at + TimeDelta::milliseconds(1200)),
        end,
        late: false,
        cpu_ms: Some(310),
        max_rss: Some(24 << 20),
    }
}

/// What it takes to call a node alive.
pub(super) fn pulse() -> super::status::nodes::Pulse {
    let silent_after = std::time::Duration::from_secs(30);
    super::status::nodes::Pulse { now: at(NOW), silent_after, unused: false }
}

/// A node.
pub(super) fn node(name: &str, beat_at: &str) -> NodeRow {
    NodeRow {
        entry: NodeEntry {
            holder: holder(),
            name: name.to_owned(),
            one_shot: false,
            pid: 4711,
            version: "0.1.0".to_owned(),
            listen: Some("127.0.0.1:9464".to_owned()),
            kinds: Vec::new(),
            labels: Vec::new(),
            configuration: None,
        },
        started_at: at("2026-11-20T09:00:00Z"),
        beat_at: at(beat_at),
        beats: 7,
        ended_at: None,
    }
}

/// A ledger row over one slot.
pub(super) fn slot(at: Timestamp, verdict: Verdict, reason: Option<Reason>) -> SlotRange {
    SlotRange {
        task: "palo-hardware".parse().unwrap(),
        first: at,
        last: at,
        count: 1,
        verdict,
        reason,
        detail: None,
        run: None,
        decided_at: at,
    }
}

fn holder() -> Holder {
    Holder { node: NodeId::new("node-a"), boot: roundsman_model::BootId::new("boot-1") }
}

/// A pause that goes on.
pub(crate) fn pause(from: roundsman_model::Timestamp) -> roundsman_model::Pause {
    roundsman_model::Pause { from, until: None, by: "ada".to_owned(), reason: None }
}

/// Windows of a blackout.
pub(crate) fn blackout(schedule: &str, duration: &str, reason: &str) -> roundsman_model::Blackout {
    roundsman_model::Blackout {
        schedule: Schedule::parse(schedule).unwrap(),
        duration: duration.parse().unwrap(),
        timezone: None,
        reason: Some(reason.to_owned()),
    }
}
