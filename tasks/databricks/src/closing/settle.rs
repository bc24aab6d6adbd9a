//! The final rows of a day: what its clusters used, from their intervals, and what was done about them (B.7). It reads and
//! keeps nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    day::Day,
    quota::{MeasureKind, Quota, group_name},
    state::{ClusterRow, MeasureRow, MeasureState, UsageRow},
    uptime::{DayUsage, Interval, usage},
};

/// The origin of rows of days that were closed too late for events.
pub(super) const SAMPLING: &str = "sampling";

/// A cluster, and all of its intervals that may lie on the day.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// The cluster.
    pub row: &'a ClusterRow,
    /// Its intervals.
    pub intervals: Vec<Interval>,
}

/// All that the final rows of a day follow from.
#[derive(Debug, Clone, Copy)]
pub struct Settle<'a> {
    /// The day.
    pub day: &'a Day,
    /// What counts as now.
    pub now_ms: i64,
    /// The clusters whose time counts, by id.
    pub clusters: &'a BTreeMap<String, Known<'a>>,
    /// The rows as they are: live ones of the last poll, or final ones.
    pub existing: &'a BTreeMap<String, UsageRow>,
    /// What was decided that day.
    pub measures: &'a [MeasureRow],
    /// The thresholds in force; those that a live row has count before them.
    pub quota: &'a Quota,
    /// The day is too long ago for its events to be known: what a poll has seen of it counts at least.
    pub is_stale: bool,
    /// A final row may become smaller.
    pub recompute: bool,
}

/// What is to be kept of a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    /// Rows that are new or differ.
    pub changed: BTreeMap<String, UsageRow>,
    /// Rows that are to go: the cluster did not run after all.
    pub gone: BTreeSet<String>,
    /// Clusters whose final row says more than their intervals do; it stays.
    pub larger_before: Vec<String>,
}

impl Settle<'_> {
    /// The final rows.
    pub fn settle(&self) -> Settled {
        let mut settled = Settled::default();
        let ids: BTreeSet<&String> = self.clusters.keys().chain(self.existing.keys()).collect();
        for id in ids {
            self.one(id, &mut settled);
        }
        settled
    }

    fn one(&self, id: &String, settled: &mut Settled) {
        let (known, old) = (self.clusters.get(id), self.existing.get(id));
        let is_final = old.is_some_and(|old| old.finalized_ms.is_some());
        let computed = known.map(|known| usage(&known.intervals, self.day, self.now_ms));
        let counted = match (computed, old) {
            (Some(computed), Some(old)) if self.keeps(&computed, old, is_final) => {
                if is_final && computed.used_ms < old.usage.used_ms {
                    settled.larger_before.push(id.clone());
                }
                old.usage.clone()
            }
            (Some(computed), _) => computed,
            (None, Some(old)) => old.usage.clone(),
            (None, None) => return,
        };
        if counted.used_ms == 0 {
            if old.is_some() {
                settled.gone.insert(id.clone());
            }
            return;
        }
        let row = self.row(id, known.map(|known| known.row), old, counted);
        if !old.is_some_and(|old| is_final && same(old, &row)) {
            settled.changed.insert(id.clone(), row);
        }
    }

    /// Whether the row's own usage counts and not the computed one.
    fn keeps(&self, computed: &DayUsage, old: &UsageRow, is_final: bool) -> bool {
        let is_smaller = computed.used_ms < old.usage.used_ms;
        let is_as_before = computed.used_ms == old.usage.used_ms && is_final;
        (is_final && !self.recompute && (is_smaller || is_as_before)) || (self.is_stale && is_smaller)
    }

    fn row(&self, id: &str, row: Option<&ClusterRow>, old: Option<&UsageRow>, usage: DayUsage) -> UsageRow {
        let mut new = match (old, row) {
            // Its name, and thresholds, are those of the day, even if it is closed later.
            (Some(old), _) => old.clone(),
            (None, Some(row)) => UsageRow {
                name: row.name.clone(),
                number: row.number,
                group: row.number.map(group_name),
                creator: row.creator.clone(),
                ..UsageRow::default()
            },
            (None, None) => UsageRow::default(),
        };
        if new.hard_ms == 0
            && let Ok(limits) = self.quota.limits(id, &new.name, new.number)
        {
            (new.soft_ms, new.hard_ms) = (limits.soft_ms, limits.hard_ms);
        }
        let is_recounted = old.is_none_or(|old| old.usage != usage);
        if self.is_stale {
            new.origin.get_or_insert_with(|| SAMPLING.to_owned());
        } else if is_recounted {
            new.origin = None;
        }
        new.usage = usage;
        self.note_measures(id, &mut new);
        new.finalized_ms = Some(self.now_ms);
        new
    }

    /// What was done about the cluster that day. Measures are forgotten sooner than rows, and then the row's word stands.
    fn note_measures(&self, id: &str, row: &mut UsageRow) {
        let own: Vec<_> = self.measures.iter().filter(|measure| measure.cluster_id == id).collect();
        if own.is_empty() {
            return;
        }
        let first = |kind: MeasureKind, counts: fn(MeasureState) -> bool| {
            let fitting = own.iter().filter(|measure| measure.kind == kind && counts(measure.state));
            fitting.map(|measure| measure.done_ms.unwrap_or(measure.asked_ms)).min()
        };
        let is_done = |state| state == MeasureState::Done;
        row.warned_ms = first(MeasureKind::WarnMail, is_done);
        row.stopped_ms = first(MeasureKind::Terminate, |state| {
            matches!(state, MeasureState::Done | MeasureState::Verifying)
        });
        row.restarts_blocked = restarts_blocked(&own);
    }
}

/// How often it was stopped again after it had been off: a termination that followed one that worked.
fn restarts_blocked(measures: &[&MeasureRow]) -> u32 {
    let of_kind = measures.iter().filter(|measure| measure.kind == MeasureKind::Terminate);
    let states: BTreeMap<u32, MeasureState> = of_kind.map(|measure| (measure.seq, measure.state)).collect();
    let worked = |seq: &u32| states.get(seq) == Some(&MeasureState::Done);
    states.keys().filter(|seq| **seq > 0 && worked(seq) && worked(&(**seq - 1))).count() as u32
}

/// Whether two rows say the same, whenever they were written.
fn same(old: &UsageRow, new: &UsageRow) -> bool {
    *old == UsageRow { finalized_ms: old.finalized_ms, ..new.clone() }
}

#[cfg(test)]
mod tests;
