//! What stands behind the host's functions: the attempt, what the plugin told, and the replies it holds. There is one in a
//! process. It reads no bytes of the plugin; the table does.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use roundsman_task::TaskContext;
use serde_json::Value;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// What a plugin said of its work.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Told {
    /// Nothing.
    #[default]
    Nothing,
    /// This.
    Answer(Value),
    /// Something that could not be read, for this reason.
    Unreadable(String),
    /// That it did not work.
    Failure { instruction: i32, cause: String },
}

/// The desk. It stays when the run is over, so that late calls find someone who refuses them.
pub(super) struct Desk {
    pub(super) cx: TaskContext,
    runtime: Handle,
    told: Mutex<Told>,
    replies: Mutex<HashMap<usize, Zeroizing<Vec<u8>>>>,
    over: AtomicBool,
}

static DESK: OnceLock<Desk> = OnceLock::new();

impl Desk {
    /// Opens the desk for this attempt. Must be called where the runtime is.
    pub(super) fn open(cx: TaskContext) -> &'static Self {
        DESK.get_or_init(|| Self {
            cx,
            runtime: Handle::current(),
            told: Mutex::default(),
            replies: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// The desk, as long as the plugin's function runs.
    pub(super) fn get() -> Option<&'static Self> {
        DESK.get().filter(|desk| !desk.over.load(Ordering::Acquire))
    }

    /// Nothing more is taken. Returns what was told.
    pub(super) fn close(&self) -> Told {
        self.over.store(true, Ordering::Release);
        std::mem::take(&mut lock(&self.told))
    }

    /// The last word counts.
    pub(super) fn tell(&self, told: Told) {
        *lock(&self.told) = told;
    }

    /// Waits on the plugin's own thread.
    pub(super) fn wait<T>(&self, question: impl Future<Output = T>) -> T {
        self.runtime.block_on(question)
    }

    /// Keeps a reply until it is given back; returns its address.
    pub(super) fn keep(&self, reply: Vec<u8>) -> *const u8 {
        let address = reply.as_ptr();
        lock(&self.replies).insert(address as usize, Zeroizing::new(reply));
        address
    }

    /// Drops a reply. One that was never given, or given back before, is passed over.
    pub(super) fn release(&self, address: *const u8) {
        lock(&self.replies).remove(&(address as usize));
    }
}

/// Nothing that could panic is done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
