//! Carries out what was decided about clusters: blocks, terminations, releases (B.5.2, B.5.3). It decides nothing and mails
//! nothing; each cluster is on its own, so that what fails for one harms no other.

mod carried;

pub use self::carried::{Carried, Effect, Reconciled, Released, Target, Trouble};
use crate::quota::Measure;

/// Something to do about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The cluster.
    pub cluster_id: String,
    /// Its name, for the log and for people.
    pub name: String,
    /// Its group; none for clusters that are not managed.
    pub group: Option<String>,
    /// What to do.
    pub measure: Measure,
    /// Who started it in spite of a block, if that is why.
    pub user: Option<String>,
}
