//! Lets tasks follow others: each run that ended in a round is looked at once, and whatever follows its task runs, is
//! skipped, or waits for its other upstreams. Only the node that fires does it; what the store holds makes it come out the
//! same however often it is done.

mod round;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_model::{
    Origin, Run, TaskDefinition, TaskName, Timestamp,
    after::{self, Following},
    verdict::{self, Circumstances},
};
use roundsman_store::{Follow, NewRun, Round, StoreResult, TaskRow};
use roundsman_telemetry::FollowerDecided;
use tokio::sync::Notify;

use self::round::RoundView;
use crate::{Engine, Service, Standing, engine::store_pause};

/// Polling is the truth, wake-ups are hints: runs may end on other nodes.
const RHYTHM: Duration = Duration::from_secs(2);
/// The most ended runs looked at in one go.
const BATCH: u32 = 200;

/// Lets tasks follow others.
pub struct Follower {
    engine: Arc<Engine>,
    failures: u32,
}

impl Follower {
    /// A follower of this engine's definitions.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, failures: 0 }
    }

    /// Looks at all runs that ended since the last time. Returns how many runs were recorded.
    pub async fn follow(&mut self) -> StoreResult<usize> {
        if !self.engine.standing().fires() {
            return Ok(0);
        }
        let mut recorded = 0;
        let (mut after, mut looked_at) = (None, 0);
        loop {
            let standing = self.engine.standing();
            if !standing.fires() {
                break;
            }
            let ended = self.engine.note_read(self.engine.store().unfollowed(after, BATCH).await)?;
            for count in self.batch(&ended, standing).await? {
                looked_at += 1;
                recorded += count;
            }
            if ended.len() == BATCH as usize {
                // Those that wait for others keep none behind them waiting.
                after = ended.last().map(|run| run.id);
            } else if looked_at > 0 {
                // Skipped followers have ended, and others may follow them.
                (after, looked_at) = (None, 0);
            } else {
                break;
            }
        }
        if recorded > 0 {
            self.engine.wake_dispatcher.notify_one();
        }
        Ok(recorded)
    }

    /// Looks at some ended runs. Returns how many runs were recorded for each of those that were decided.
    async fn batch(&self, ended: &[Run], standing: Standing) -> StoreResult<Vec<usize>> {
        let mut decided = Vec::new();
        if ended.is_empty() {
            return Ok(decided);
        }
        let rows = self.engine.note_read(self.engine.store().tasks().await)?;
        let definitions: HashMap<TaskName, Arc<TaskDefinition>> =
            self.engine.definitions().into_iter().map(|d| (d.name.clone(), d)).collect();
        let epoch = standing.epoch();
        let scene = Scene { engine: &self.engine, epoch, rows: &rows, definitions: &definitions };
        for run in ended {
            if self.engine.standing() != standing {
                break;
            }
            decided.extend(scene.after(run).await?);
        }
        Ok(decided)
    }
}

/// What is known while runs are looked at.
struct Scene<'a> {
    engine: &'a Arc<Engine>,
    /// Under which it is recorded.
    epoch: Option<i64>,
    rows: &'a [TaskRow],
    definitions: &'a HashMap<TaskName, Arc<TaskDefinition>>,
}

impl Scene<'_> {
    /// Decides what follows a run. Returns how many runs were recorded, or `None` if nothing could be decided.
    async fn after(&self, ended: &Run) -> StoreResult<Option<usize>> {
        let now = self.engine.now();
        let follow = match &ended.round {
            Some(round) => self.decide(ended, round, now).await?,
            None => Vec::new(),
        };
        if !follow.is_empty() && follow.iter().all(|step| matches!(step, Follow::Later(_))) {
            return Ok(None);
        }
        let recorded = self.engine.store().follow(ended.id, &follow, self.epoch, now).await;
        let Some(recorded) = self.engine.note_write(recorded)? else {
            if let Some(epoch) = self.epoch {
                self.engine.deposed(epoch);
            }
            return Ok(None);
        };
        for step in follow {
            let (run, skipped) = match &step {
                Follow::Run(run) => (run, None),
                Follow::Skip(run, why) => (run, Some(why.as_str())),
                Follow::Later(_) => continue,
            };
            let round = ended.round.as_deref().unwrap_or_default();
            FollowerDecided { task: &run.definition.name, round, skipped }.emit();
        }
        Ok(Some(recorded.len()))
    }

    async fn decide(&self, ended: &Run, round: &str, now: Timestamp) -> StoreResult<Vec<Follow>> {
        let mut follow = Vec::new();
        let followers: Vec<_> = self
            .definitions
            .values()
            .filter(|definition| definition.after.iter().any(|upstream| upstream.task == ended.task))
            .collect();
        if followers.is_empty() {
            return Ok(follow);
        }
        let view = RoundView::read(self.engine, round, &followers, self.definitions, self.rows).await?;
        for follower in followers.into_iter().filter(|follower| !view.has_run(&follower.name)) {
            match after::decide(&follower.after, |task| view.standing(task)) {
                Following::Wait if view.waits_for_a_slot(follower) => {
                    follow.push(Follow::Later(follower.name.clone()));
                }
                Following::Wait => {}
                Following::Run => follow.push(self.run(follower, ended, round, now)),
                Following::Skip(why) => {
                    follow.push(Follow::Skip(Box::new(new_run(follower, ended, round)), why));
                }
            }
        }
        Ok(follow)
    }

    /// A follower whose upstreams are all done runs, unless it is paused, blacked out or switched off just now.
    fn run(&self, follower: &TaskDefinition, ended: &Run, round: &str, now: Timestamp) -> Follow {
        let run = Box::new(new_run(follower, ended, round));
        let row = self.rows.iter().find(|row| row.definition.name == follower.name);
        let pauses = row.map_or(&[][..], |row| &row.pauses);
        let circumstances = Circumstances { definition: follower, pauses, outage: None, until: now, now };
        let verdict = verdict::decide(&circumstances, std::iter::once(now));
        match verdict.passed.into_iter().next() {
            Some(passed) => Follow::Skip(run, passed.detail.unwrap_or_else(|| passed.reason.to_string())),
            // A blackout that lets the last slot run afterwards: what follows cannot wait for that.
            None if verdict.run.iter().any(|due| due.not_before.is_some()) => {
                Follow::Skip(run, "blackout".to_owned())
            }
            None => Follow::Run(run),
        }
    }
}

fn new_run(follower: &TaskDefinition, ended: &Run, round: &str) -> NewRun {
    NewRun {
        definition: follower.clone(),
        slot: None,
        origin: Origin::After,
        requested_by: ended.requested_by.clone(),
        action: None,
        params: serde_json::Value::Null,
        // What follows a plan can only be a plan.
        dry_run: ended.dry_run,
        exclusive: true,
        round: Round::Of(round.to_owned()),
        rerun_of: None,
        inputs: Vec::new(),
    }
}

#[async_trait]
impl Service for Follower {
    fn name(&self) -> &'static str {
        "follow"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.engine.wake_follower.clone()
    }

    async fn run_once(&mut self) -> Duration {
        if self.follow().await.is_ok() {
            self.failures = 0;
            return RHYTHM;
        }
        self.failures += 1;
        store_pause(self.failures).max(RHYTHM)
    }
}
