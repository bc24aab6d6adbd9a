//! All that `status` shows, and how. It reads nothing.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono_tz::Tz;
use roundsman_model::{Run, RunState, TaskName, Timestamp, time::delta};
use roundsman_store::{CheckRow, Held, Leader, NodeRow, TaskTotals};
use serde::Serialize;
use serde_json::{Value, json};

use super::nodes;
use crate::{
    cli::{
        checks,
        confirm::Unconfirmed,
        fields::Fields,
        held,
        look::{Look, Tone},
        plan::{KnownTask, Standing},
        runs,
        tasks::{Row, as_json},
        times,
    },
    control,
};

/// So late a slot may be before it is called overdue.
const OVERDUE_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// A daemon that has not looked at slots for so many seconds does not fire.
const TICK_LIMIT: f64 = 15.0;

/// All that `status` shows.
pub(super) struct Overview {
    pub(super) store: String,
    /// Whether what the store holds is known.
    pub(super) access: Access,
    pub(super) nodes: Vec<NodeRow>,
    /// Who fires.
    pub(super) leader: Option<Leader>,
    /// What the daemon on this host says of itself, where there is one.
    pub(super) local: Option<control::Status>,
    /// Runs that are due and have not started.
    pub(super) held: Vec<Held>,
    /// The tasks, each with its newest run that has ended.
    pub(super) tasks: Vec<Row>,
    /// Active runs, newest first, up to a limit.
    pub(super) active: Vec<Run>,
    pub(super) unconfirmed: Unconfirmed,
    /// What nodes found when they looked at tasks.
    pub(super) checks: Vec<CheckRow>,
    /// Of tasks of which something failed then.
    pub(super) successes: checks::Successes,
    /// How many active runs there are in all.
    pub(super) active_counts: BTreeMap<RunState, u64>,
    pub(super) now: Timestamp,
    /// By what nodes are called alive.
    pub(super) pulse: nodes::Pulse,
}

/// How a store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    /// It does.
    Open,
    /// There is none yet.
    Missing,
    /// It does not.
    Unreadable,
}

/// How many runs are active, over all tasks.
pub(super) fn sum_active(totals: &[(TaskName, TaskTotals)]) -> BTreeMap<RunState, u64> {
    let mut sums = BTreeMap::new();
    for (state, count) in totals.iter().flat_map(|(_, totals)| &totals.active) {
        *sums.entry(*state).or_default() += count;
    }
    sums
}

impl Overview {
    /// What the configuration alone says.
    pub(super) fn without_store(
        store: String,
        access: Access,
        tasks: Vec<KnownTask>,
        pulse: nodes::Pulse,
    ) -> Self {
        let past_known = access != Access::Unreadable;
        let tasks = tasks.into_iter().map(|task| Row { task, last: None, past_known }).collect();
        Self {
            store,
            access,
            nodes: Vec::new(),
            leader: None,
            local: None,
            held: Vec::new(),
            tasks,
            active: Vec::new(),
            unconfirmed: Unconfirmed::new(),
            checks: Vec::new(),
            successes: checks::Successes::new(),
            active_counts: BTreeMap::new(),
            now: pulse.now,
            pulse,
        }
    }

    /// Tasks whose last ended run went badly.
    fn troubled(&self) -> Vec<&Run> {
        let bad = |run: &&Run| {
            matches!(run.state, RunState::Failed | RunState::TimedOut | RunState::Lost | RunState::Partial)
        };
        self.living().filter_map(|row| row.last.as_ref()).filter(bad).collect()
    }

    /// Checks of tasks as they are now that found what a person should know.
    fn troubled_checks(&self) -> Vec<&CheckRow> {
        let hash = |name: &TaskName| {
            self.living().find(|row| row.task.name() == name).map(|row| row.task.definition.hash())
        };
        let mut rows = checks::that_count(&self.checks, &self.nodes, hash);
        rows.retain(|row| checks::is_troubled(row));
        rows
    }

    fn checks_json(&self) -> Vec<Value> {
        let rows = self.troubled_checks();
        let mut told = checks::as_json(&rows);
        for (told, row) in told.iter_mut().zip(rows) {
            told["run_succeeded_since"] = checks::is_overtaken(row, &self.successes).into();
        }
        told
    }

    /// Slots that should have been accounted for, each task's first.
    fn overdue(&self) -> Vec<(&KnownTask, Timestamp)> {
        let overdue = |row: &'_ Row| {
            let until = row.task.row.as_ref()?.ledger_until?;
            let slot = row.task.definition.next_slot(until)?;
            let due = slot + delta(row.task.definition.jitter_offset());
            (due + delta(OVERDUE_AFTER) < self.now).then_some(slot)
        };
        self.living().filter_map(|row| overdue(row).map(|slot| (&row.task, slot))).collect()
    }

    pub(super) fn living(&self) -> impl Iterator<Item = &Row> {
        self.tasks.iter().filter(|row| row.task.standing != Standing::Removed)
    }

    /// The overview as a page.
    pub(super) fn render(&self, zone: Tz, look: Look) -> String {
        let mut page = self.facts(look).render(look);
        let mut section = |head: &str, body: String| {
            let _ = write!(page, "\n{}\n{body}", look.strong(head));
        };
        if !self.nodes.is_empty() {
            section("Nodes", self.node_lines(zone, look));
        }
        if !self.active.is_empty() {
            section("Active runs", runs::render(&self.active, &self.unconfirmed, zone, look));
        }
        let lines = [
            ("How far runs of this host are", self.progress_lines()),
            ("Runs that are due and wait", self.held_lines(zone, look)),
            ("Runs that take longer than their interval", self.overrun_lines(look)),
            ("Paused tasks", self.paused_lines(look)),
            ("Blackouts in force", self.blackout_lines(look)),
            (
                "What checks of tasks found",
                checks::trouble_lines(&self.troubled_checks(), &self.successes, self.now, look),
            ),
        ];
        for (head, body) in lines {
            if !body.is_empty() {
                section(head, body);
            }
        }
        let overdue = self.overdue();
        if !overdue.is_empty() {
            section("Overdue slots", self.overdue_lines(&overdue, look));
        }
        let troubled = self.troubled();
        if !troubled.is_empty() {
            let troubled: Vec<Run> = troubled.into_iter().cloned().collect();
            section(
                "Tasks whose last run went wrong",
                runs::render(&troubled, &self.unconfirmed, zone, look),
            );
        }
        page
    }

    fn node_lines(&self, zone: Tz, look: Look) -> String {
        let leader = self.leader.as_ref();
        let mut lines = nodes::render(&self.nodes, leader, zone, self.pulse, look);
        for trouble in nodes::troubles(&self.nodes, leader, self.pulse) {
            let _ = writeln!(lines, "{}", look.paint(Tone::Bad, &trouble));
        }
        lines
    }

    fn overdue_lines(&self, overdue: &[(&KnownTask, Timestamp)], look: Look) -> String {
        let line = |(task, slot): &(&KnownTask, Timestamp)| {
            let since = times::with_distance(*slot, task.definition.timezone, self.now);
            format!("{}  {}\n", look.paint(Tone::Bad, task.name().as_str()), since)
        };
        overdue.iter().map(line).collect()
    }

    fn facts(&self, look: Look) -> Fields {
        let mut facts = Fields::new();
        let alive = self.nodes.iter().filter(|node| nodes::is_live_daemon(node, self.pulse)).count();
        match alive {
            0 if self.access == Access::Unreadable => facts.add_toned("daemon", "not known", Tone::Bad, look),
            0 => facts.add_toned(
                "daemon",
                "none is alive: nothing fires until `roundsman daemon` is started",
                Tone::Bad,
                look,
            ),
            1 => facts.add_toned("daemon", "alive", Tone::Good, look),
            more => facts.add_toned("daemon", format!("{more} are alive"), Tone::Good, look),
        }
        if let Some(age) =
            self.local.as_ref().and_then(|local| local.tick_age_secs).filter(|age| *age > TICK_LIMIT)
        {
            let words = format!("the daemon on this host has not looked at slots for {age:.0} s");
            facts.add_toned("tick", words, Tone::Bad, look);
        }
        match self.access {
            Access::Open => facts.add("store", &self.store),
            Access::Missing => facts.add("store", format!("{} (not there yet)", self.store)),
            Access::Unreadable => {
                facts.add_toned("store", format!("{} (cannot be read)", self.store), Tone::Bad, look);
            }
        }
        facts.add("tasks", self.task_counts());
        if self.access != Access::Unreadable {
            facts.add("runs", self.run_counts());
        }
        facts
    }

    fn task_counts(&self) -> String {
        let count = |wanted: fn(&Row) -> bool| self.living().filter(|row| wanted(row)).count();
        let parts = [
            (count(|row| row.task.definition.enabled && row.task.definition.schedule.is_some()), "scheduled"),
            (
                count(|row| row.task.definition.enabled && !row.task.definition.after.is_empty()),
                "after others",
            ),
            (
                count(|row| {
                    let definition = &row.task.definition;
                    definition.enabled && definition.schedule.is_none() && definition.after.is_empty()
                }),
                "on request only",
            ),
            (count(|row| !row.task.definition.enabled), "switched off"),
            (self.paused().len(), "paused"),
            (self.blackouts().len(), "in a blackout"),
        ];
        list(&parts.map(|(count, words)| (count as u64, words))).unwrap_or_else(|| "none".to_owned())
    }

    fn run_counts(&self) -> String {
        let mut parts: Vec<(u64, &str)> =
            self.active_counts.iter().map(|(state, count)| (*count, state.as_str())).collect();
        parts.push((self.unconfirmed.len() as u64, "of them unconfirmed: their node is silent"));
        list(&parts).unwrap_or_else(|| "none active".to_owned())
    }

    /// The overview for programs.
    pub(super) fn as_json(&self) -> Value {
        let overdue: Vec<Value> =
            self.overdue().iter().map(|(task, slot)| json!({ "task": task.name(), "slot": slot })).collect();
        let leader = self.leader.as_ref();
        let node = |node: &NodeRow| nodes::as_json(node, &self.nodes, leader, self.pulse);
        let held = |held: &Held| held::as_json(held, Tz::UTC, self.now);
        let overruns: Vec<Value> = self
            .overruns()
            .iter()
            .map(|(run, next)| json!({ "run": run.id, "task": run.task, "next_slot": next }))
            .collect();
        let paused: Vec<Value> = self
            .paused()
            .iter()
            .map(|(task, pause)| json!({ "task": task.name(), "pause": pause }))
            .collect();
        let blackouts: Vec<Value> = self.blackouts().iter().map(|task| self.blackout_json(task)).collect();
        json!({
            "now": self.now,
            "store": self.store,
            "store_access": self.access,
            "nodes": self.nodes.iter().map(node).collect::<Vec<_>>(),
            "daemon_here": self.local,
            "held": self.held.iter().map(held).collect::<Vec<_>>(),
            "overruns": overruns,
            "paused": paused,
            "blackouts": blackouts,
            "tasks": self.living().map(|row| as_json(row, self.now)).collect::<Vec<_>>(),
            "active_runs": self.active_counts,
            "active": self.active,
            "unconfirmed": self.unconfirmed,
            "overdue": overdue,
            "troubled": self.troubled(),
            "checks": self.checks_json(),
        })
    }
}

fn list(parts: &[(u64, &str)]) -> Option<String> {
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
