//! Faults that were made known: which of them strikes a request, and how often each did. What a fault does is its own.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{Fault, Ruling};
use crate::exchange::Asked;

/// A fault that was made known: how often it struck, and its end.
#[derive(Clone)]
pub struct FaultHandle(Arc<Known>);

struct Known {
    fault: Fault,
    calls: AtomicU32,
    fired: AtomicU32,
    lifted: AtomicBool,
}

impl FaultHandle {
    /// How many requests it looked at.
    pub fn calls(&self) -> u32 {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// How many it struck.
    pub fn fired(&self) -> u32 {
        self.0.fired.load(Ordering::SeqCst)
    }

    /// It strikes no more.
    pub fn lift(&self) {
        self.0.lifted.store(true, Ordering::SeqCst);
    }
}

/// All faults that were made known.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Arc<Known>>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) -> FaultHandle {
        let known = Known {
            fault,
            calls: AtomicU32::new(0),
            fired: AtomicU32::new(0),
            lifted: AtomicBool::new(false),
        };
        let known = Arc::new(known);
        self.known().push(known.clone());
        FaultHandle(known)
    }

    pub(crate) fn clear(&self) {
        self.known().clear();
    }

    /// What happens to this request: every fault that means it counts it, the first that strikes is the one.
    pub(crate) fn rule(&self, asked: &Asked) -> Option<Ruling> {
        let mut ruling = None;
        for known in self.known().iter() {
            if known.lifted.load(Ordering::SeqCst) || !known.fault.means(asked) {
                continue;
            }
            let call = known.calls.fetch_add(1, Ordering::SeqCst) + 1;
            if ruling.is_none() && known.fault.strikes(call, known.fired.load(Ordering::SeqCst)) {
                known.fired.fetch_add(1, Ordering::SeqCst);
                ruling = Some(known.fault.ruling(asked));
            }
        }
        ruling
    }

    fn known(&self) -> MutexGuard<'_, Vec<Arc<Known>>> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}
