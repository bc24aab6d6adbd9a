//! How many clusters are worked at at a time: fewer after the cloud had no machines. It does not know what work is.

use std::sync::Mutex;

use tokio::sync::Notify;

/// Lets so many through at a time.
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    size: usize,
    inside: usize,
}

/// Somebody who is inside.
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(size: usize) -> Self {
        Self { state: Mutex::new(State { size: size.max(1), inside: 0 }), changed: Notify::new() }
    }

    /// Waits for a place.
    pub(super) async fn enter(&self) -> Pass<'_> {
        loop {
            let changed = self.changed.notified();
            if self.take() {
                return Pass(self);
            }
            changed.await;
        }
    }

    /// From now on there are no more places than this, and never less than one.
    pub(super) fn narrow(&self, size: usize) {
        let mut state = self.state();
        state.size = state.size.min(size.max(1));
    }

    fn take(&self) -> bool {
        let mut state = self.state();
        let free = state.inside < state.size;
        state.inside += usize::from(free);
        free
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while counting")
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_narrower_gate_fills_up_only_once_enough_have_left() {
        let gate = Gate::new(4);
        let mut inside: Vec<_> = (0..4).map(|_| gate.enter().now_or_never().unwrap()).collect();
        gate.narrow(2);
        for expected in [false, false, true] {
            inside.pop();
            let entered = gate.enter().now_or_never();
            assert_eq!(entered.is_some(), expected, "{} inside", inside.len());
            inside.extend(entered);
        }
        gate.narrow(0);
        inside.clear();
        assert!(gate.enter().now_or_never().is_some());
    }
}
