//! Waiting until a cluster is where it should be. What is done when it does not get there is the caller's matter.

use std::time::Duration;

use roundsman_http::HttpError;
use roundsman_task::{TaskError, Timestamp};

use super::{Cluster, ClusterState, Clusters, TerminationReason};

/// How long a cluster may take to start or to end.
pub const USUAL_LIMIT: Duration = Duration::from_mins(20);
/// The longest pause between two looks.
const LONGEST_PAUSE: u64 = 10;
/// What is left of the attempt's time when a wait is given up.
const RESERVE: chrono::TimeDelta = chrono::TimeDelta::seconds(5);

/// What a cluster is waited for to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// To run.
    Running,
    /// To be about to end, or to have ended.
    Terminating,
    /// To have ended.
    Terminated,
}

/// Why a cluster is not where it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// It cannot be asked about.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It will not get there by itself.
    #[error("cluster {cluster_id} is {state} instead of {wanted}{}", because(.reason.as_ref(), .message))]
    Missed {
        /// Which one.
        cluster_id: String,
        /// Where it should be.
        wanted: ClusterState,
        /// Where it is.
        state: ClusterState,
        /// Why, in the vendor's words.
        message: String,
        /// Why, as a word.
        reason: Option<TerminationReason>,
    },
    /// It takes too long.
    #[error("cluster {cluster_id} is still {state} and not {wanted} after {waited_secs} s")]
    TooLong {
        /// Which one.
        cluster_id: String,
        /// Where it should be.
        wanted: ClusterState,
        /// Where it is.
        state: ClusterState,
        /// How long it was waited for.
        waited_secs: i64,
        /// When another look makes sense: the attempt's time did not suffice for it.
        not_before: Option<Timestamp>,
    },
}

impl WaitFor {
    /// The state that is waited for.
    pub const fn state(self) -> ClusterState {
        match self {
            Self::Running => ClusterState::Running,
            Self::Terminating => ClusterState::Terminating,
            Self::Terminated => ClusterState::Terminated,
        }
    }

    /// Whether it is there; nothing if it will not get there by itself.
    fn is_met(self, state: &ClusterState) -> Option<bool> {
        match (self, state) {
            (Self::Running, ClusterState::Running) | (Self::Terminated, ClusterState::Terminated) => {
                Some(true)
            }
            (Self::Terminating, state) if state.is_down() => Some(true),
            (Self::Running, ClusterState::Terminated) | (_, ClusterState::Error) => None,
            _ => Some(false),
        }
    }
}

impl Clusters<'_> {
    /// Looks at a cluster until it is where it should be, with pauses of 1, 2, … 10 seconds, no longer than `limit`.
    pub async fn wait_for(
        self,
        cluster_id: &str,
        wanted: WaitFor,
        limit: Duration,
    ) -> Result<Cluster, WaitError> {
        let cx = &self.workspace.cx;
        let begun = cx.now();
        let end = begun + chrono::TimeDelta::from_std(limit).unwrap_or(chrono::TimeDelta::MAX);
        let mut looks = 0;
        loop {
            looks += 1;
            let cluster = self.get(cluster_id).await?;
            match wanted.is_met(&cluster.state) {
                Some(true) => return Ok(cluster),
                Some(false) => {}
                None => return Err(missed(cluster, wanted)),
            }
            let pause =
                Duration::from_secs(LONGEST_PAUSE.min(looks)) + Duration::from_secs_f64(rand::random());
            let at = cx.now() + chrono::TimeDelta::from_std(pause).unwrap_or_default();
            let no_time =
                at > cx.deadline() - RESERVE || self.workspace.until.is_some_and(|until| at > until);
            if no_time || at > end {
                return Err(WaitError::TooLong {
                    cluster_id: cluster_id.to_owned(),
                    wanted: wanted.state(),
                    state: cluster.state,
                    waited_secs: (cx.now() - begun).num_seconds(),
                    not_before: no_time.then_some(at),
                });
            }
            cx.sleep(pause).await.map_err(HttpError::from)?;
        }
    }
}

fn missed(cluster: Cluster, wanted: WaitFor) -> WaitError {
    WaitError::Missed {
        cluster_id: cluster.cluster_id,
        wanted: wanted.state(),
        state: cluster.state,
        message: cluster.state_message,
        reason: cluster.termination_reason,
    }
}

fn because(reason: Option<&TerminationReason>, message: &str) -> String {
    let code = reason.map(|reason| reason.code.as_str()).unwrap_or_default();
    match (code, message) {
        ("", "") => String::new(),
        ("", why) | (why, "") => format!(": {why}"),
        (code, message) => format!(": {code}, {message}"),
    }
}

impl From<WaitError> for TaskError {
    fn from(error: WaitError) -> Self {
        let cause = error.to_string();
        match error {
            WaitError::Http(error) => error.into(),
            WaitError::Missed { .. } => Self::retry(cause),
            WaitError::TooLong { not_before, .. } => Self::Retry { cause, not_before },
        }
    }
}
