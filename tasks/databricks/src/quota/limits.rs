//! The thresholds of a cluster: its own, else its group's, else those of all (B.5). Where they are written is not known here.

use std::collections::BTreeMap;

use super::managed::{Naming, group_name};

const MINUTE_MS: f64 = 60_000.0;
/// No threshold is above a day.
const DAY_MIN: f64 = 1440.0;

/// The thresholds of all clusters, in minutes; fractions count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// From here on there is a warning: `warn_uptime_min`.
    pub soft_min: f64,
    /// From here on a cluster is stopped: `max_uptime_min`.
    pub hard_min: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { soft_min: 180.0, hard_min: 210.0 }
    }
}

/// What a cluster or a group has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Override {
    /// Its own soft threshold, in minutes.
    pub soft: Option<f64>,
    /// Its own hard threshold, in minutes.
    pub hard: Option<f64>,
    /// Whether it is only measured.
    pub exempt: Option<bool>,
}

impl Override {
    /// What is not told here is as there.
    #[must_use]
    pub fn or(self, less: Self) -> Self {
        Self {
            soft: self.soft.or(less.soft),
            hard: self.hard.or(less.hard),
            exempt: self.exempt.or(less.exempt),
        }
    }
}

/// The thresholds that count for one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From here on there is a warning.
    pub soft_ms: i64,
    /// From here on it is stopped.
    pub hard_ms: i64,
    /// It is only measured.
    pub exempt: bool,
}

/// Thresholds that mean nothing (B.3, 23).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// The soft one is not above zero.
    #[error("{whose}: the soft threshold is {soft_min} min: it must be above 0")]
    Soft {
        /// Whose thresholds.
        whose: String,
        /// As it would count.
        soft_min: f64,
    },
    /// The soft one would never be reached first.
    #[error("{whose}: the soft threshold of {soft_min} min must be below the hard one of {hard_min} min")]
    Order {
        /// Whose thresholds.
        whose: String,
        /// As it would count.
        soft_min: f64,
        /// As it would count.
        hard_min: f64,
    },
    /// The hard one is longer than a day.
    #[error("{whose}: the hard threshold is {hard_min} min: a day has 1440 min")]
    Hard {
        /// Whose thresholds.
        whose: String,
        /// As it would count.
        hard_min: f64,
    },
}

/// All thresholds of a workspace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quota {
    /// Those of all.
    pub global: Thresholds,
    /// Those of single ones, by id or name of a cluster or by name of a group.
    pub overrides: BTreeMap<String, Override>,
}

impl Quota {
    /// The thresholds of one cluster: by its id, its name, its group, and last those of all.
    pub fn limits(
        &self,
        cluster_id: &str,
        cluster_name: &str,
        number: Option<u32>,
    ) -> Result<Limits, LimitsError> {
        let group = number.map(group_name).unwrap_or_default();
        let told = self.told(cluster_id).or(self.told(cluster_name)).or(self.told(&group));
        self.effective(cluster_name, told)
    }

    /// Those of all, for a cluster whose own contradict each other when they come together: nobody is without a limit because of
    /// that.
    pub fn usual(&self) -> Limits {
        let Thresholds { soft_min, hard_min } = self.global;
        Limits { soft_ms: to_ms(soft_min), hard_ms: to_ms(hard_min), exempt: false }
    }

    /// Everything that is wrong with the thresholds as written. What a name falls back to counts too.
    pub fn check(&self, naming: &Naming) -> Vec<LimitsError> {
        let all = self.effective("all clusters", Override::default()).err();
        // If those of all are wrong, so is nearly everything that falls back to them.
        let single = self.overrides.iter().filter(|_| all.is_none()).filter_map(|(name, own)| {
            let group = naming.number(name).map(group_name).unwrap_or_default();
            self.effective(name, own.or(self.told(&group))).err()
        });
        let single: Vec<_> = single.collect();
        all.into_iter().chain(single).collect()
    }

    fn told(&self, name: &str) -> Override {
        self.overrides.get(name).copied().unwrap_or_default()
    }

    fn effective(&self, whose: &str, told: Override) -> Result<Limits, LimitsError> {
        let soft_min = told.soft.unwrap_or(self.global.soft_min);
        let hard_min = told.hard.unwrap_or(self.global.hard_min);
        let (soft_ms, hard_ms) = (to_ms(soft_min), to_ms(hard_min));
        let whose = whose.to_owned();
        if soft_ms <= 0 {
            return Err(LimitsError::Soft { whose, soft_min });
        }
        if hard_ms <= soft_ms {
            return Err(LimitsError::Order { whose, soft_min, hard_min });
        }
        if hard_ms > to_ms(DAY_MIN) {
            return Err(LimitsError::Hard { whose, hard_min });
        }
        Ok(Limits { soft_ms, hard_ms, exempt: told.exempt.unwrap_or(false) })
    }
}

/// Not a number becomes 0, which no threshold may be.
fn to_ms(minutes: f64) -> i64 {
    (minutes * MINUTE_MS).round() as i64
}
