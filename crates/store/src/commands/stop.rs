//! Stopping runs: what has not started ends at once, what runs gets an order that its node carries out. It ends no
//! process and waits for none.

use roundsman_model::{Reason, RunId, RunState, StopOrder, TaskName, Verdict};

use super::{Command, controls, counters::Counts, runs, slots};
use crate::{
    Control, Holder, Stopped,
    sql::{Fault, Outcome, Row, Rows, Session, Statement, Value, sql},
};

/// Asks for the end of a run.
pub(crate) struct Stop {
    pub(crate) run: RunId,
    pub(crate) order: StopOrder,
}

impl Command for Stop {
    type Reply = Stopped;
    const WHAT: &'static str = "stop the run";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Stopped> {
        let statement = Statement::new(sql!("SELECT task, state, node, boot FROM runs WHERE id = $1" LOCKED));
        let Some(row) = session.row(statement.bind(self.run.0)).await? else {
            return Ok(Stopped::Unknown);
        };
        let (task, state) = (row.name("task")?, row.word::<RunState>("state")?);
        let stopped = match state {
            RunState::Running => {
                give_orders(session, &[(self.run, self.order.clone())]).await?;
                Stopped::Asked(Holder { node: row.node()?, boot: row.boot()? })
            }
            state if state.is_active() => {
                self.end(session, &task).await?;
                Stopped::Ended
            }
            over => return Ok(Stopped::Over(over)),
        };
        controls::note(session, &self.control(task)).await?;
        Ok(stopped)
    }
}

impl Stop {
    /// Ends a run that is queued or waits.
    async fn end(&self, session: &mut Session<'_>, task: &TaskName) -> Outcome<()> {
        let (now, words) = (self.order.at, self.order.to_string());
        runs::end_unstarted(session, RunState::Cancelled, &[(self.run, words.clone())], now).await?;
        let mut counts = Counts::default();
        counts.run_ended(task, RunState::Cancelled);
        let verdict = (Verdict::Skipped, Reason::Cancelled);
        slots::judge_stopped(session, self.run, verdict, &words, &mut counts, now).await?;
        counts.write(session).await
    }

    fn control(&self, task: TaskName) -> Control {
        Control {
            at: self.order.at,
            by: self.order.by.clone(),
            what: "cancel".to_owned(),
            task: Some(task),
            run: Some(self.run),
            detail: self.order.reason.clone(),
        }
    }
}

/// Gives running runs the order to stop; a run that has one keeps it. A run that ended meanwhile needs none; if one waits
/// for its next attempt meanwhile, all is to be done again.
pub(super) async fn give_orders(session: &mut Session<'_>, orders: &[(RunId, StopOrder)]) -> Outcome<()> {
    if orders.is_empty() {
        return Ok(());
    }
    let rows = Rows::of(orders, |(run, order)| {
        let order = serde_json::to_string(order).expect("an order is always representable as JSON");
        [run.0.into(), order.into()]
    });
    let rows: Value = rows.into();
    // Locked in the order in which heartbeats lock them; those that ended are not even touched.
    let text = sql!(
        "SELECT state FROM runs WHERE ended_at IS NULL AND id IN (SELECT CAST(e.value->>0 AS BIGINT) FROM" ROWS ")
         ORDER BY id" LOCKED
    );
    for row in session.rows(Statement::new(text).bind(rows.clone())).await? {
        if row.word::<RunState>("state")? != RunState::Running {
            return Err(Fault::Raced);
        }
    }
    let text = sql!(
        "UPDATE runs SET stop = COALESCE(runs.stop, e.value->>1) FROM" ROWS
        "WHERE runs.id = CAST(e.value->>0 AS BIGINT) AND runs.state = 'running'"
    );
    session.execute(Statement::new(text).bind(rows)).await.map(drop)
}

/// Lists the running runs of a boot that are to stop.
pub(crate) struct StopOrders {
    pub(crate) me: Holder,
}

impl Command for StopOrders {
    type Reply = Vec<(RunId, StopOrder)>;
    const WHAT: &'static str = "look for runs that are to stop";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Self::Reply> {
        let statement = Statement::new(
            "SELECT id, stop FROM runs
             WHERE ended_at IS NULL AND state = 'running' AND stop IS NOT NULL AND node = $1 AND boot = $2 ORDER BY id",
        );
        let statement = statement.bind(self.me.node.as_str()).bind(self.me.boot.as_str());
        session.rows(statement).await?.iter().map(order).collect()
    }
}

fn order(row: &Row) -> Outcome<(RunId, StopOrder)> {
    Ok((row.run("id")?, row.json("stop")?))
}
