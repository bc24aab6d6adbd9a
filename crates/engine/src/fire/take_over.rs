//! What the firer does when it begins to fire, stops, or gets other definitions: the ledgers are closed by the definitions
//! then in force before anything new fires. It fires no slot itself.

use std::{collections::HashMap, sync::Arc, time::Duration};

use roundsman_model::{TaskDefinition, TaskName, Timestamp, time::delta};
use roundsman_store::{StoreResult, TaskRow};
use roundsman_telemetry::ClockOdd;

use super::{
    Firer,
    gap::{Cause, Gap},
    watched::Watched,
};
use crate::{
    Standing,
    clock::STALL,
    reconcile::{Definitions, reconcile},
    reload::{ReloadError, ReloadReport, Wanted, compare},
};

/// Daemons give a sign of life more often than this.
const NEIGHBOURLY: Duration = Duration::from_secs(30);

/// Slots after the ends of ledgers that ran already.
pub(crate) type Ahead = HashMap<TaskName, Vec<Timestamp>>;

impl Firer {
    /// Takes over the ledgers under this standing. Returns false if the clock is not to be trusted yet, or if another
    /// node leads by now.
    pub(super) async fn take_over(&mut self, standing: Standing) -> StoreResult<bool> {
        self.reign = None;
        let rows = self.engine.note_read(self.engine.store().tasks().await)?;
        if !self.trusts(&rows) {
            return Ok(false);
        }
        let Some(rows) = self.mended(rows, standing.epoch()).await? else {
            self.depose();
            return Ok(false);
        };
        let gap = self.gap_before();
        // If this fails, the next try is about the same gap.
        self.quiet = gap;
        let all = self.engine.definitions();
        let wanted = Definitions::new(&all);
        let ahead = self.ahead().await?;
        let limits = self.engine.limits();
        let taken = reconcile(&self.engine, standing.epoch(), gap, rows, &wanted, limits, &ahead).await;
        let Some(rows) = self.engine.note_write(taken)? else {
            self.depose();
            return Ok(false);
        };
        self.gap = gap;
        self.quiet = None;
        self.rebuild(&rows, &ahead);
        self.reign = Some(standing);
        Ok(true)
    }

    /// Compares the wall clock with the newest record, once. An odd one is waited out.
    fn trusts(&mut self, rows: &[TaskRow]) -> bool {
        let in_force = rows.iter().filter(|row| row.removed_at.is_none());
        let newest = in_force.filter_map(|row| row.ledger_until).chain(self.known_until()).max();
        if !self.trusted
            && let Some(newest) = newest
            && let Some(step) = self.clock.compare(newest, self.glance())
        {
            ClockOdd { step_ms: step.num_milliseconds() }.emit();
            self.tell_clock();
            return false;
        }
        self.trusted = true;
        true
    }

    /// What kept slots from firing before this node began to.
    fn gap_before(&mut self) -> Option<Gap> {
        let now = self.engine.now();
        if let Some(since) = self.engine.vacancy() {
            // A lead that was handed over leaves no gap worth the name; what its last holder left undecided is late.
            let brief = (now - since).to_std().is_ok_and(|passed| passed <= STALL);
            let cause = if brief { Cause::HandOver } else { Cause::NoLeader };
            return Some(Gap::open(cause, since));
        }
        let neighbourly = |since| self.stood_by && self.began_at - since <= delta(NEIGHBOURLY);
        match self.quiet {
            // A daemon lived when this one came up, and this one stood by: what lacked was a leader.
            Some(quiet) if quiet.since <= now && neighbourly(quiet.since) => {
                Some(Gap { cause: Cause::NoLeader, ..quiet })
            }
            Some(quiet) if quiet.since <= now => Some(quiet),
            // Recorded under a clock that was ahead: the ledgers tell since when.
            Some(_) => self.gap.or(Some(Gap::unknown())),
            None => self.gap,
        }
    }

    async fn ahead(&self) -> StoreResult<Ahead> {
        let mut ahead = Ahead::new();
        for (task, slot) in self.engine.note_read(self.engine.store().ran_ahead().await)? {
            ahead.entry(task).or_default().push(slot);
        }
        Ok(ahead)
    }

    /// Takes back what was written under a clock that was ahead, if there is such a thing. Nothing if another node leads:
    /// then that is for the other to do.
    async fn mended(&mut self, rows: Vec<TaskRow>, epoch: Option<i64>) -> StoreResult<Option<Vec<TaskRow>>> {
        let Some(truth) = self.mend_after else { return Ok(Some(rows)) };
        let mut taken_back = 0;
        for row in rows.iter().filter(|row| row.ledger_until.is_some_and(|until| until > truth)) {
            let withdrawn = self.engine.store().withdraw(&row.definition.name, truth, epoch).await;
            let Some(withdrawn) = self.engine.note_write(withdrawn)? else { return Ok(None) };
            taken_back += withdrawn;
        }
        let set_back = self.engine.store().set_back(truth, epoch).await;
        let Some(set_back) = self.engine.note_write(set_back)? else { return Ok(None) };
        self.mend_after = None;
        let words = "took back what lay in the future of the corrected clock";
        tracing::warn!(slots = taken_back, still_to_come = set_back, "{words}");
        self.engine.note_read(self.engine.store().tasks().await).map(Some)
    }

    /// Mends the ledgers while this node goes on firing.
    pub(super) async fn mend(&mut self) -> StoreResult<()> {
        if self.mend_after.is_none() {
            return Ok(());
        }
        let rows = self.engine.note_read(self.engine.store().tasks().await)?;
        let epoch = self.reign.and_then(Standing::epoch);
        let Some(rows) = self.mended(rows, epoch).await? else {
            self.depose();
            return Ok(());
        };
        let ahead = self.ahead().await?;
        self.rebuild(&rows, &ahead);
        Ok(())
    }

    fn rebuild(&mut self, rows: &[TaskRow], ahead: &Ahead) {
        let all = self.engine.definitions();
        let wanted = Definitions::new(&all);
        let rows: HashMap<_, _> = rows.iter().map(|row| (&row.definition.name, row)).collect();
        let mut before = std::mem::take(&mut self.watched);
        self.heap.clear();
        self.refresh.all_was_read(self.engine.uptime().total);
        for definition in &all {
            let Some(row) = rows.get(&definition.name) else { continue };
            let ahead = ahead.get(&definition.name).cloned().unwrap_or_default();
            let followed = wanted.is_followed(&definition.name);
            if let Some(mut watched) = Watched::new(definition.clone(), followed, row, ahead) {
                // What is being caught up goes on being caught up.
                watched.behind = before.remove(&definition.name).and_then(|before| before.behind);
                self.watch(definition.name.clone(), watched);
            }
        }
    }

    /// Another node leads: nothing that is known here counts any more.
    pub(super) fn depose(&mut self) {
        if let Some(epoch) = self.engine.standing().epoch().or(self.reign.and_then(Standing::epoch)) {
            self.engine.deposed(epoch);
        }
        self.reign = None;
        self.quiet = Some(Gap::open(Cause::NoLeader, self.engine.now()));
        self.watched.clear();
        self.heap.clear();
    }

    /// A turn in which nothing may fire. A leader that could not renew keeps what it knows: if its epoch still counts
    /// when the store is back, nobody else has written meanwhile.
    pub(super) async fn stand_by(&mut self, standing: Standing) {
        if standing == Standing::Follows {
            if self.reign.is_some() && self.engine.lead_is_lost() {
                self.depose();
            }
            if self.reign.is_some() {
                self.note_gap(Cause::StoreAway, self.engine.now());
            } else {
                // Whoever leads mends; what is amiss when this node takes over is found out then.
                (self.trusted, self.stood_by, self.mend_after) = (false, true, None);
            }
        }
        for (wanted, answer) in self.engine.take_reloads() {
            let report = compare(&self.engine.definitions(), &wanted.definitions, standing.fires());
            self.engine.put_in_place(wanted);
            let entered = self.engine.enter_again().await;
            if let Err(error) = entered {
                tracing::warn!("could not tell the store of this node's new configuration: {error}");
            }
            let _ = answer.send(Ok(report));
        }
        let now = self.engine.now();
        if self.reign.is_none() {
            self.engine.show_next_slots(now);
        }
    }

    /// Puts new definitions in force, for each request in turn.
    pub(super) async fn answer_reloads(&mut self) {
        for (wanted, answer) in self.engine.take_reloads() {
            let reloaded = self.reload(wanted).await;
            // Whoever asked may have gone; the definitions are in force all the same.
            let _ = answer.send(reloaded);
        }
    }

    async fn reload(&mut self, wanted: Wanted) -> Result<ReloadReport, ReloadError> {
        // What is due fires by the definitions that were in force when it fell due.
        self.fire_due().await?;
        let Some(standing) = self.reign else { return Err(ReloadError::LeadLost) };
        let report = compare(&self.engine.definitions(), &wanted.definitions, true);
        let rows = self.engine.note_read(self.engine.store().tasks().await)?;
        let definitions: Vec<Arc<TaskDefinition>> =
            wanted.definitions.iter().cloned().map(Arc::new).collect();
        let ahead = self.ahead().await?;
        let limits = (wanted.pools.clone(), wanted.budgets.clone());
        let all = Definitions::new(&definitions);
        let taken = reconcile(&self.engine, standing.epoch(), self.gap, rows, &all, limits, &ahead).await;
        let taken = self.engine.note_write(taken).inspect_err(|_| {
            // It may have come to pass or not: the definitions of this node are put in force again.
            self.reign = None;
        })?;
        let Some(rows) = taken else {
            self.depose();
            return Err(ReloadError::LeadLost);
        };
        self.engine.put_in_place(wanted);
        self.rebuild(&rows, &ahead);
        if let Err(error) = self.engine.enter_again().await {
            tracing::warn!("could not tell the store of this node's new configuration: {error}");
        }
        Ok(report)
    }

    /// The daemon is stopping: whoever asked for a reload learns that it does not come.
    pub(super) fn refuse_reloads(&mut self) {
        for (_, answer) in self.engine.take_reloads() {
            let _ = answer.send(Err(ReloadError::Stopping));
        }
    }
}
