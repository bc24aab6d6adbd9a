//! Failures that a run has shown to be over since: the gauge forgets them at once. What was found stays in the store until
//! the next look.

use roundsman_model::{Run, RunState, TaskName};
use roundsman_store::{RunFilter, StoreResult};
use roundsman_telemetry::set_check_failures;

use super::{Examiner, memory::Memory};

/// So many runs are looked at: actions and dry runs among them tell nothing.
const NEWEST: u32 = 5;

impl Examiner {
    /// Shows no failure of tasks of which a run has succeeded that began after the look.
    pub(super) async fn show_overtaken(&self) -> StoreResult<()> {
        let failing: Vec<(TaskName, _)> =
            self.memory.iter().flat_map(Memory::failing).map(|(task, at)| (task.clone(), at)).collect();
        for (task, at) in failing {
            let filter = RunFilter {
                task: Some(task.clone()),
                states: vec![RunState::Succeeded],
                limit: NEWEST,
                ..RunFilter::default()
            };
            let succeeded = self.engine.note_read(self.engine.store().runs(&filter).await)?;
            let tells = |run: &Run| !run.dry_run && run.action.is_none() && run.started_at > Some(at);
            if succeeded.iter().any(tells) {
                set_check_failures(task.as_str(), 0);
            }
        }
        Ok(())
    }
}
