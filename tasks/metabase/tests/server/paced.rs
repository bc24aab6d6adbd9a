//! Contexts of several tasks whose budgets and leases are those of one store: a budget lets through what its rule says, on the
//! clock of the test. Everything else is the test context's.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use roundsman_task::{
    Answer, Artifact, ArtifactError, AskError, BudgetRule, Clock, DocumentError, DocumentOp, DocumentPlace,
    DocumentReply, MetricValue, Port, Progress, Question, RunId, TaskContext, Timestamp,
};
use roundsman_testkit::FakeClock;
use tokio_util::sync::CancellationToken;

/// What all tasks share.
#[derive(Default)]
pub(crate) struct Store {
    /// When the budget has earned back what was drawn.
    spent_until: Mutex<Option<Timestamp>>,
    held_until: Mutex<Option<Timestamp>>,
    leases: Mutex<BTreeMap<String, u32>>,
}

struct Paced {
    inner: TaskContext,
    clock: Arc<FakeClock>,
    store: Arc<Store>,
    task: u32,
}

/// The same context, of a task with this number on this store.
pub(crate) fn paced(cx: &TaskContext, clock: &Arc<FakeClock>, store: &Arc<Store>, task: u32) -> TaskContext {
    let port = Paced { inner: cx.clone(), clock: clock.clone(), store: store.clone(), task };
    TaskContext::new(cx.attempt().clone(), clock.clone(), CancellationToken::new(), Arc::new(port))
}

impl Paced {
    fn draw(&self, rule: &BudgetRule, wanted: u32) -> roundsman_task::Draw {
        let now = self.clock.now();
        let micros = |count: u32| {
            chrono::TimeDelta::microseconds(i64::try_from(rule.interval_us).unwrap() * i64::from(count))
        };
        if let Some(until) = self.store.held_until.lock().unwrap().filter(|until| *until > now) {
            return roundsman_task::Draw { granted: 0, wait: (until - now).to_std().unwrap() };
        }
        let mut spent = self.store.spent_until.lock().unwrap();
        let mut granted = 0;
        while granted < wanted {
            let next = spent.unwrap_or(now).max(now) + micros(1);
            if next > now + micros(rule.burst) {
                let wait = (next - now - micros(rule.burst)).to_std().unwrap();
                return roundsman_task::Draw { granted, wait };
            }
            *spent = Some(next);
            granted += 1;
        }
        roundsman_task::Draw { granted, wait: Duration::ZERO }
    }
}

#[async_trait]
impl Port for Paced {
    fn progress(&self, progress: Progress) {
        self.inner.progress(progress.done, progress.total, progress.note);
    }

    fn metric(&self, metric: MetricValue) {
        let labels: Vec<_> =
            metric.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.inner.metric(&metric.name, &labels, metric.value);
    }

    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        self.inner.ask_documents(place, op).await
    }

    async fn artifact(&self, _: &str, _: &str, _: Vec<u8>) -> Result<Artifact, ArtifactError> {
        unreachable!("the server keeps no artifacts")
    }

    async fn sleep(&self, length: Duration) {
        // Others go first: all of them wait on one clock.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let end = self.clock.now() + chrono::TimeDelta::from_std(length).unwrap();
        while self.clock.now() < end {
            self.clock.advance(Duration::from_millis(1));
            tokio::task::yield_now().await;
        }
    }

    async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        match question {
            Question::Draw { default: Some(rule), wanted, .. } => {
                Ok(Answer::Drawn { draw: self.draw(&rule, wanted), ahead: 0 })
            }
            Question::HoldBudget { until, .. } => {
                *self.store.held_until.lock().unwrap() = Some(until);
                Ok(Answer::BudgetHeld)
            }
            Question::TryLease { name } => {
                let mut leases = self.store.leases.lock().unwrap();
                let holder = *leases.entry(name.to_string()).or_insert(self.task);
                let other = ("other".parse().unwrap(), RunId(holder.into()));
                Ok(Answer::Lease { busy: (holder != self.task).then_some(other) })
            }
            Question::FreeLease { name } => {
                self.store
                    .leases
                    .lock()
                    .unwrap()
                    .retain(|lease, task| *lease != name.to_string() || *task != self.task);
                Ok(Answer::LeaseFreed)
            }
            other => self.inner.ask(other).await,
        }
    }
}
