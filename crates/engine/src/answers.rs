//! Answers to what an attempt asks of its daemon: what came of the tasks it follows, leases, budgets. Each is taken from
//! the store, so that it is the same on every node; documents and artifacts of its own are the host's matter.

use std::collections::{HashSet, VecDeque};

use roundsman_model::{
    Answer, AskError, BudgetName, BudgetRule, LeaseName, Outcome, Question, Run, RunId, TaskName, Timestamp,
    UpstreamRun, after::run_of_round, artifact::INPUT_PREFIX, question::MAX_INPUT_PIECE, time::delta,
};
use roundsman_store::{LeaseReply, RunFilter, StoreResult};

use crate::{Engine, engine::store_pause, host::AttemptHost};

/// The longest pause that one answer of an outside system may impose on everybody.
const LONGEST_HOLD: std::time::Duration = std::time::Duration::from_hours(24);
/// How many repeats of repeats are followed back.
const MAX_REPEATS: usize = 16;

type Answered<T = Answer> = Result<T, AskError>;

impl AttemptHost {
    /// Answers one question. While the store is away it waits, as long as the kind can still make something of the answer.
    pub(crate) async fn answer(&self, question: Question) -> Answered {
        match question {
            Question::Upstream { task } => self.upstream(&task).await,
            Question::Upstreams => self.upstreams().await,
            Question::UpstreamArtifact { run, name } => self.upstream_artifact(run, &name).await,
            Question::TryLease { name } => self.try_lease(&name).await,
            Question::FreeLease { name } => self.free_lease(&name).await,
            Question::Draw { budget, default, wanted } => self.draw(&budget, default, wanted).await,
            Question::Inputs => self.inputs().await,
            Question::Input { name, offset } => self.input(&name, offset).await,
            Question::HoldBudget { budget, default, until } => {
                self.hold_budget(&budget, default, until).await
            }
        }
    }

    async fn upstream(&self, task: &TaskName) -> Answered {
        let run = match self.followed(Some(task)).await?.pop() {
            Some(run) => Some(Box::new(self.as_seen(run).await?)),
            None => None,
        };
        Ok(Answer::Upstream { run })
    }

    async fn upstreams(&self) -> Answered {
        let mut runs = Vec::new();
        for run in self.followed(None).await? {
            runs.push(self.as_seen(run).await?);
        }
        Ok(Answer::Upstreams { runs })
    }

    /// Only of runs of the same round: nothing else was made for this attempt to read.
    async fn upstream_artifact(&self, run: RunId, name: &str) -> Answered {
        let store = self.engine.store();
        let rounds = self.rounds().await?;
        let found = self.read(|| store.run(run)).await?;
        let shared = found.and_then(|run| run.round).is_some_and(|round| rounds.contains(&round));
        if !shared {
            let cause =
                format!("run {run} is none of the round of this attempt, so its artifacts cannot be read");
            return Err(AskError::Invalid { cause });
        }
        match self.read(|| store.artifact(run, name)).await? {
            Some(bytes) => Ok(Answer::Artifact { bytes }),
            None => {
                Err(AskError::Invalid { cause: format!("run {run} keeps no artifact {name:?} any more") })
            }
        }
    }

    async fn inputs(&self) -> Answered {
        let artifacts = self.read(|| self.engine.store().artifacts(self.run().id)).await?;
        let names = artifacts.iter().filter_map(|artifact| artifact.name.strip_prefix(INPUT_PREFIX));
        Ok(Answer::Inputs { names: names.map(str::to_owned).collect() })
    }

    async fn input(&self, param: &str, offset: u64) -> Answered {
        let (store, run) = (self.engine.store(), self.run().id);
        let piece = self.read(|| store.input(run, param, offset, MAX_INPUT_PIECE)).await?;
        piece.map(|bytes| Answer::Input { bytes }).ok_or_else(|| AskError::Invalid {
            cause: format!("nothing was handed in with parameter {param:?}"),
        })
    }

    async fn try_lease(&self, name: &LeaseName) -> Answered {
        let (store, lease) = (self.engine.store(), self.lease());
        match self.write(|| store.try_lease(lease, name, self.engine.now())).await? {
            LeaseReply::Taken => Ok(Answer::Lease { busy: None }),
            LeaseReply::Busy { task, run } => Ok(Answer::Lease { busy: Some((task, run)) }),
            LeaseReply::NotOurs => Err(AskError::NotOurs),
        }
    }

    async fn free_lease(&self, name: &LeaseName) -> Answered {
        // What the task always needs was taken with the run and goes with it, whatever its code thinks.
        if self.run().terms.leases.contains(name) {
            let cause =
                format!("lease {name} is one that the task's configuration names; it ends with the attempt");
            return Err(AskError::Invalid { cause });
        }
        let store = self.engine.store();
        self.write(|| store.free_lease(self.lease(), name)).await?;
        Ok(Answer::LeaseFreed)
    }

    async fn draw(&self, budget: &BudgetName, default: Option<BudgetRule>, wanted: u32) -> Answered {
        let rule = self.rule(budget, default)?;
        let store = self.engine.store();
        // A draw whose answer got lost was made nevertheless; then a little less is done than might be.
        let draw = self.write(|| store.draw(budget, &rule, wanted, self.engine.now())).await?;
        Ok(Answer::Drawn { draw, ahead: rule.ahead() })
    }

    async fn hold_budget(
        &self,
        budget: &BudgetName,
        default: Option<BudgetRule>,
        until: Timestamp,
    ) -> Answered {
        let rule = self.rule(budget, default)?;
        let store = self.engine.store();
        let until = until.min(self.engine.now() + delta(LONGEST_HOLD));
        self.write(|| store.hold_budget(budget, &rule, until)).await?;
        Ok(Answer::BudgetHeld)
    }

    /// The rule of a budget, as far as this node knows it; one that the store has goes before it.
    fn rule(&self, budget: &BudgetName, default: Option<BudgetRule>) -> Answered<BudgetRule> {
        self.engine.budget_rule(budget).or(default).ok_or_else(|| AskError::Invalid {
            cause: format!(
                "there is no budget \"{budget}\": the kind declares none of this name, and the configuration has no \
                 [budgets.{budget}]"
            ),
        })
    }

    /// The runs this attempt's task follows in its rounds, nearest first; only that of `wanted` if it is given.
    async fn followed(&self, wanted: Option<&TaskName>) -> Answered<Vec<Run>> {
        let rounds = self.rounds().await?;
        let mut seen = HashSet::from([self.run().task.clone()]);
        let names = |after: &[roundsman_model::Upstream]| -> Vec<TaskName> {
            after.iter().map(|upstream| upstream.task.clone()).collect()
        };
        let mut next = VecDeque::from(names(&self.definition().after));
        let mut found = Vec::new();
        while let Some(task) = next.pop_front() {
            if !seen.insert(task.clone()) {
                continue;
            }
            let Some(run) = self.run_in(&rounds, &task).await? else { continue };
            if wanted == Some(&task) {
                return Ok(vec![run]);
            }
            if let Some(definition) = self.read(|| self.engine.definition_of(&run)).await? {
                next.extend(names(&definition.after));
            }
            if wanted.is_none() {
                found.push(run);
            }
        }
        Ok(found)
    }

    /// The rounds whose runs it may read: its own, and that of the run that it, or the run its round began with, repeats.
    async fn rounds(&self) -> Answered<Vec<String>> {
        let mut rounds = Vec::new();
        let mut next = Some(self.run().clone());
        for _ in 0..MAX_REPEATS {
            let Some(run) = next else { break };
            let repeated = match run.rerun_of {
                Some(repeated) => Some(repeated),
                None => self.root_of(&run).await?.and_then(|root| root.rerun_of),
            };
            rounds.extend(run.round);
            next = match repeated {
                Some(id) => self.read(|| self.engine.store().run(id)).await?,
                None => None,
            };
        }
        Ok(rounds)
    }

    /// The run that the round of a run began with, if it is another and the round has no slot.
    async fn root_of(&self, run: &Run) -> Answered<Option<Run>> {
        match run.round.as_deref().and_then(run_of_round).filter(|root| *root != run.id) {
            Some(root) => self.read(|| self.engine.store().run(root)).await,
            None => Ok(None),
        }
    }

    async fn run_in(&self, rounds: &[String], task: &TaskName) -> Answered<Option<Run>> {
        for round in rounds {
            let (task, round) = (Some(task.clone()), Some(round.clone()));
            let filter = RunFilter { task, round, limit: 1, ..RunFilter::default() };
            if let Some(run) = self.read(|| self.engine.store().runs(&filter)).await?.pop() {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    async fn as_seen(&self, run: Run) -> Answered<UpstreamRun> {
        let artifacts = self.read(|| self.engine.store().artifacts(run.id)).await?;
        let Run { id, task, state, cause, outcome, .. } = run;
        // What was printed for people is not for tasks.
        let outcome = outcome.map(|outcome| Outcome { print: serde_json::Value::Null, ..outcome });
        Ok(UpstreamRun { task, run: id, state, cause, outcome, artifacts })
    }

    async fn read<T, F>(&self, call: impl Fn() -> F + Send + Sync) -> Answered<T>
    where
        F: Future<Output = StoreResult<T>> + Send,
        T: Send,
    {
        self.until_answered(call, Engine::note_read).await
    }

    async fn write<T, F>(&self, call: impl Fn() -> F + Send + Sync) -> Answered<T>
    where
        F: Future<Output = StoreResult<T>> + Send,
        T: Send,
    {
        self.until_answered(call, Engine::note_write).await
    }

    async fn until_answered<T, F>(
        &self,
        call: impl Fn() -> F + Send + Sync,
        note: fn(&Engine, StoreResult<T>) -> StoreResult<T>,
    ) -> Answered<T>
    where
        F: Future<Output = StoreResult<T>> + Send,
        T: Send,
    {
        let mut failures = 0;
        loop {
            match note(&self.engine, call().await) {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_passing() && self.may_still_ask() => {
                    failures += 1;
                    tokio::time::sleep(store_pause(failures)).await;
                }
                Err(error) => return Err(AskError::Unavailable { cause: error.to_string() }),
            }
        }
    }
}
