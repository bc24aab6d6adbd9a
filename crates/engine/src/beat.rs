//! The heartbeat: tells the store that this node lives, renews the leases of its runs, tells workers that end with their
//! lease, and ends attempts whose lease is gone. It decides nothing about other nodes.

mod company;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_telemetry::StoreStillAway;
use roundsman_wire::{CancelReason, Lease, boot_time};
use tokio::{sync::Notify, time::Instant};

pub use self::company::Claiming;
pub(crate) use self::company::Company;
use crate::{Engine, Service, live::Word};

/// The longest time between two beats.
const LONGEST_BEAT: Duration = Duration::from_secs(10);
/// After so long an outage of the store it is told again, then after each further time of the last.
const REMINDERS: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_mins(1), Duration::from_mins(5), Duration::from_mins(30)];

/// Keeps what is ours.
pub struct Heart {
    engine: Arc<Engine>,
    wakeups: Arc<Notify>,
    outage: Option<Outage>,
    census: company::Census,
}

/// A time in which the store took no beat.
struct Outage {
    since: Instant,
    reminders: u32,
}

impl Heart {
    /// A heart for this engine.
    pub fn new(engine: Arc<Engine>) -> Self {
        let census = company::Census::default();
        Self { engine, wakeups: Arc::new(Notify::new()), outage: None, census }
    }

    /// How often: six times in the time of a lease, so that a few may fail.
    fn rhythm(&self) -> Duration {
        (self.engine.parts.settings.lease / 6).min(LONGEST_BEAT)
    }

    /// Beats once. Returns whether the store took it.
    pub async fn beat(&mut self) -> bool {
        let engine = &self.engine;
        let leases = engine.live.leases();
        // The lease counts from here: when the answer comes, part of it may be used up.
        let asked_at = boot_time();
        let Ok(ours) = engine.note_write(engine.store().beat(engine.me(), &leases, engine.now()).await)
        else {
            return false;
        };
        let renewed = Lease::asked_for(asked_at, engine.parts.settings.lease);
        for lease in leases {
            if ours.contains(&lease.run) {
                engine.live.renew(&lease, renewed);
            } else if engine.live.holds(&lease) {
                tracing::warn!(run.id = %lease.run, attempt = lease.attempt, "the run was taken over; ending our attempt");
                engine.live.tell(lease.run, Word::Cancel(CancelReason::Lease));
            }
        }
        true
    }

    fn remind(&mut self) {
        let outage = self.outage.get_or_insert_with(|| Outage { since: Instant::now(), reminders: 0 });
        let away = outage.since.elapsed();
        if away >= due(outage.reminders) {
            outage.reminders += 1;
            StoreStillAway { away, results: self.engine.spool.len() }.emit();
        }
    }
}

/// After how long an outage the next reminder comes, when there were so many.
fn due(reminders: u32) -> Duration {
    let last = REMINDERS[REMINDERS.len() - 1];
    let further = (reminders + 1).saturating_sub(REMINDERS.len() as u32);
    REMINDERS.get(reminders as usize).copied().unwrap_or(last + last * further)
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
        if !self.beat().await {
            self.remind();
            return self.rhythm() / 5;
        }
        self.outage = None;
        self.engine.spool.try_now();
        self.census.refresh(&self.engine).await;
        self.rhythm()
    }
}

#[cfg(test)]
mod tests {
    //! When reminders of an outage come.

    use super::*;

    #[test]
    fn reminders_come_ever_more_seldom() {
        let seconds: Vec<_> = (0..6).map(|count| due(count).as_secs()).collect();
        assert_eq!(seconds, [10, 60, 300, 1_800, 3_600, 5_400]);
    }
}
