//! Runs whose time for a first attempt is over. It gives up only what never started; a retry waits as long as its policy
//! lets it.

use std::collections::BTreeSet;

use roundsman_model::{HumanDuration, Reason, Run, RunId, RunState, Timestamp, Verdict};

use super::{Command, counters::Counts, runs, slots, waiting};
use crate::{
    Held,
    sql::{Outcome, Session, Statement, sql},
};

/// The most runs in one batch; whoever finds as many asks again.
const BATCH: u32 = 200;

/// Ends queued runs that can no longer start in time.
pub(crate) struct Expire {
    pub(crate) now: Timestamp,
}

impl Command for Expire {
    type Reply = Vec<Run>;
    const WHAT: &'static str = "give up runs that did not start in time";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Run>> {
        let text = sql!(
            "SELECT" RUN ", behind FROM runs WHERE ended_at IS NULL AND attempt = 0 AND start_by < $1
             ORDER BY start_by, id LIMIT $2" LOCKED_FREE
        );
        let rows = session.rows(Statement::new(text).bind(self.now).bind(BATCH)).await?;
        let held = waiting::explain(session, &rows, self.now).await?;
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let causes: Vec<_> = held.iter().map(|held| (held.run.id, cause(held))).collect();
        runs::end_unstarted(session, RunState::Failed, &causes, self.now).await?;
        let mut counts = Counts::default();
        for held in &held {
            counts.run_ended(&held.run.task, RunState::Failed);
        }
        let ids: Vec<RunId> = held.iter().map(|held| held.run.id).collect();
        let verdict = (Verdict::Missed, Reason::NotStarted);
        slots::judge_unstarted(session, &ids, verdict, &mut counts, self.now).await?;
        counts.write(session).await?;
        let ended = waiting::by_number(session, &ids.into_iter().collect::<BTreeSet<_>>()).await?;
        let mut ended: Vec<Run> = ended.into_values().collect();
        ended.sort_by_key(|run| run.id);
        Ok(ended)
    }
}

fn cause(held: &Held) -> String {
    let Held { run, by } = held;
    let within = run.start_by.and_then(|by| (by - run.due_at).to_std().ok()).unwrap_or_default();
    format!("not started within {}: it waited for {by}", HumanDuration(within))
}
