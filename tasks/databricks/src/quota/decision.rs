//! What a poll decides about one cluster (B.5.1). It does nothing itself: a measure that was decided and did not work is
//! decided again at the next poll, under the same number, until it is done.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::{day::Day, uptime::State};

/// After this time a termination that reached nothing is asked for anew.
const TERMINATION_MS: i64 = 10 * 60_000;

/// The kinds of what is done about a cluster (B.6), in the order in which a poll does them (B.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// The group may no longer start it.
    Revoke,
    /// It is stopped.
    Terminate,
    /// The group may start it again.
    Restore,
    /// The group is told that it was stopped.
    StopMail,
    /// The admin is told that it was started again.
    ReoffenceMail,
    /// The group is told that the limit is near.
    WarnMail,
}

impl MeasureKind {
    /// The name in keys and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Terminate => "terminate",
            Self::Restore => "restore",
            Self::StopMail => "stop_mail",
            Self::ReoffenceMail => "reoffence_mail",
            Self::WarnMail => "warn_mail",
        }
    }
}

/// Something to do about a cluster. Together with the day and the cluster it is the key under which it is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Measure {
    /// What.
    pub kind: MeasureKind,
    /// The how-manieth of the day, from 0.
    pub seq: u32,
}

/// How far the restoration after a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoration {
    /// Not decided.
    Open,
    /// Decided; it may or may not have been done.
    Asked,
    /// Done.
    Done,
}

/// A block of a day: from a revocation to its restoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The how-manieth of the day, from 0.
    pub seq: u32,
    /// When it was decided.
    pub since_ms: i64,
    /// Whether the revocation is done.
    pub is_revoked: bool,
    /// How far its restoration is.
    pub restoration: Restoration,
}

/// The latest termination of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Termination {
    /// The how-manieth of the day, from 0.
    pub seq: u32,
    /// When it was decided.
    pub asked_ms: i64,
    /// Whether the cluster was seen off since.
    pub is_done: bool,
}

/// What has been decided about a cluster today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// The latest block.
    pub block: Option<Block>,
    /// The latest termination.
    pub termination: Option<Termination>,
    /// The warning is queued or sent.
    pub is_warned: bool,
    /// The mail about the stop is queued or sent.
    pub is_told: bool,
    /// The mail about the new start is queued or sent.
    pub is_reoffence_told: bool,
}

impl Taken {
    /// Takes in a measure of the day, in any order: when it was decided, and whether it is done. For mails, being queued is
    /// being done.
    pub fn add(&mut self, measure: Measure, asked_ms: i64, is_done: bool) {
        let Measure { kind, seq } = measure;
        match kind {
            MeasureKind::WarnMail => self.is_warned = true,
            MeasureKind::StopMail => self.is_told = true,
            MeasureKind::ReoffenceMail => self.is_reoffence_told = true,
            MeasureKind::Terminate => {
                if self.termination.is_none_or(|known| known.seq <= seq) {
                    self.termination = Some(Termination { seq, asked_ms, is_done });
                }
            }
            MeasureKind::Revoke => {
                if let Some(block) = self.block_of(seq) {
                    block.since_ms = asked_ms;
                    block.is_revoked = is_done;
                }
            }
            MeasureKind::Restore => {
                if let Some(block) = self.block_of(seq) {
                    block.restoration = if is_done { Restoration::Done } else { Restoration::Asked };
                }
            }
        }
    }

    /// Whether the group is, or may be, blocked by us.
    pub fn is_blocked(&self) -> bool {
        self.unrestored().is_some()
    }

    fn unrestored(&self) -> Option<Block> {
        self.block.filter(|block| block.restoration != Restoration::Done)
    }

    /// The block of this number, unless there is a later one.
    fn block_of(&mut self, seq: u32) -> Option<&mut Block> {
        if self.block.is_none_or(|known| known.seq < seq) {
            let restoration = Restoration::Open;
            self.block = Some(Block { seq, since_ms: i64::MIN, is_revoked: false, restoration });
        }
        self.block.as_mut().filter(|block| block.seq == seq)
    }
}

/// How a cluster stands at a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// What counts against its thresholds today.
    pub used_ms: i64,
    /// Its thresholds.
    pub limits: Limits,
    /// When its present or last run was asked for or began, if that is known.
    pub started_ms: Option<i64>,
    /// What has been decided about it today.
    pub taken: Taken,
}

/// What is to be done about a cluster, in this order. Nothing on any other day than the one that was measured, and nothing
/// if the vendor does not know the cluster's state.
pub fn decide(standing: &Standing, day: &Day, now_ms: i64) -> Vec<Measure> {
    let Standing { state, used_ms, limits, taken, .. } = *standing;
    if !day.contains(now_ms) || state.is_unclear() {
        return Vec::new();
    }
    let mut measures = Vec::new();
    if used_ms >= limits.hard_ms && !limits.exempt {
        measures.extend(revocation(&taken));
        if state.can_be_terminated() {
            measures.push(termination(standing, now_ms));
            measures.extend(reoffence(standing));
        }
        if !taken.is_told {
            measures.push(Measure { kind: MeasureKind::StopMail, seq: 0 });
        }
    } else if let Some(block) = taken.unrestored() {
        measures.push(Measure { kind: MeasureKind::Restore, seq: block.seq });
    } else if used_ms >= limits.soft_ms && !limits.exempt && state.is_on() && may_warn(&taken) {
        measures.push(Measure { kind: MeasureKind::WarnMail, seq: 0 });
    }
    measures.sort_unstable();
    measures
}

/// Who reached the hard threshold is not warned any more that day.
fn may_warn(taken: &Taken) -> bool {
    !taken.is_warned && !taken.is_told && taken.block.is_none()
}

/// Once per block. Where a restoration was so much as tried, the block may be gone, and another one begins.
fn revocation(taken: &Taken) -> Option<Measure> {
    let seq = match taken.block {
        None => 0,
        Some(block) if block.restoration != Restoration::Open => block.seq + 1,
        Some(block) if !block.is_revoked => block.seq,
        Some(_) => return None,
    };
    Some(Measure { kind: MeasureKind::Revoke, seq })
}

/// At every poll that sees the cluster on (B.3, 4): the one under way, unless it worked or takes too long.
fn termination(standing: &Standing, now_ms: i64) -> Measure {
    let seq = match standing.taken.termination {
        None => 0,
        Some(last) if has_worked(standing, last) || now_ms - last.asked_ms > TERMINATION_MS => last.seq + 1,
        Some(last) => last.seq,
    };
    Measure { kind: MeasureKind::Terminate, seq }
}

/// A cluster that was started after it was to be stopped has been off in between.
fn has_worked(standing: &Standing, last: Termination) -> bool {
    last.is_done || standing.started_ms.is_some_and(|started| started > last.asked_ms)
}

/// Once per day, if somebody started it although it was blocked.
fn reoffence(standing: &Standing) -> Option<Measure> {
    let taken = standing.taken;
    let block = taken.unrestored().filter(|_| !taken.is_reoffence_told)?;
    let is_started_again = match standing.started_ms {
        Some(started_ms) => started_ms > block.since_ms,
        None => taken.termination.is_some_and(|last| last.is_done && last.asked_ms >= block.since_ms),
    };
    is_started_again.then_some(Measure { kind: MeasureKind::ReoffenceMail, seq: 0 })
}
