//! Pausing and resuming: a person's word, kept as rows with a beginning and an end. What a pause means for a slot is
//! decided in `model`; here it only makes sure that nothing is fired that was decided before it.

use roundsman_model::{Pause, TaskName, Timestamp};

use super::{Command, controls, tasks};
use crate::{
    Control,
    sql::{Outcome, Session, Statement},
};

/// Pauses a task.
pub(crate) struct PauseTask {
    pub(crate) task: TaskName,
    pub(crate) pause: Pause,
}

impl Command for PauseTask {
    type Reply = bool;
    const WHAT: &'static str = "pause the task";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<bool> {
        if !tasks::revise(session, &self.task).await? {
            return Ok(false);
        }
        let Pause { from, until, by, reason } = &self.pause;
        let statement = Statement::new(
            "UPDATE pauses SET until_at = $2
             WHERE task = $1 AND from_at < $2 AND (until_at IS NULL OR until_at > $2)",
        );
        session.execute(statement.bind(self.task.as_str()).bind(*from)).await?;
        let statement = Statement::new(
            "INSERT INTO pauses (task, from_at, until_at, by_whom, reason) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (task, from_at) DO UPDATE SET until_at = excluded.until_at, by_whom = excluded.by_whom,
                reason = excluded.reason, resumed_by = NULL",
        );
        let statement = statement
            .bind(self.task.as_str())
            .bind(*from)
            .bind(*until)
            .bind(by.as_str())
            .bind(reason.as_deref());
        session.execute(statement).await?;
        controls::note(session, &self.control()).await?;
        Ok(true)
    }
}

impl PauseTask {
    fn control(&self) -> Control {
        let until = self.pause.until.map(|until| until.format("until %Y-%m-%dT%H:%M:%SZ").to_string());
        let said: Vec<String> = self.pause.reason.iter().cloned().chain(until).collect();
        control(&self.task, "pause", &self.pause.by, self.pause.from, said.join(", "))
    }
}

fn control(task: &TaskName, what: &str, by: &str, at: Timestamp, detail: String) -> Control {
    Control {
        at,
        by: by.to_owned(),
        what: what.to_owned(),
        task: Some(task.clone()),
        run: None,
        detail: Some(detail).filter(|detail| !detail.is_empty()),
    }
}

/// Ends a task's pause.
pub(crate) struct Resume {
    pub(crate) task: TaskName,
    pub(crate) by: String,
    pub(crate) now: Timestamp,
}

impl Command for Resume {
    type Reply = bool;
    const WHAT: &'static str = "resume the task";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<bool> {
        // The task first: whoever holds it decides or writes slots.
        if !tasks::lock(session, &self.task).await? {
            return Ok(false);
        }
        // A pause of a clock that was ahead has not begun yet; it never will.
        let statement = Statement::new(
            "UPDATE pauses SET until_at = CASE WHEN from_at > $2 THEN from_at ELSE $2 END, resumed_by = $3
             WHERE task = $1 AND (until_at IS NULL OR until_at > $2)",
        );
        let statement = statement.bind(self.task.as_str()).bind(self.now).bind(self.by.as_str());
        if session.execute(statement).await? == 0 {
            return Ok(false);
        }
        tasks::revise(session, &self.task).await?;
        controls::note(session, &control(&self.task, "resume", &self.by, self.now, String::new())).await?;
        Ok(true)
    }
}
