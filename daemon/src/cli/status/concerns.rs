//! What a person should know beside nodes and runs: what waits and why, what takes too long, what is paused or in a
//! blackout. It judges only by what the overview holds.

use chrono_tz::Tz;
use roundsman_engine::Progress;
use roundsman_model::{Pause, Run, RunState, Timestamp};
use serde_json::{Value, json};

use super::overview::Overview;
use crate::cli::{
    held, how_far,
    look::{Look, Tone},
    plan::KnownTask,
    prospect,
    table::Table,
    tasks::Row,
    times,
};

impl Overview {
    pub(super) fn held_lines(&self, zone: Tz, look: Look) -> String {
        if self.held.is_empty() {
            return String::new();
        }
        let mut table = Table::new().number("RUN").column("TASK").column("DUE").text("WAITS FOR");
        for held in &self.held {
            table.row(vec![
                held.run.id.to_string().into(),
                held.run.task.as_str().into(),
                times::distance(held.run.due_at, self.now).into(),
                held::words(held, zone, self.now).into(),
            ]);
        }
        table.render(look)
    }

    /// Of runs of the daemon of this host; the store does not know it of others.
    pub(super) fn progress_lines(&self) -> String {
        let known = self.local.iter().flat_map(|local| &local.progress);
        let line = |progress: &Progress| {
            let task =
                self.active.iter().find(|run| run.id == progress.run).map_or("", |run| run.task.as_str());
            format!("run {} of {task}  {}\n", progress.run, how_far::words(progress, self.now))
        };
        known.filter(|known| self.active.iter().any(|run| run.id == known.run)).map(line).collect()
    }

    /// Running runs that are still under way when the next slot of their task has come.
    pub(super) fn overruns(&self) -> Vec<(&Run, Timestamp)> {
        let overrun = |run: &'_ Run| {
            let slot = run.slot.filter(|_| run.state == RunState::Running)?;
            let task = self.living().find(|row| *row.task.name() == run.task)?;
            task.task.definition.next_slot(slot).filter(|next| *next < self.now)
        };
        self.active.iter().filter_map(|run| overrun(run).map(|next| (run, next))).collect()
    }

    pub(super) fn overrun_lines(&self, look: Look) -> String {
        let line = |(run, next): &(&Run, Timestamp)| {
            let since = run.started_at.map(|started| times::between(started, self.now)).unwrap_or_default();
            let task = look.paint(Tone::Warn, run.task.as_str());
            format!(
                "{task}  run {} runs for {since}; its next slot was {}\n",
                run.id,
                times::ago(*next, self.now)
            )
        };
        self.overruns().iter().map(line).collect()
    }

    pub(super) fn paused(&self) -> Vec<(&KnownTask, &Pause)> {
        self.living().filter_map(|row| Some((&row.task, row.task.pause(self.now)?))).collect()
    }

    pub(super) fn paused_lines(&self, look: Look) -> String {
        let line = |(task, pause): &(&KnownTask, &Pause)| {
            let words = prospect::pause_words(pause, task.definition.timezone);
            format!("{}  {words}\n", look.paint(Tone::Warn, task.name().as_str()))
        };
        self.paused().iter().map(line).collect()
    }

    pub(super) fn blackouts(&self) -> Vec<&KnownTask> {
        let covered = |row: &&Row| prospect::blackout(&row.task, self.now).is_some();
        self.living().filter(covered).map(|row| &row.task).collect()
    }

    pub(super) fn blackout_lines(&self, look: Look) -> String {
        let line = |task: &&KnownTask| {
            let words = prospect::blackout_words(task, self.now);
            format!("{}  {words}\n", look.paint(Tone::Warn, task.name().as_str()))
        };
        self.blackouts().iter().map(line).collect()
    }

    pub(super) fn blackout_json(&self, task: &KnownTask) -> Value {
        let found = prospect::blackout(task, self.now);
        let (window, reason) = found.map_or((None, None), |(window, reason)| (Some(window), reason));
        json!({ "task": task.name(), "window": window, "reason": reason })
    }
}
