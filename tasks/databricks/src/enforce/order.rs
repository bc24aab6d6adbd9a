//! One measure on its way: the row that is kept before anything is sent and again when it is known what became of it. It
//! sends nothing.

use super::{Effect, Target, Wanted, access::Failure};
use crate::{
    day::Day,
    lab::Lab,
    quota::MeasureKind,
    state::{MeasureRow, MeasureState},
};

/// A measure to carry out.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub name: String,
    pub group: Option<String>,
    pub row: MeasureRow,
}

impl Order {
    /// A measure that was decided, now or at an earlier poll.
    pub(super) fn new(day: &Day, now_ms: i64, wanted: Wanted, taken: &[MeasureRow]) -> Self {
        let Wanted { cluster_id, name, group, measure, user } = wanted;
        let earlier = taken
            .iter()
            .find(|row| row.cluster_id == cluster_id && row.kind == measure.kind && row.seq == measure.seq);
        let row = MeasureRow {
            day: day.date(),
            kind: measure.kind,
            seq: measure.seq,
            state: MeasureState::Asked,
            attempts: earlier.map_or(0, |row| row.attempts).saturating_add(1),
            asked_ms: earlier.map_or(now_ms, |row| row.asked_ms),
            done_ms: None,
            error: earlier.and_then(|row| row.error.clone()),
            user: earlier.and_then(|row| row.user.clone()).or(user),
            cluster_id,
        };
        Self { name, group, row }
    }

    /// A termination of an earlier poll of which it is not known whether it worked.
    pub(super) fn again(row: &MeasureRow) -> Self {
        Self { name: row.cluster_id.clone(), group: None, row: row.clone() }
    }

    pub(super) fn kind(&self) -> MeasureKind {
        self.row.kind
    }

    /// The cluster and its group, if it has one.
    pub(super) fn target(&self) -> Option<Target> {
        let (cluster_id, name) = (self.row.cluster_id.clone(), self.name.clone());
        self.group.clone().map(|group| Target { cluster_id, name, group })
    }

    /// It was done.
    pub(super) async fn done(mut self, lab: &Lab) -> Effect {
        self.row.done_ms = Some(lab.cx.now().timestamp_millis().max(self.row.asked_ms));
        self.settle(lab, MeasureState::Done, None).await
    }

    /// It is under way.
    pub(super) async fn verifying(self, lab: &Lab, seen: &str) -> Effect {
        self.settle(lab, MeasureState::Verifying, Some(seen.to_owned())).await
    }

    /// It failed.
    pub(super) async fn failed(mut self, lab: &Lab, failure: &Failure) -> Effect {
        let state = match failure {
            Failure::Later(_) => MeasureState::Asked,
            Failure::NoCluster | Failure::NoGroup(_) => MeasureState::Impossible,
        };
        if state == MeasureState::Impossible {
            self.row.done_ms = Some(lab.cx.now().timestamp_millis().max(self.row.asked_ms));
        }
        self.settle(lab, state, Some(failure.cause())).await
    }

    /// It was not even tried, and nothing can be kept.
    pub(super) fn untried(mut self, cause: &str) -> Effect {
        self.row.error = Some(cause.to_owned());
        Effect { name: self.name, group: self.group, row: self.row }
    }

    async fn settle(mut self, lab: &Lab, state: MeasureState, error: Option<String>) -> Effect {
        (self.row.state, self.row.error) = (state, error);
        let kept = lab.state.put_measures([&self.row]).await;
        let Self { name, group, mut row } = self;
        let (what, told) = (row.kind.as_str(), row.error.as_deref().unwrap_or_default());
        match state {
            MeasureState::Done => tracing::info!("{name}: {what} {} is done", row.seq),
            MeasureState::Verifying => tracing::info!("{name}: {what} {} is under way: {told}", row.seq),
            MeasureState::Asked | MeasureState::Impossible => {
                tracing::warn!("{name}: {what} {} failed: {told}", row.seq);
            }
        }
        if let Err(error) = kept {
            // As far as the next poll knows it was only asked for, and so it finds out itself.
            row.state = MeasureState::Asked;
            row.error = Some(format!("what became of it could not be kept: {error}"));
        }
        Effect { name, group, row }
    }
}
