//! What became of what was to be done, for those who count it and tell it. It says nothing in mails and keeps nothing.

use crate::{
    quota::MeasureKind,
    state::{MeasureRow, MeasureState},
};

/// A managed cluster and its group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The cluster.
    pub cluster_id: String,
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
}

/// What became of one measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The cluster's name; its id where nothing else is known.
    pub name: String,
    /// Its group; none for clusters that are not managed.
    pub group: Option<String>,
    /// The measure as it is kept: `Done`, `Verifying`, `Impossible`, or `Asked` with an error if it is to be tried again.
    pub row: MeasureRow,
}

/// What became of the measures of a poll.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// One per measure, and one per earlier termination that was looked at again.
    pub effects: Vec<Effect>,
    /// What people should know besides, one sentence each.
    pub remarks: Vec<String>,
    /// In a dry run, what would have been done, one line each; there are no effects then.
    pub planned: Vec<String>,
}

/// Something that was not done about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The cluster.
    pub target: Target,
    /// Why.
    pub cause: String,
}

/// What became of the blocks that were to be released.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Released {
    /// Whose groups may start their clusters again.
    pub released: Vec<Target>,
    /// What is to be tried again.
    pub failed: Vec<Trouble>,
    /// What never will be done: the group or the cluster is not there. These blocks are forgotten.
    pub impossible: Vec<Trouble>,
    /// In a dry run, what would have been done, one line each.
    pub planned: Vec<String>,
    /// The blocks could not be read at all.
    pub error: Option<String>,
}

/// What became of the nightly look at what groups may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Whose groups lacked the right to start their clusters and have it now.
    pub raised: Vec<Target>,
    /// Whose groups had it.
    pub unchanged: Vec<Target>,
    /// Whose groups are blocked, and stay so.
    pub blocked: Vec<Target>,
    /// What is to be tried again.
    pub failed: Vec<Trouble>,
    /// Where the group or the cluster is not there.
    pub impossible: Vec<Trouble>,
    /// In a dry run, what would have been done, one line each.
    pub planned: Vec<String>,
    /// The blocks could not be read, so nothing was done.
    pub error: Option<String>,
}

impl Effect {
    /// What went wrong, as a sentence; nothing if it was done or is under way.
    pub fn trouble(&self) -> Option<String> {
        let Self { name, row, .. } = self;
        let what = match row.kind {
            MeasureKind::Revoke => "the block",
            MeasureKind::Restore => "the release",
            _ => "the termination",
        };
        let error = row.error.as_deref().unwrap_or("nothing is known of it");
        match row.state {
            MeasureState::Done | MeasureState::Verifying => None,
            MeasureState::Asked => Some(format!("{name}: {what} failed and is tried again: {error}")),
            MeasureState::Impossible => Some(format!("{name}: {what} is impossible: {error}")),
        }
    }
}

impl Carried {
    /// How many measures of a kind ended in a state.
    pub fn count(&self, kind: MeasureKind, state: MeasureState) -> usize {
        self.effects.iter().filter(|effect| effect.row.kind == kind && effect.row.state == state).count()
    }

    /// All that people should know, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.effects.iter().filter_map(Effect::trouble).chain(self.remarks.iter().cloned()).collect()
    }
}

impl Trouble {
    /// As a sentence.
    pub fn sentence(&self, what: &str) -> String {
        format!("{}: {what}: {}", self.target.name, self.cause)
    }
}

impl Released {
    /// Whether nothing is left that could be done.
    pub fn is_done(&self) -> bool {
        self.failed.is_empty() && self.error.is_none()
    }

    /// All that people should know, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let failed = self.failed.iter().map(|trouble| trouble.sentence("not released yet"));
        let impossible = self.impossible.iter().map(|trouble| trouble.sentence("cannot be released"));
        failed.chain(impossible).chain(self.error.clone()).collect()
    }
}

impl Reconciled {
    /// All that people should know, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let failed = self.failed.iter().map(|trouble| trouble.sentence("permissions not put right"));
        let impossible =
            self.impossible.iter().map(|trouble| trouble.sentence("permissions cannot be put right"));
        failed.chain(impossible).chain(self.error.clone()).collect()
    }
}
