//! How the firer learns of what others change in the store: pauses, wake-ups, ledgers. A refused firing and a hint tell it
//! at once, a cheap question every few seconds tells the rest. It decides about no slot.

use std::{collections::BTreeSet, time::Duration};

use roundsman_model::TaskName;
use roundsman_store::{StoreResult, TaskRow};
use roundsman_telemetry::FiringMoved;

use super::{CATCH_UP_RHYTHM, Firer};

/// How often revisions are compared.
const REVISIONS: Duration = Duration::from_secs(5);

/// When others were last asked about, on the clock that nobody sets.
#[derive(Default)]
pub(super) struct Refresh {
    revisions: Option<Duration>,
    busy: Option<Duration>,
}

impl Refresh {
    /// Whether to ask for active runs; if so it counts as asked.
    pub(super) fn busy_is_due(&mut self, now: Duration) -> bool {
        let due = self.busy.is_none_or(|last| now.saturating_sub(last) >= CATCH_UP_RHYTHM);
        self.busy = if due { Some(now) } else { self.busy };
        due
    }

    fn revisions_are_due(&mut self, now: Duration, hinted: bool) -> bool {
        let due = hinted || self.revisions.is_none_or(|last| now.saturating_sub(last) >= REVISIONS);
        self.revisions = if due { Some(now) } else { self.revisions };
        due
    }

    /// All was read just now.
    pub(super) fn all_was_read(&mut self, now: Duration) {
        self.revisions = Some(now);
    }
}

impl Firer {
    /// Reads what others may have changed since the last turn.
    pub(super) async fn look_for_changes(&mut self) -> StoreResult<()> {
        let hints = self.engine.take_hints();
        let mut changed = hints.tasks;
        if self.refresh.revisions_are_due(self.engine.uptime().total, hints.all) {
            let revisions = self.engine.note_read(self.engine.store().revisions().await)?;
            let news = revisions.into_iter().filter(|(task, revision)| {
                self.watched.get(task).is_some_and(|watched| watched.revision != *revision)
            });
            changed.extend(news.map(|(task, _)| task));
        }
        self.read_anew(changed.into_iter().collect()).await.map(drop)
    }

    /// Reads these tasks anew and plans them again. Returns whether there were any.
    pub(super) async fn read_anew(&mut self, tasks: Vec<TaskName>) -> StoreResult<bool> {
        if tasks.is_empty() {
            return Ok(false);
        }
        let rows = self.engine.note_read(self.engine.store().tasks_named(&tasks).await)?;
        let found: BTreeSet<_> = rows.iter().map(|row| row.definition.name.clone()).collect();
        let moved: Vec<_> = rows.iter().filter(|row| self.take_row(row)).collect();
        if let Some(row) = moved.first() {
            FiringMoved { task: &row.definition.name, tasks: moved.len() }.emit();
        }
        for task in tasks.iter().filter(|task| !found.contains(*task)) {
            self.watched.remove(task);
        }
        Ok(true)
    }

    /// Takes over what is recorded. Returns whether the ledger is another than was thought.
    fn take_row(&mut self, row: &TaskRow) -> bool {
        let task = &row.definition.name;
        let Some(watched) = self.watched.get_mut(task) else { return false };
        if row.removed_at.is_some() || row.hash != watched.hash {
            // Other definitions are in force than those of this node, which is the one that counts: it takes over anew.
            self.reign = None;
            return false;
        }
        if row.ledger_until < Some(watched.ledger_until) {
            // Slots were taken back; which of those after them ran is read when it takes over anew.
            self.reign = None;
            return true;
        }
        let moved = row.ledger_until != Some(watched.ledger_until);
        watched.refresh(row);
        self.plan_next(task);
        moved
    }
}
