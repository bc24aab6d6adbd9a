//! What people asked for, as recorded. It carries nothing out: pausing is in `pauses`, stopping in `stop`.

use roundsman_model::{RunId, TaskName};

use super::Command;
use crate::{
    Control,
    sql::{Fault, Outcome, Row, Session, Statement},
};

/// Records what a person asked for.
pub(crate) struct NoteControl(pub(crate) Control);

impl Command for NoteControl {
    type Reply = ();
    const WHAT: &'static str = "record what a person asked for";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        note(session, &self.0).await
    }
}

/// Records a control. Whoever takes a number holds all numbers until its transaction ends, so this comes last in it.
pub(super) async fn note(session: &mut Session<'_>, control: &Control) -> Outcome<()> {
    let number =
        Statement::new("UPDATE numbers SET value = value + 1 WHERE name = 'control' RETURNING value");
    let row = session.row(number).await?;
    let row = row.ok_or_else(|| Fault::Unreadable("table numbers has no row for controls".to_owned()))?;
    let statement = Statement::new(
        "INSERT INTO controls (id, at, by_whom, what, task, run, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let statement = statement
        .bind(row.int("value")?)
        .bind(control.at)
        .bind(control.by.as_str())
        .bind(control.what.as_str())
        .bind(control.task.as_ref().map(AsRef::as_ref))
        .bind(control.run.map(|run| run.0))
        .bind(control.detail.as_deref());
    session.execute(statement).await.map(drop)
}

/// Lists what people asked for, newest first.
pub(crate) struct Controls {
    pub(crate) task: Option<TaskName>,
    pub(crate) limit: u32,
}

impl Command for Controls {
    type Reply = Vec<Control>;
    const WHAT: &'static str = "list what people asked for";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Control>> {
        let statement = match &self.task {
            Some(task) => Statement::new(
                "SELECT at, by_whom, what, task, run, detail FROM controls WHERE task = $2
                 ORDER BY id DESC LIMIT $1",
            )
            .bind(self.limit)
            .bind(task.as_str()),
            None => Statement::new(
                "SELECT at, by_whom, what, task, run, detail FROM controls ORDER BY id DESC LIMIT $1",
            )
            .bind(self.limit),
        };
        session.rows(statement).await?.iter().map(control).collect()
    }
}

fn control(row: &Row) -> Outcome<Control> {
    Ok(Control {
        at: row.at("at")?,
        by: row.text("by_whom")?,
        what: row.text("what")?,
        task: row.name_or_none("task")?,
        run: row.get::<Option<i64>>("run")?.map(RunId),
        detail: row.get("detail")?,
    })
}
