//! Who fires. Of several daemons on one Postgres one leads: it renews its lead, the others watch and take it over when it
//! resigns, is proved dead, or stands still. Safety does not rest on this: whatever a leader writes is fenced by its
//! epoch. It fires nothing itself.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{NodeId, Timestamp};
use roundsman_store::{Backend, Leader, StoreResult};
use roundsman_telemetry::LeadChanged;
use tokio::sync::Notify;

use crate::{Engine, Neighbours, Service};

/// How long a lead holds without being renewed, by the clock of whoever watches it.
pub(crate) const LEAD_LEASE: Duration = Duration::from_secs(6);
/// A leader fires for so long without having renewed: it stops before others may take over.
const TENURE: Duration = Duration::from_secs(5);
/// How often a leader renews.
const RENEW: Duration = Duration::from_secs(2);
/// How often the others look.
const WATCH: Duration = Duration::from_secs(1);
/// Two looks further apart than this are not one watch: nobody knows what was between them.
const LOST_SIGHT: Duration = Duration::from_secs(4);

/// How this node stands to firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No other daemon can be there: it fires.
    Alone,
    /// It leads under this epoch, and fires.
    Leads(i64),
    /// Another leads, or nobody yet.
    Follows,
}

impl Standing {
    /// Whether this node may fire.
    pub fn fires(self) -> bool {
        self != Self::Follows
    }

    /// The epoch that fences what is written.
    pub fn epoch(self) -> Option<i64> {
        match self {
            Self::Leads(epoch) => Some(epoch),
            Self::Alone | Self::Follows => None,
        }
    }
}

/// Where this node's standing is kept; the services read it.
pub(crate) struct Seat(Mutex<State>);

struct State {
    alone: bool,
    epoch: Option<i64>,
    /// The lead counts up to here, on the clock that nobody sets.
    until: Duration,
    /// Since when nobody led, if this node saw that happen.
    vacant_since: Option<Timestamp>,
}

impl Seat {
    /// The seat of a node on such a database.
    pub(crate) fn new(backend: Backend) -> Self {
        let alone = backend == Backend::Sqlite;
        Self(Mutex::new(State { alone, epoch: None, until: Duration::ZERO, vacant_since: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self, uptime: Duration) -> Standing {
        let state = self.state();
        match state.epoch {
            _ if state.alone => Standing::Alone,
            Some(epoch) if uptime < state.until => Standing::Leads(epoch),
            _ => Standing::Follows,
        }
    }

    fn epoch(&self) -> Option<i64> {
        self.state().epoch
    }

    /// The lead was had at an instant of the steady clock.
    fn hold(&self, epoch: i64, asked_at: Duration) {
        let mut state = self.state();
        state.epoch = Some(epoch);
        state.until = asked_at + TENURE;
    }

    /// That epoch is over.
    fn lose(&self, epoch: i64) -> bool {
        let mut state = self.state();
        let ours = state.epoch == Some(epoch);
        state.epoch = state.epoch.filter(|_| !ours);
        ours
    }
}

impl Engine {
    /// How this node stands to firing.
    pub fn standing(&self) -> Standing {
        self.seat.standing(self.uptime().total)
    }

    /// The epoch under which this node leads, where there are epochs.
    pub fn epoch(&self) -> Option<i64> {
        self.standing().epoch()
    }

    /// Gives the lead up, so that another takes it at once.
    pub async fn resign(&self) {
        let Some(epoch) = self.seat.epoch() else { return };
        self.seat.lose(epoch);
        match self.store().resign(self.me(), epoch).await {
            Ok(()) => LeadChanged::Resigned { epoch }.emit(),
            // The others take over when they have seen it stand still for long enough.
            Err(error) => tracing::warn!("could not resign the lead at the store: {error}"),
        }
    }

    /// Whether another node leads, as opposed to a lead that could not be renewed in time.
    pub(crate) fn lead_is_lost(&self) -> bool {
        self.seat.epoch().is_none()
    }

    /// The store said that this epoch is over.
    pub(crate) fn deposed(&self, epoch: i64) {
        if self.seat.lose(epoch) {
            LeadChanged::Lost { epoch }.emit();
        }
    }

    /// Since when nobody led before this node did, if it saw that; told once.
    pub(crate) fn vacancy(&self) -> Option<Timestamp> {
        self.seat.state().vacant_since.take()
    }
}

struct Seen {
    leader: Leader,
    /// Since when it was watched with these renewals, by the steady clock; not while the store was away: a leader could
    /// not renew then.
    since: Option<Duration>,
    looked_at: Duration,
    /// When it was last seen to move, by the wall clock.
    moved_at: Option<Timestamp>,
}

/// Leads, or watches the leader.
pub struct Lead {
    engine: Arc<Engine>,
    neighbours: Arc<dyn Neighbours>,
    seen: Option<Seen>,
    wakeups: Arc<Notify>,
}

impl Lead {
    /// A candidate that asks these neighbours for proof of a leader's end.
    pub fn new(engine: Arc<Engine>, neighbours: Arc<dyn Neighbours>) -> Self {
        let health = engine.health().clone();
        if engine.standing() == Standing::Alone {
            health.leads("this node fires");
        } else {
            health.leads("nobody leads yet");
        }
        Self { engine, neighbours, seen: None, wakeups: Arc::new(Notify::new()) }
    }

    /// Renews or watches once. Whatever changes, the firer learns of it.
    pub async fn turn(&mut self) -> StoreResult<()> {
        match self.engine.seat.epoch() {
            Some(epoch) => self.renew(epoch).await,
            None => self.watch().await,
        }
    }

    async fn renew(&mut self, epoch: i64) -> StoreResult<()> {
        let asked_at = self.engine.uptime().total;
        let kept = self.engine.store().keep_lead(self.engine.me(), epoch).await;
        if self.engine.note_write(kept)? {
            self.engine.seat.hold(epoch, asked_at);
        } else {
            self.engine.deposed(epoch);
            self.seen = None;
            self.engine.health().leads("lost the lead to another node");
            self.engine.wake_firer.notify_one();
        }
        Ok(())
    }

    async fn watch(&mut self) -> StoreResult<()> {
        let asked_at = self.engine.uptime().total;
        let leader = self.engine.note_read(self.engine.store().leader().await);
        self.keep_watch(leader.is_ok(), asked_at);
        let (leader, now) = (leader?, self.engine.uptime().total);
        let Some(leader) = leader else {
            return self.take(None, None).await;
        };
        let seen = self.seen.take();
        let moved_at = seen.as_ref().and_then(|seen| seen.moved_at);
        if leader.holder.is_none() {
            return self.take(Some(leader), moved_at).await;
        }
        let (since, moved_at) = match seen {
            Some(seen) if seen.leader == leader => (seen.since.unwrap_or(now), moved_at),
            Some(_) => (now, Some(self.engine.now())),
            None => (now, None),
        };
        if self.is_over(&leader) || asked_at.saturating_sub(since) >= LEAD_LEASE {
            return self.take(Some(leader), moved_at).await;
        }
        if let Some(holder) = &leader.holder {
            self.engine.health().leads(&follows(&holder.node));
        }
        self.seen = Some(Seen { leader, since: Some(since), looked_at: now, moved_at });
        Ok(())
    }

    /// A lead counts as unchanged only while it could have been seen to change: with the store reachable, and awake.
    fn keep_watch(&mut self, reachable: bool, now: Duration) {
        let Some(seen) = &mut self.seen else { return };
        if !reachable || now.saturating_sub(seen.looked_at) > LOST_SIGHT {
            seen.since = None;
        }
    }

    /// Whether it is proved that the leader has ended, or it is ourselves and we did not hear of it.
    fn is_over(&self, leader: &Leader) -> bool {
        leader
            .holder
            .as_ref()
            .is_some_and(|holder| holder == self.engine.me() || self.neighbours.is_proved_dead(holder))
    }

    async fn take(&mut self, seen: Option<Leader>, moved_at: Option<Timestamp>) -> StoreResult<()> {
        let (asked_at, now) = (self.engine.uptime().total, self.engine.now());
        let taken = self.engine.store().take_lead(self.engine.me(), seen.as_ref(), now).await;
        let Some(epoch) = self.engine.note_write(taken)? else { return Ok(()) };
        self.engine.seat.hold(epoch, asked_at);
        self.engine.seat.state().vacant_since = moved_at;
        LeadChanged::Taken { epoch }.emit();
        self.engine.health().leads("this node leads");
        self.engine.wake_firer.notify_one();
        Ok(())
    }
}

fn follows(node: &NodeId) -> String {
    format!("follows node {node}")
}

#[async_trait]
impl Service for Lead {
    fn name(&self) -> &'static str {
        "lead"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        if self.engine.standing() == Standing::Alone || self.engine.stop_claiming.is_cancelled() {
            return RENEW;
        }
        // An error was noted already. A leader that cannot renew tries often: others may take over soon.
        match self.turn().await {
            Ok(()) if self.engine.seat.epoch().is_some() => RENEW,
            Ok(()) => WATCH.mul_f64(rand::random_range(0.8..1.2)),
            Err(_) => WATCH / 2,
        }
    }
}
