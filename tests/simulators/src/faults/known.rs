//! Faults that were made known: which of them strikes a request, and how often each did. What a fault does is its own.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{Fault, Gate, Ruling, Shape};
use crate::exchange::Asked;

/// A fault that was made known: how often it struck, and its end.
#[derive(Clone)]
pub struct FaultHandle(Arc<Known>);

struct Known {
    fault: Fault,
    calls: AtomicU32,
    fired: AtomicU32,
    lifted: AtomicBool,
    gate: Arc<Gate>,
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

    /// Bodies that stall until this is said go on, now and later.
    pub fn release(&self) {
        self.0.gate.release();
    }

    /// Returns once so many bodies stand still by it.
    pub async fn stalled(&self, bodies: u32) {
        self.0.gate.reached(bodies).await;
    }

    /// It strikes no more.
    pub fn lift(&self) {
        self.0.lifted.store(true, Ordering::SeqCst);
    }
}

/// All faults that were made known.
#[derive(Default)]
pub(crate) struct Faults {
    known: Mutex<Vec<Arc<Known>>>,
    usual: Option<Shape>,
}

impl Faults {
    /// None yet; bodies look like this where a fault does not say.
    pub(crate) fn shaped(usual: Shape) -> Self {
        Self { known: Mutex::default(), usual: Some(usual) }
    }

    pub(crate) fn add(&self, fault: Fault) -> FaultHandle {
        let known = Known {
            fault,
            calls: AtomicU32::new(0),
            fired: AtomicU32::new(0),
            lifted: AtomicBool::new(false),
            gate: Arc::default(),
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
                ruling = Some(known.fault.ruling(asked, self.usual, &known.gate));
            }
        }
        ruling
    }

    fn known(&self) -> MutexGuard<'_, Vec<Arc<Known>>> {
        self.known.lock().expect("nothing panics while it holds the lock")
    }
}
