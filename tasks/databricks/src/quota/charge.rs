//! Whose running time counts against whose thresholds: the option `quota_scope`. It only adds up.

use std::collections::BTreeMap;

/// What has a counter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuotaScope {
    /// Each cluster.
    #[default]
    Id,
    /// All clusters of one number together: the sum of their times, not the time in which any ran.
    Number,
}

/// What one cluster used today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// Its number; a cluster without one never shares.
    pub number: Option<u32>,
    /// How long it ran today.
    pub used_ms: i64,
    /// Whether it runs now.
    pub is_on: bool,
}

/// What counts against the thresholds of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// How long it, or those that share with it, ran today.
    pub used_ms: i64,
    /// How many of these run now: so fast does the time pass.
    pub running: u32,
}

/// What counts for each cluster, in the order given.
pub fn charge(scope: QuotaScope, meters: &[Meter]) -> Vec<Charge> {
    let own = |meter: &Meter| Charge { used_ms: meter.used_ms, running: u32::from(meter.is_on) };
    let mut shared: BTreeMap<u32, Charge> = BTreeMap::new();
    for meter in meters {
        let Some(number) = meter.number else { continue };
        let sum = shared.entry(number).or_insert(Charge { used_ms: 0, running: 0 });
        sum.used_ms += meter.used_ms;
        sum.running += u32::from(meter.is_on);
    }
    let charge = |meter: &Meter| match (scope, meter.number) {
        (QuotaScope::Number, Some(number)) => shared[&number],
        (QuotaScope::Number, None) | (QuotaScope::Id, _) => own(meter),
    };
    meters.iter().map(charge).collect()
}
