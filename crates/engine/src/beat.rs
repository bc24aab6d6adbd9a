//! The heartbeat: tells the store that this node lives, renews the leases of its runs, and ends attempts whose lease is
//! gone. It decides nothing about other nodes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::{Engine, Service, live::Word};

/// How often.
pub(crate) const BEAT: Duration = Duration::from_secs(10);
/// How long a node must have been silent, by our own clock, before its runs are taken back without a proof of its end.
/// Until then its workers may finish what they do (`without_store = "finish"`).
pub(crate) const NODE_GONE_AFTER: Duration = Duration::from_secs(15 * 60);

/// Keeps what is ours.
pub struct Heart {
    engine: Arc<Engine>,
    wakeups: Arc<Notify>,
}

impl Heart {
    /// A heart for this engine.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, wakeups: Arc::new(Notify::new()) }
    }
}

#[async_trait]
impl Service for Heart {
    fn name(&self) -> &'static str {
        "beat"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        let leases = self.engine.live.leases();
        let beaten = self.engine.store().beat(self.engine.me(), &leases, self.engine.now()).await;
        let Ok(ours) = self.engine.note_write(beaten) else { return BEAT / 5 };
        for lease in leases {
            if !ours.contains(&lease.run) && self.engine.live.holds(&lease) {
                tracing::warn!(run.id = %lease.run, attempt = lease.attempt, "the run was taken over; ending our attempt");
                self.engine.live.tell(lease.run, Word::Cancel(roundsman_wire::CancelReason::Lease));
            }
        }
        BEAT
    }
}
