//! The manners that all tasks keep towards a server (2.8): so many requests a second, so many exports at a time, a pause when
//! the server asks for one and half the pace after it. It sends nothing.

mod slots;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roundsman_task::{Budget, BudgetRule, Documents, TaskContext, TaskError, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) use self::slots::Slot;
use self::slots::Slots;
use super::{SPACE, ServerFailure, delta};
use crate::config::Checked;

/// How long the pace is halved after a pause.
const SLOW_SECS: i64 = 60;
/// How long it may take until we notice that others were asked for a pause.
const LOOK_AGAIN_SECS: i64 = 5;
/// The pause where the server asks for one and does not say how long.
const UNSAID: Duration = Duration::from_secs(10);
/// The document about the pace.
const PACE: &str = "pace";

/// The manners of one run.
pub(super) struct Manners {
    cx: TaskContext,
    budget: Budget,
    documents: Documents,
    meta: Arc<Semaphore>,
    slots: Slots,
    longest_pause: Duration,
    pace: Mutex<Pace>,
}

/// What is known about the pace.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    slow_until: Option<Timestamp>,
    looked_at: Option<Timestamp>,
    throttled_for: Duration,
}

/// What all tasks know about it.
#[derive(Serialize, Deserialize)]
struct SharedPace {
    slow_until: Timestamp,
}

impl Manners {
    /// The manners towards the server whose budget and leases have this in their names.
    pub(super) fn new(cx: &TaskContext, config: &Checked, id: &str) -> Self {
        let meta = usize::try_from(config.max_concurrent_meta.get()).unwrap_or(usize::MAX);
        Self {
            cx: cx.clone(),
            budget: cx.budget_or(&format!("metabase-{id}"), rule(config)),
            documents: cx.documents_in(SPACE, "servers"),
            meta: Arc::new(Semaphore::new(meta.min(Semaphore::MAX_PERMITS))),
            slots: Slots::new(cx, id, config.max_concurrent_exports.get()),
            longest_pause: config.timeouts.retry_after_cap.get(),
            pace: Mutex::default(),
        }
    }

    /// Waits until one more request may begin; every request does so, logins and further tries too.
    pub(super) async fn turn(&self) -> Result<(), ServerFailure> {
        // At half the pace a request costs two.
        let cost = if self.is_slow().await { 2 } else { 1 };
        Ok(self.budget.take(cost).await?)
    }

    /// Waits for a place among the requests of this run that export nothing.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, ServerFailure> {
        tokio::select! {
            biased;
            () = self.cx.cancelled() => Err(TaskError::Cancelled.into()),
            place = self.meta.clone().acquire_owned() => Ok(place.expect("the places are never closed")),
        }
    }

    /// Waits until one more export may be under way, among those of all tasks.
    pub(super) async fn slot(&self) -> Result<Slot, ServerFailure> {
        self.slots.take().await
    }

    /// Tells the others that places of ours are free. If they cannot be told, the places go with the attempt.
    pub(super) async fn give_back(&self) {
        if let Err(failure) = self.slots.give_back().await {
            tracing::debug!("places for exports go with the attempt: {failure}");
        }
    }

    /// The server wants a pause, until an instant if it says so: nobody asks anything meanwhile, and then at half the pace.
    /// Says until when.
    pub(super) async fn pause(&self, until: Option<Timestamp>) -> Result<Timestamp, ServerFailure> {
        let now = self.cx.now();
        let said = until.map_or(UNSAID, |until| (until - now).to_std().unwrap_or_default());
        let pause = said.min(self.longest_pause);
        let until = now + delta(pause);
        let slow_until = until + chrono::TimeDelta::seconds(SLOW_SECS);
        {
            let mut pace = self.pace();
            pace.slow_until = pace.slow_until.max(Some(slow_until));
            pace.throttled_for += pause;
        }
        // What another one was asked for may last longer.
        let slow_until = self.shared_pace().await.max(Some(slow_until)).unwrap_or(slow_until);
        self.documents.put(PACE, SharedPace { slow_until }, None).await?;
        self.budget.hold_until(until).await?;
        tracing::warn!(
            "the server wants a pause of {:.0} s; all its tasks wait, then go on at half their pace for a minute",
            pause.as_secs_f64()
        );
        Ok(until)
    }

    /// How long the server made us pause.
    pub(super) fn throttled_for(&self) -> Duration {
        self.pace().throttled_for
    }

    async fn is_slow(&self) -> bool {
        let now = self.cx.now();
        let slow = |pace: &Pace| pace.slow_until.is_some_and(|until| now < until);
        let known = *self.pace();
        let fresh = known.looked_at.is_some_and(|at| {
            (chrono::TimeDelta::zero()..chrono::TimeDelta::seconds(LOOK_AGAIN_SECS)).contains(&(now - at))
        });
        if fresh || slow(&known) {
            return slow(&known);
        }
        self.pace().looked_at = Some(now);
        let shared = self.shared_pace().await;
        let mut pace = self.pace();
        pace.slow_until = shared.max(pace.slow_until);
        slow(&pace)
    }

    /// Until when the others go at half the pace.
    async fn shared_pace(&self) -> Option<Timestamp> {
        // If the store does not answer, the budget will not either.
        let shared = self.documents.get(PACE).await.ok().flatten()?;
        let until = serde_json::from_value::<SharedPace>(shared.value).ok()?.slow_until;
        // What is further away than any pause was written while the clock was ahead.
        let most = self.cx.now() + chrono::TimeDelta::days(1) + chrono::TimeDelta::seconds(2 * SLOW_SECS);
        Some(until).filter(|until| *until <= most)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The budget where the daemon's configuration says nothing of it.
fn rule(config: &Checked) -> BudgetRule {
    let interval = Duration::from_secs_f64(1.0 / config.requests_per_second);
    let interval_us = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX).max(1);
    BudgetRule { interval_us, burst: config.burst.get() }
}
