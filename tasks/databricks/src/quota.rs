//! What a cluster may run each day and what follows when it does: which clusters count (B.1), their thresholds and the
//! decision of each poll (B.5), and when to look again (B.4.4). It measures nothing and does nothing.

mod charge;
mod crossing;
mod decision;
mod limits;
mod managed;

pub use self::{
    charge::{Charge, Meter, QuotaScope, charge},
    crossing::{Pace, SPACING_MS, crossings, wake_at},
    decision::{Block, Measure, MeasureKind, Restoration, Standing, Taken, Termination, decide},
    limits::{Limits, LimitsError, Override, Quota, Thresholds},
    managed::{MANAGED_REGEX, Naming, NamingError, duplicates, group_name},
};

#[cfg(test)]
mod tests;
