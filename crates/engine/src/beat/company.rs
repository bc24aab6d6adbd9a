//! Whether other daemons use the same store, and with it whether workers have to end with their lease. Whoever is in
//! doubt assumes company: that costs runs during an outage, never two at a time.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use roundsman_model::NodeId;
use roundsman_store::{Backend, Claimer, NodeRow};
use roundsman_wire::{Lease, boot_time};
use tokio::time::Instant;

use crate::{Engine, WithoutStore};

/// How often nodes are counted.
const RHYTHM: Duration = Duration::from_secs(60);
/// A node whose beats were not seen to rise for so long is no company.
const SILENCE: Duration = Duration::from_mins(3);

/// Whether other daemons use the same store, as last counted.
#[derive(Default)]
pub(crate) struct Company {
    alone: AtomicBool,
}

/// Counts the nodes that live.
#[derive(Default)]
pub(super) struct Census {
    seen: HashMap<NodeId, (i64, Instant)>,
    counted: Option<Instant>,
}

impl Census {
    /// Counts, if it is time to.
    pub(super) async fn refresh(&mut self, engine: &Engine) {
        let matters = engine.store().backend() == Backend::Postgres
            && engine.parts.settings.without_store == WithoutStore::ByNodes;
        if !matters || self.counted.is_some_and(|at| at.elapsed() < RHYTHM) {
            return;
        }
        if let Ok(nodes) = engine.note_read(engine.store().nodes(engine.now()).await) {
            self.counted = Some(Instant::now());
            let others = nodes.iter().filter(|node| node.entry.holder.node != engine.me().node);
            engine.company.alone.store(self.living(others) == 0, Ordering::Relaxed);
        }
    }

    fn living<'a>(&mut self, nodes: impl Iterator<Item = &'a NodeRow>) -> usize {
        let daemons = nodes.filter(|node| !node.entry.one_shot && node.ended_at.is_none());
        let mut seen = HashMap::new();
        for node in daemons {
            let id = &node.entry.holder.node;
            let known = self.seen.get(id).filter(|(beats, _)| *beats == node.beats);
            seen.insert(id.clone(), known.copied().unwrap_or((node.beats, Instant::now())));
        }
        self.seen = seen;
        self.seen.values().filter(|(_, since)| since.elapsed() < SILENCE).count()
    }
}

/// Runs as they are about to be claimed: by whom, when they were asked for, and whether their workers end with their
/// lease. All three have to be the same for the store and for the worker.
pub struct Claiming {
    claimer: Claimer,
    asked_at: Duration,
    lease: Duration,
}

impl Claiming {
    /// What the store is told.
    pub fn claimer(&self) -> &Claimer {
        &self.claimer
    }

    /// What the worker of a claimed run is told.
    pub(crate) fn lease_of(&self, run: &roundsman_model::Run) -> Option<Lease> {
        let ends_with_lease = self.claimer.stops_workers && run.terms.alone;
        ends_with_lease.then(|| Lease::asked_for(self.asked_at, self.lease))
    }
}

impl Engine {
    /// Makes ready for a claim; to be called right before it, since leases count from here.
    pub fn claiming(&self) -> Claiming {
        let settings = &self.parts.settings;
        let claimer = Claimer {
            holder: self.me().clone(),
            kinds: self.kinds(),
            labels: settings.labels.clone(),
            stops_workers: self.stops_workers(),
        };
        Claiming { claimer, asked_at: boot_time(), lease: settings.lease }
    }

    fn stops_workers(&self) -> bool {
        match self.parts.settings.without_store {
            WithoutStore::Stop => true,
            WithoutStore::Finish => false,
            WithoutStore::ByNodes => {
                self.store().backend() == Backend::Postgres && !self.company.alone.load(Ordering::Relaxed)
            }
        }
    }
}
