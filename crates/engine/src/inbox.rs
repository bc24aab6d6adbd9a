//! What others tell the firer between two turns: tasks that changed, definitions to put in force. It does nothing with it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use roundsman_model::TaskName;

use crate::{
    Engine,
    reload::{Answer, Wanted},
};

/// What the firer has been told.
#[derive(Default)]
pub(crate) struct Inbox {
    hints: Mutex<Hints>,
    reloads: Mutex<Vec<(Wanted, Answer)>>,
}

/// Tasks that may have changed in the store.
#[derive(Default)]
pub(crate) struct Hints {
    /// These did.
    pub(crate) tasks: BTreeSet<TaskName>,
    /// Some did.
    pub(crate) all: bool,
}

impl Inbox {
    fn hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reloads(&self) -> MutexGuard<'_, Vec<(Wanted, Answer)>> {
        self.reloads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// A hint: this task was paused, resumed, or wants to be woken. Without hints it is noticed some seconds later.
    pub fn task_changed(&self, task: &TaskName) {
        self.inbox.hints().tasks.insert(task.clone());
        self.wake_firer.notify_one();
    }

    /// A hint: somebody changed something in the store. Everybody looks at once.
    pub fn look_now(&self) {
        self.inbox.hints().all = true;
        self.wake_firer.notify_one();
        self.wake_dispatcher.notify_one();
    }

    pub(crate) fn take_hints(&self) -> Hints {
        std::mem::take(&mut *self.inbox.hints())
    }

    pub(crate) fn ask_reload(&self, wanted: Wanted, answer: Answer) {
        self.inbox.reloads().push((wanted, answer));
        self.wake_firer.notify_one();
    }

    /// Takes back requests whose answer nobody waits for any more. Returns whether there was one.
    pub(crate) fn withdraw_reloads(&self) -> bool {
        let mut reloads = self.inbox.reloads();
        let before = reloads.len();
        reloads.retain(|(_, answer)| !answer.is_closed());
        reloads.len() < before
    }

    pub(crate) fn take_reloads(&self) -> Vec<(Wanted, Answer)> {
        std::mem::take(&mut *self.inbox.reloads())
    }
}
