//! The first step, because students wait for it: groups that were blocked may start their clusters again. How a block is
//! released is not its matter.

use roundsman_task::TaskError;

use super::ending::{Closing, told};
use crate::{
    enforce,
    state::{BlockRow, Step},
};

impl Closing<'_> {
    /// Releases all blocks of the days, once for all of them. A day waits until none of its own or of an earlier one is left.
    pub async fn restore(&mut self) -> Result<(), TaskError> {
        self.restore_ahead().await;
        let waiting = self.waiting_for(Step::Restore);
        let Some(&last) = waiting.last() else {
            return Ok(());
        };
        let until = self.days[last].date();
        let released = enforce::release_all(self.lab, until).await;
        let blocks = told(self.lab.state.blocks().await)?;
        for &index in &waiting {
            let date = self.days[index].date();
            let result = match (&released.error, &blocks) {
                (Some(error), _) | (None, Err(error)) => Err(error.clone()),
                (None, Ok(blocks)) => still_blocked(blocks.values().filter(|block| block.day <= date)),
            };
            self.note(index, Step::Restore, result).await?;
        }
        self.impossible
            .extend(released.impossible.iter().map(|trouble| trouble.sentence("cannot be released")));
        self.problems.extend(self.impossible.iter().cloned());
        self.planned.extend(released.planned);
        self.released.extend(released.released);
        Ok(())
    }

    /// Releases what a clock that was ahead blocked for days to come.
    async fn restore_ahead(&mut self) {
        let released = enforce::release_ahead(self.lab, self.today.date()).await;
        self.problems.extend(released.problems());
        self.planned.extend(released.planned);
        self.released.extend(released.released);
    }
}

/// An error that names the clusters that are left.
fn still_blocked<'a>(blocks: impl Iterator<Item = &'a BlockRow>) -> Result<Option<String>, String> {
    let told: Vec<_> = blocks
        .map(|block| {
            let error = block.error.as_deref().unwrap_or("nothing is known of it");
            format!("{} is still blocked: {error}", block.name)
        })
        .collect();
    if told.is_empty() { Ok(None) } else { Err(told.join("; ")) }
}
